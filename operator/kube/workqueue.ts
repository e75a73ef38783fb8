import type { Clock } from '../clock.ts'
import { backoffMs } from './rate.ts'
import type { Key } from './resources.ts'

export interface QueueOptions {
  readonly clock: Clock
  readonly random: () => number
  /** First and longest pause after failures in a row. Default 5 ms and 5 min. */
  readonly backoff?: { readonly baseMs: number; readonly capMs: number }
}

/** A key that somebody took, and how long it had waited. */
export interface Taken {
  readonly key: Key
  readonly waitedMs: number
}

/**
 * Keys that want work, each at most once, in the order of their coming. A key that is being worked on is not given out a second time;
 * added meanwhile, it comes once more when that work is done. So each `add` is followed by a whole run that begins after it.
 */
export class WorkQueue {
  readonly #options: QueueOptions
  /** Keys that wait, with the time they came; a Map keeps their order. */
  readonly #waiting = new Map<Key, number>()
  readonly #working = new Set<Key>()
  /** Keys that were added while being worked on. */
  readonly #again = new Set<Key>()
  readonly #delayed = new Map<Key, { readonly at: number; readonly cancel: () => void }>()
  readonly #failures = new Map<Key, number>()
  readonly #takers: ((taken: Taken) => void)[] = []
  #closed = false

  constructor(options: QueueOptions) {
    this.#options = options
  }

  /** Keys that could be taken now. */
  get depth(): number {
    return this.#waiting.size
  }

  add(key: Key): void {
    if (this.#closed) return
    if (this.#working.has(key)) {
      this.#again.add(key)
      return
    }
    if (this.#waiting.has(key)) return
    this.#waiting.set(key, this.#options.clock.monotonic())
    this.#hand()
  }

  /** Adds the key when the time has passed; of several, the earliest counts. */
  addAfter(key: Key, milliseconds: number): void {
    if (this.#closed) return
    if (milliseconds <= 0) {
      this.add(key)
      return
    }
    const at = this.#options.clock.monotonic() + milliseconds
    const known = this.#delayed.get(key)
    if (known !== undefined && known.at <= at) return
    known?.cancel()
    const cancel = this.#options.clock.after(milliseconds, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { at, cancel })
  }

  /** Adds the key after a pause that grows with each call until `forget`, and is at least `atLeastMs`; returns the pause. */
  retry(key: Key, atLeastMs = 0): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    const pause = Math.max(atLeastMs, backoffMs(failures, this.#options.backoff ?? { baseMs: 5, capMs: 300_000 }, this.#options.random))
    this.addAfter(key, pause)
    return pause
  }

  /** The next failure of the key counts as its first. */
  forget(key: Key): void {
    this.#failures.delete(key)
  }

  failures(key: Key): number {
    return this.#failures.get(key) ?? 0
  }

  /** The next key; whoever takes it must call `done`. Rejects when the signal is aborted. */
  take(signal: AbortSignal): Promise<Taken> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const taker = (taken: Taken): void => {
        signal.removeEventListener('abort', onAbort)
        resolve(taken)
      }
      const onAbort = (): void => {
        this.#takers.splice(this.#takers.indexOf(taker), 1)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#takers.push(taker)
      this.#hand()
    })
  }

  /** The work on a taken key has ended, well or badly. */
  done(key: Key): void {
    this.#working.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  /** Takes no more keys and forgets the delayed ones. */
  close(): void {
    this.#closed = true
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    this.#waiting.clear()
    this.#again.clear()
  }

  #hand(): void {
    while (this.#takers.length > 0) {
      const next = this.#waiting.entries().next()
      if (next.done === true) return
      const [key, since] = next.value
      this.#waiting.delete(key)
      this.#working.add(key)
      this.#takers.shift()?.({ key, waitedMs: this.#options.clock.monotonic() - since })
    }
  }
}
