import { type Clock, sleep } from '../clock.ts'

/** A bucket that holds up to `burst` tokens and gains `perSecond` of them. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(options: { perSecond: number; burst: number; clock: Clock }) {
    this.#clock = options.clock
    this.#perMs = options.perSecond / 1_000
    this.#burst = options.burst
    this.#tokens = options.burst
    this.#at = options.clock.monotonic()
  }

  /** Takes a token if there is one. */
  tryTake(): boolean {
    this.#refill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Takes a token, waiting for it in turn; an aborted wait gives its place back. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#refill()
    this.#tokens -= 1
    if (this.#tokens >= 0) return
    try {
      // A debt: those who came earlier owe less and so wait for less.
      await sleep(this.#clock, -this.#tokens / this.#perMs, signal)
    } catch (error) {
      this.#tokens += 1
      throw error
    }
  }

  #refill(): void {
    const now = this.#clock.monotonic()
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs)
    this.#at = now
  }
}

/** What grows with each failure in a row: `base * 2^failures` up to `cap`, less up to a quarter by chance so that retries spread. */
export function backoffMs(failures: number, bounds: { readonly baseMs: number; readonly capMs: number }, random: () => number): number {
  const full = Math.min(bounds.capMs, bounds.baseMs * 2 ** Math.min(failures, 60))
  return full * (1 - 0.25 * random())
}
