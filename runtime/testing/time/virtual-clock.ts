/**
 * Virtual time: everything that is to happen stands in one queue, and the clock jumps from one thing to the next. With one seed a run takes the same course
 * every time, as long as nothing in it looks at the system's clock or waits for the system.
 */
import type { Scheduler } from './scheduler.ts'

interface Due {
  readonly at: number
  /** Breaks ties: first come, first served. */
  readonly number: number
  readonly work: () => void
  cancelled: boolean
}

export class VirtualClock implements Scheduler {
  #now = 0
  #number = 0
  readonly #queue: Due[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, work: () => void): () => void {
    const due: Due = { at: this.#now + Math.max(0, ms), number: this.#number++, work, cancelled: false }
    this.#push(due)
    return () => void (due.cancelled = true)
  }

  /** How many things have been put into the queue; where two runs of a seed differ, this differs soon. */
  get scheduled(): number {
    return this.#number
  }

  /**
   * Lets things happen until `done` says so, asked before each, or until nothing is left to happen: false. Each is followed by all promise reactions that it
   * leads to before the next begins.
   */
  async run(done: () => boolean): Promise<boolean> {
    // What was begun before goes as far as it can without time.
    await new Promise(setImmediate)
    while (!done()) {
      const due = this.#pop()
      if (due === undefined) return false
      if (due.cancelled) continue
      this.#now = due.at
      due.work()
      await new Promise(setImmediate)
    }
    return true
  }

  #push(due: Due): void {
    const queue = this.#queue
    let at = queue.length
    queue.push(due)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(due, queue[parent]!)) break
      queue[at] = queue[parent]!
      at = parent
    }
    queue[at] = due
  }

  #pop(): Due | undefined {
    const queue = this.#queue
    const first = queue[0]
    const last = queue.pop()
    if (first === undefined || last === undefined || queue.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= queue.length) break
      if (child + 1 < queue.length && isBefore(queue[child + 1]!, queue[child]!)) child++
      if (!isBefore(queue[child]!, last)) break
      queue[at] = queue[child]!
      at = child
    }
    queue[at] = last
    return first
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number)
}
