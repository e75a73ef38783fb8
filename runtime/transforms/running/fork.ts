import type { ChainContext, Push, StretchEnd } from '../chain.ts'

/** Where the values go that pass through a transform: what takes them on, and where that ends. */
export interface Onwards {
  readonly push: Push
  readonly end: StretchEnd
}

/**
 * Sends each value to several branches, one after the other, as it came. They stand or fall together: no branch has its effects before the record has come
 * through all of them.
 */
export function fork(branches: readonly Onwards[], context: ChainContext): Onwards {
  const [only] = branches
  if (only !== undefined && branches.length === 1) return only
  const { record } = context
  const pushes = branches.map(({ push }) => push)
  const push: Push = (value) => {
    const { timestamp } = record
    for (const next of pushes) {
      record.timestamp = timestamp
      next(value)
    }
  }
  return joint(push, branches, context)
}

/** What hands values to several branches, with the ends of all of them as one. */
export function joint(push: Push, branches: readonly Onwards[], { record }: ChainContext): Onwards {
  const ends = branches.map(({ end }) => end)
  const end: StretchEnd = {
    push,
    apply: () => {
      const { timestamp, keyBytes, keyStart, keyEnd } = record
      for (const one of ends) {
        // Results of the branch before may stand in the place of the record.
        record.moveToKey(keyBytes, keyStart, keyEnd, timestamp)
        one.apply()
      }
    },
    discard: () => {
      for (const one of ends) one.discard()
    },
  }
  return { push, end }
}
