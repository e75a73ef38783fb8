import type { Emission } from '../../plan/nodes/windows.ts'
import type { RowId, StateTable } from '../../state/store.ts'
import type { Slice } from '../chain.ts'
import type { SessionDirectory } from './session-directory.ts'
import { timerBytes, type SessionEnds } from './session-ends.ts'
import type { SessionResults } from './session-results.ts'

export interface SessionFiringsOptions {
  readonly emission: Emission
  readonly directory: SessionDirectory
  readonly results: SessionResults
  readonly slice: Slice
  /** Of results on time; null: there are none. */
  readonly ends: SessionEnds | null
  /** The chunks of keys with pieces that have changed; null: there are no early results. */
  readonly changed: StateTable | null
}

/**
 * The results that sessions give before they are closed: early, on time and late, as those of other windows (firings.ts). What a session holds is merged into
 * one row first, which may be cut and taken up again; its result, and that it has fired, are one step. So what is left of a firing are the timers that are due
 * and the pieces that have changed.
 */
export class SessionFirings {
  readonly #options: SessionFiringsOptions
  readonly #earlyMs: number
  /** The multiple of the interval up to which early firings are through; -Infinity before the first watermark. */
  #earlyUpTo = -Infinity

  constructor(options: SessionFiringsOptions) {
    this.#options = options
    this.#earlyMs = options.emission.earlyMs ?? Infinity
  }

  /** The rows have changed by records of these times. A session that is over fires. */
  apply(timestamps: ReadonlySet<number>, watermark: number, key: Buffer): void {
    const { directory, ends, results } = this.#options
    if (ends === null) return
    for (const timestamp of timestamps) {
      const place = directory.find(timestamp, key)
      // Another value of the record may have been in the same session.
      if (!place?.piece.changed || directory.endOf(place) - 1 > watermark) continue
      const tail = directory.tailOf(place, key)
      if (directory.endOf(tail) - 1 <= watermark) results.send(tail, key, 'late', false)
    }
  }

  /** Fires what is over at this watermark, in the order of the ends. False: the slice is full. */
  onTime(watermark: number): boolean {
    const { ends, slice, results } = this.#options
    if (ends === null) return true
    for (let due = ends.due(watermark); due.length > 0; due = ends.due(watermark)) {
      for (const timer of due) {
        if (slice.spent >= slice.limit) return false
        const tail = ends.ended(timer)
        if (tail !== null && !results.send(tail, timer.key, 'on-time', true)) return false
        slice.spent += timer.key.length + timerBytes
        ends.pass(timer)
      }
    }
    return true
  }

  /** Fires what has changed in the sessions that are left, and have begun. False: the slice is full. */
  early(watermark: number): boolean {
    const { changed } = this.#options
    if (changed === null) return true
    const reached = this.#reached(watermark)
    if (this.#earlyUpTo !== -Infinity && reached > this.#earlyUpTo) {
      for (const start of changed.namespaces()) {
        if (!this.#fireChunk(changed, start, reached)) return false
      }
    }
    this.#earlyUpTo = Math.max(this.#earlyUpTo, reached)
    return true
  }

  /** The watermark at which something is to be fired next; Infinity: there is nothing. */
  get due(): number {
    const { ends, changed } = this.#options
    const waits = changed !== null && changed.size > 0 && this.#earlyUpTo !== -Infinity
    return Math.min(ends?.next ?? Infinity, waits ? this.#earlyUpTo + this.#earlyMs : Infinity)
  }

  /** Everything was done at this watermark. */
  restore(doneWatermark: number): void {
    this.#earlyUpTo = this.#reached(doneWatermark)
  }

  locate(): void {
    this.#options.ends?.locate()
  }

  #reached(watermark: number): number {
    return this.#earlyMs === Infinity ? -Infinity : Math.floor(watermark / this.#earlyMs) * this.#earlyMs
  }

  /**
   * Early results of all keys that have changed in a chunk, and have begun. A key leaves the table with the last of its pieces there that had changed, so what
   * stays are those that are yet to begin.
   */
  #fireChunk(changed: StateTable, start: number, reached: number): boolean {
    let after: RowId = -1
    for (;;) {
      const rows: (readonly [row: RowId, key: Buffer])[] = []
      const visited = changed.drain(start, batchRows, (row) => rows.push([row, changed.keyOf(row)]), after)
      for (const [row, key] of rows) {
        const done = this.#fireKey(start, key, reached)
        if (done === 'full') return false
        if (done === 'waits') after = row
      }
      if (visited < batchRows) return true
    }
  }

  #fireKey(start: number, key: Buffer, reached: number): 'fired' | 'waits' | 'full' {
    const { directory, slice, results } = this.#options
    for (let place = directory.changedIn(start, key); place !== null; place = directory.changedIn(start, key)) {
      if (directory.headOf(place, key).piece.first >= reached) return 'waits'
      if (slice.spent >= slice.limit) return 'full'
      if (!results.send(directory.tailOf(place, key), key, 'early', true)) return 'full'
    }
    return 'fired'
  }
}

const batchRows = 256
