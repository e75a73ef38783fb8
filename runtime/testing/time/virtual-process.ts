/** One process in virtual time: it can be busy, stopped for a while as by SIGSTOP, and killed at any await. */
import type { Timing } from '../../kafka/timing.ts'
import type { Endpoint } from './scheduler.ts'
import type { Random } from './random.ts'
import type { VirtualClock } from './virtual-clock.ts'

export class VirtualProcess implements Endpoint {
  readonly name: string
  readonly timing: Timing
  readonly #clock: VirtualClock
  readonly #random: Random
  /** What would happen, had it not been stopped. In order. */
  #held: (() => void)[] | null = null
  #killed = false
  /** Until when it is busy with what it began: nothing else happens in it meanwhile. */
  #busyUntil = 0

  /** Programs look at the time to bound what they do in one go: `lookMs` is what they have done between two looks. */
  constructor(name: string, clock: VirtualClock, random: Random, lookMs = 0) {
    this.name = name
    this.#clock = clock
    this.#random = random
    this.timing = {
      now: () => {
        this.spend(lookMs)
        return this.now()
      },
      sleep: (ms, signal) => this.#sleep(ms, signal),
      turn: () => this.#sleep(this.#random.between(0.01, 0.5)),
    }
  }

  get alive(): boolean {
    return !this.#killed
  }

  get stopped(): boolean {
    return this.#held !== null
  }

  /** The time as the process sees it. */
  now(): number {
    return Math.max(this.#clock.now(), this.#busyUntil)
  }

  /** What it does at the moment takes so long. To be called by the code that runs in it: a slow function of the user's, a long computation. */
  spend(ms: number): void {
    this.#busyUntil = this.now() + ms
  }

  deliver(ms: number, work: () => void): void {
    if (!this.#killed) this.#clock.after(ms, () => this.#happen(work))
  }

  /** Stops it, as SIGSTOP does: time goes on around it. */
  stop(): void {
    this.#held ??= []
  }

  /** Goes on: all that has become due meanwhile happens at once, in order. */
  resume(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const work of held) this.#clock.after(0, () => this.#happen(work))
  }

  /** Nothing happens in it any more. */
  kill(): void {
    this.#killed = true
    this.#held = null
  }

  #happen(work: () => void): void {
    if (this.#killed) return
    if (this.#held !== null) this.#held.push(work)
    else if (this.#busyUntil > this.#clock.now()) this.#clock.after(this.#busyUntil - this.#clock.now(), () => this.#happen(work))
    else work()
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const done = (): void => {
        signal?.removeEventListener('abort', done)
        resolve()
      }
      // From when it is asked for, not from when what runs now will be over.
      this.deliver(this.now() - this.#clock.now() + ms, done)
      signal?.addEventListener('abort', done)
    })
  }
}
