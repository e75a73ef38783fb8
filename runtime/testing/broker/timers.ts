import type { Scheduler } from '../time/scheduler.ts'

/** What a cluster has yet to do; disposed of, it does none of it, so that nothing of it keeps a program from ending. */
export class Timers implements Scheduler, Disposable {
  readonly #scheduler: Scheduler
  readonly #waiting = new Set<() => void>()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  now(): number {
    return this.#scheduler.now()
  }

  after(ms: number, work: () => void): () => void {
    const cancel = this.#scheduler.after(ms, () => {
      this.#waiting.delete(callOff)
      work()
    })
    const callOff = (): void => {
      this.#waiting.delete(callOff)
      cancel()
    }
    this.#waiting.add(callOff)
    return callOff
  }

  [Symbol.dispose](): void {
    for (const callOff of this.#waiting) callOff()
  }
}
