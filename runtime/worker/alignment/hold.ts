/** Whether the partition of a task waits for others, and for how long it has. */
import type { WorkerStatus } from '../../protocol.ts'

export type HeldBack = NonNullable<WorkerStatus['tasks'][number]['heldBack']>

export class Hold {
  /** How far it may be ahead. Milliseconds of event time. */
  readonly maxDriftMs: number
  #paused = false
  #heldBack: HeldBack | null = null
  #heldMs = 0
  #lookedAt = 0

  constructor(maxDriftMs: number) {
    this.maxDriftMs = maxDriftMs
  }

  /** Whether it is too far ahead for anything to be read. */
  get paused(): boolean {
    return this.#paused
  }

  /** Null: it goes on, or has nothing that it could go on with. */
  get heldBack(): HeldBack | null {
    return this.#heldBack
  }

  /** For how long it was held back altogether, as of the last look. Milliseconds. */
  get heldMs(): number {
    return this.#heldMs
  }

  /** `waitsFor`: the task that is furthest behind; null: it need not wait. `unread`: whether there is anything to be read. `now`: monotonic ms; `clock`: epoch ms. */
  look(waitsFor: string | null, unread: boolean, now: number, clock: number): void {
    if (this.#heldBack !== null) this.#heldMs += now - this.#lookedAt
    this.#lookedAt = now
    this.#paused = waitsFor !== null
    if (waitsFor === null || !unread) this.#heldBack = null
    else if (this.#heldBack?.waitsFor !== waitsFor) this.#heldBack = { since: this.#heldBack?.since ?? clock, waitsFor }
  }
}
