import type { Timers } from '../../time/timers.ts'
import type { Timer } from '../../time/timers.ts'
import type { Journal } from './journal.ts'

/**
 * When state is looked at, to remove what has expired: by timers of the process function's own, named by cell and by what of it is meant. An expired value is
 * not seen even where it still is, so these times are rounded up, by at most a 64th of the time to live: then there are few of them.
 */
export class Expiry {
  readonly #timers: Timers
  readonly #journal: Journal

  constructor(timers: Timers, journal: Journal) {
    this.#timers = timers
    this.#journal = journal
  }

  at(timestamp: number, ttlMs: number, cell: string, detail: Uint8Array, key: Buffer): void {
    const timers = this.#timers
    const grain = Math.max(1, Math.floor(ttlMs / 64))
    const at = Math.ceil(timestamp / grain) * grain
    const cellName = Buffer.from(cell)
    const name = Buffer.concat([Buffer.of(cellName.length), cellName, detail])
    if (timers.set(at, name, key)) this.#journal.did(() => void timers.delete(at, name, key))
  }
}

/** What a timer of an expiry is about. */
export function expiryOf({ name }: Timer): { readonly cell: string; readonly detail: Buffer } {
  const end = 1 + name[0]!
  return { cell: name.toString('utf8', 1, end), detail: name.subarray(end) }
}
