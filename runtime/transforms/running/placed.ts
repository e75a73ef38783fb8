import type { Stateful } from '../stateful.ts'

/** What keeps state, in its place in a stage: the watermark comes to it from what is above it on its way. */
export interface Placed {
  readonly window: Stateful
  /** Null: nothing keeps state before it. */
  readonly above: Placed | null
  /** Records have a time here; other branches of the stage may have one where this has none. */
  readonly timed: boolean
}

/** The watermark that comes to it, where the stage's is this one. */
export function watermarkAt({ above, timed }: Placed, ofStage: number): number {
  if (!timed) return -Infinity
  // Where records get their time behind what keeps state, that has nothing to say of it.
  return above?.timed ? above.window.forwarded : ofStage
}

/** By how much those above it hold the watermark back, ms. */
export function heldAbove({ above }: Placed): number {
  let held = 0
  for (let one = above; one !== null; one = one.above) held += one.window.latenessMs
  return held
}
