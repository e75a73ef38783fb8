import type { KeyTimers } from '../../plan/nodes/process.ts'
import { longestName } from '../../time/timers.ts'
import type { Timers } from '../../time/timers.ts'
import type { Journal } from './journal.ts'
import type { KeyScope } from './key-scope.ts'

/** The timers of the key in work, as the author's functions see them. */
export class RecordTimers implements KeyTimers {
  /** Only later timers may be set: that of the timer in work, so that timers come to an end. */
  after = -Infinity
  /** Told of every timer that a record sets. */
  onSet: ((timestamp: number) => void) | null = null
  readonly #timers: Timers
  readonly #scope: KeyScope
  readonly #journal: Journal
  readonly #canFire: boolean

  constructor(timers: Timers, scope: KeyScope, journal: Journal, canFire: boolean) {
    this.#timers = timers
    this.#scope = scope
    this.#journal = journal
    this.#canFire = canFire
  }

  set(timestamp: number, name = ''): void {
    const { key } = this.#scope
    if (!this.#canFire) throw new TypeError('a timer needs event time, and an onTimer that it calls')
    const bytes = nameBytes(name)
    if (!Number.isSafeInteger(timestamp)) throw new TypeError(`a timer is set for whole epoch milliseconds, not ${String(timestamp)}`)
    if (timestamp <= this.after) throw new RangeError(`onTimer may set later timers only: ${timestamp} is not later than ${this.after}`)
    const timers = this.#timers
    if (timers.set(timestamp, bytes, key)) this.#journal.did(() => void timers.delete(timestamp, bytes, key))
    if (this.after === -Infinity) this.onSet?.(timestamp)
  }

  delete(timestamp: number, name = ''): void {
    const { key } = this.#scope
    const bytes = nameBytes(name)
    const timers = this.#timers
    if (timers.delete(timestamp, bytes, key)) this.#journal.did(() => void timers.set(timestamp, bytes, key))
  }
}

function nameBytes(name: unknown): Buffer {
  if (typeof name !== 'string') throw new TypeError('the name of a timer is text')
  const bytes = Buffer.from(name)
  if (bytes.length > longestName) throw new RangeError(`the name of a timer has at most ${longestName} bytes`)
  return bytes
}
