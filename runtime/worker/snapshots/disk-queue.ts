/** What is to be done on a volume, one after the other, without anybody waiting for it: a bound in bytes holds writers up, and a disk that stands still is noticed. */

interface Job {
  readonly owner: object
  readonly bytes: number
  readonly work: () => Promise<void>
  readonly failed: (error: unknown) => void
}

export class DiskQueue {
  readonly #now: () => number
  readonly #waiting: Job[] = []
  #running: Job | null = null
  /** When the last job ended, or the first began behind an empty queue. */
  #movedAt = 0
  #bytes = 0
  #moved = Promise.withResolvers<void>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Held in memory until it is written. */
  get bytes(): number {
    return this.#bytes
  }

  get idle(): boolean {
    return this.#running === null
  }

  /** For how long nothing has ended although something is to be done. Milliseconds. */
  get stalledMs(): number {
    return this.idle ? 0 : this.#now() - this.#movedAt
  }

  /** Resolves when the next job has ended. */
  get moved(): Promise<void> {
    return this.#moved.promise
  }

  /** `failed` is told what the work threw. */
  add(owner: object, bytes: number, work: () => Promise<void>, failed: (error: unknown) => void): void {
    this.#bytes += bytes
    this.#waiting.push({ owner, bytes, work, failed })
    if (this.#running !== null) return
    this.#movedAt = this.#now()
    void this.#run()
  }

  /** Forgets what has not begun yet. */
  drop(owner: object): void {
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const job = this.#waiting[i]!
      if (job.owner !== owner) continue
      this.#waiting.splice(i, 1)
      this.#bytes -= job.bytes
    }
  }

  async #run(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      this.#running = job
      try {
        await job.work()
      } catch (error) {
        job.failed(error)
      }
      this.#bytes -= job.bytes
      this.#movedAt = this.#now()
      this.#running = null
      this.#moved.resolve()
      this.#moved = Promise.withResolvers<void>()
    }
  }
}
