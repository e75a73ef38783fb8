/** How much a task may do in one go: slices of about the same time, whatever a record costs. */
import type { Task } from './tasks/task.ts'

/** How long a slice may take before the event loop gets its turn. Milliseconds. */
const sliceMs = 10
/** How long the records take that are processed between two looks at the clock. Milliseconds. */
const chunkMs = 2
/** More are never processed without a look at the clock: functions that were quick may turn slow. */
const mostRecords = 128

export class Pace {
  readonly #now: () => number
  /** The first records tell what one costs. */
  #records = 1

  constructor(now: () => number) {
    this.#now = now
  }

  /** Lets the task work until its slice of time is used up, it has nothing at hand, or `full` says so. Returns the time it took, in milliseconds. */
  slice(task: Pick<Task, 'work' | 'busy'>, full: () => boolean): number {
    const started = this.#now()
    let at = started
    do {
      const done = task.work(this.#records)
      const now = this.#now()
      this.#adapt(done, now - at)
      at = now
    } while (at - started < sliceMs && task.busy && !full())
    return at - started
  }

  #adapt(done: number, elapsed: number): void {
    if (done === 0 || (done < this.#records && elapsed < chunkMs)) return
    const wanted = Math.floor(Math.min(2 * this.#records, (done * chunkMs) / Math.max(elapsed, 0.001)))
    this.#records = Math.max(1, Math.min(mostRecords, wanted))
  }
}
