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

/** How many things happen between two looks for events of the system. */
const stepsPerTurn = 64

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
  run(done: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let ended = false
      let left = 0
      const end = (settle: () => void): void => {
        ended = true
        settle()
      }
      const step = (): void => {
        if (ended) return
        try {
          if (done()) return end(() => resolve(true))
          const due = this.#popDue()
          if (due === undefined) return end(() => resolve(false))
          this.#now = due.at
          due.work()
        } catch (error) {
          return end(() => reject(error as Error))
        }
        if (--left === 0) steps()
      }
      // Node lets promise reactions run between two immediates, and looks for events of the system only behind all that were there: that look costs more.
      const steps = (): void => {
        for (left = 0; left < stepsPerTurn; left++) setImmediate(step)
      }
      steps()
    })
  }

  #popDue(): Due | undefined {
    for (;;) {
      const due = this.#pop()
      if (due === undefined || !due.cancelled) return due
    }
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
