import type { Plan } from '../plan/nodes.ts'
import { programError } from '../plan/problems.ts'
import { draftOf, finishDraft, joinDrafts, type Draft } from './draft.ts'

/**
 * A program with several ends, each what a `.to(...)` gives: `export default job(big.to(...), small.to(...))`. What their streams have in common is there once: its
 * records are read once, and all that comes of one record is written in one transaction. Throws with everything that is wrong with the program.
 */
export function job(...ends: readonly [Plan, ...Plan[]]): Plan {
  const problems = ends.flatMap((end, index) => {
    // Untyped code may give anything.
    const found = draftOf(end)
    return found === null ? [{ kind: 'invalid', path: `job(...)[${index}]`, message: noEnd } as const] : []
  })
  if (problems.length > 0) throw programError(problems)
  const drafts = ends.map(draftOf).filter((draft): draft is Draft => draft !== null)
  return finishDraft(joinDrafts(drafts).draft)
}

const noEnd = 'it ends nowhere: job takes what .to(kafka({ topic })) gives'
