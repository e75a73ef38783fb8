import { RecordRejected } from '../chain.ts'
import type { Push, StretchEnd } from '../chain.ts'

/** The part of a chain between a window and the next, or the sink: what runs, and has its effects, as one for each value that enters it. */
export class Stretch {
  readonly #entry: Push
  readonly #end: StretchEnd

  constructor(entry: Push, end: StretchEnd) {
    this.#entry = entry
    this.#end = end
  }

  /** Runs a value through, effects included. What was wrong with it, if anything; then it had none. */
  run(value: unknown): RecordRejected | null {
    try {
      this.#entry(value)
    } catch (error) {
      this.#end.discard()
      if (error instanceof RecordRejected) return error
      throw error
    }
    try {
      this.#end.apply()
    } catch (error) {
      // What of it is still to be undone belongs to the rows as they are now, not as they will be after a rollback.
      this.#end.discard()
      throw error
    }
    return null
  }

  /** Forgets a value that an error of the task stopped half way. */
  discard(): void {
    this.#end.discard()
  }
}
