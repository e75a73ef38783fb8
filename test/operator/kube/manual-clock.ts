import type { Clock } from '../../../operator/clock.ts'

/** A clock that stands still until it is moved; timers run in the order of their time, and later ones see earlier ones done. */
export class ManualClock implements Clock {
  #now = 0
  #timers: { readonly at: number; readonly action: () => void }[] = []

  now(): number {
    return 1_800_000_000_000 + this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(milliseconds: number, action: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, milliseconds), action }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Timers that have not run. */
  get pending(): number {
    return this.#timers.length
  }

  /** How far away the next timer is; Infinity when there is none. */
  get untilNext(): number {
    return Math.max(0, Math.min(...this.#timers.map((timer) => timer.at)) - this.#now)
  }

  /** Moves time; whatever was waiting for it runs, and what follows from that without more time. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds
    await settle()
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#now = Math.max(this.#now, next.at)
      this.#timers = this.#timers.filter((timer) => timer !== next)
      next.action()
      await settle()
    }
    this.#now = until
  }
}

/** Lets promises that are ready go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  await new Promise<void>((resolve) => setImmediate(resolve))
}
