/** Chance that a seed repeats. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** In [from, to). */
  between(from: number, to: number): number
  /** A whole number in [0, below). */
  below(below: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  /** Throws a RangeError for an empty list. */
  pick<T>(from: readonly T[]): T
  /** Another sequence: what draws from it does not disturb this one, nor the other way round. */
  fork(): Random
}

/** The same sequence for the same seed. Mixes as splitmix32 does. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    next,
    below,
    between: (from, to) => from + next() * (to - from),
    chance: (probability) => next() < probability,
    pick: (from) => {
      if (from.length === 0) throw new RangeError('there is nothing to pick from')
      return from[below(from.length)]!
    },
    fork: () => seededRandom(Math.floor(next() * 0x1_0000_0000)),
  }
}
