import { describePlacement, type Emission, type TimeWindowSpec } from '../../plan/nodes/windows.ts'
import type { Placement } from '../../time/windows.ts'
import type { ChainContext, Push } from '../chain.ts'
import type { Stateful } from '../stateful.ts'
import type { WindowContents } from './contents.ts'
import { Firings } from './firings.ts'
import { LateRecords } from '../late-records.ts'
import type { Panes } from './panes.ts'
import { Results, type ResultsOptions } from './results.ts'

export interface WindowOptions extends ResultsOptions {
  readonly window: TimeWindowSpec
  readonly placement: Placement
  /** Null: each record changes the rows of all its windows. */
  readonly panes: Panes | null
  /** The value that came in, as JSON. Throws when it can't be written. */
  readonly encodeLate: (value: unknown) => Uint8Array
}

/**
 * Event-time windows per key, tumbling or sliding. When the watermark has passed a window's end and its lateness, the window is closed: each row becomes a
 * result, unless the results were given before, and is deleted as that leaves. So what is left of a due window is exactly what is still to be emitted, and
 * closing may stop after any row, be committed, lost with the process and taken up again. Results before that are the matter of Firings.
 *
 * Sliding windows keep one row for each window a key is in, or share what they can in Panes.
 */
export class KeyedWindow implements Stateful {
  /** Of the input: records are judged by it, windows close by it. */
  watermark = -Infinity
  /** What is promised downstream: no result with timestamp <= it will follow. Held back by the lateness, because results carry their window's end. */
  forwarded = -Infinity
  readonly uid: string
  readonly latenessMs: number
  /** As of the contents, with the place of the windows on the time line: a row names the start of its window only. */
  readonly meaning: string
  readonly push: Push
  readonly #contents: WindowContents
  readonly #context: ChainContext
  readonly #options: WindowOptions
  readonly #placement: Placement
  readonly #results: Results
  /** Null: results are given when a window is closed, and then only. */
  readonly #firings: Firings | null
  /** Whether the last result of a window is given before it is closed. */
  readonly #closesSilently: boolean
  readonly #panes: Panes | null
  readonly #late: LateRecords
  /** Start of the earliest window that has rows; Infinity when there is none. */
  #earliest = Infinity
  /** The watermark at which it closes. */
  #due = Infinity
  #preparedOldest = Infinity

  constructor(options: WindowOptions) {
    const { uid, window, contents, context, placement, panes, encodeLate } = options
    const emission: Emission | undefined = window.emit
    this.#options = options
    this.#contents = contents
    this.#context = context
    this.#placement = placement
    this.#panes = panes
    this.uid = uid
    this.latenessMs = window.latenessMs
    const kept = panes !== null ? ', in panes' : emission !== undefined ? ', marked by firings' : ''
    this.meaning = `${contents.meaning} over ${describePlacement(window)}${kept}`
    this.#results = new Results(options)
    this.#firings = emission === undefined ? null : new Firings({ ...options, emission, results: this.#results })
    this.#closesSilently = emission?.then === 'updates'
    this.#late = new LateRecords({ uid, encode: encodeLate, context })
    this.push = this.#pusher()
  }

  #pusher(): Push {
    const { record } = this.#context
    const contents = this.#contents
    const placement = this.#placement
    const firings = this.#firings
    const panes = this.#panes
    return (value) => {
      const { timestamp } = record
      const newest = placement.newestOf(timestamp)
      const open = placement.countOpen(timestamp, newest, this.latenessMs, this.watermark)
      if (open === 0) return this.#late.keep(value, newest, placement.endOf(newest))
      if (panes === null || !panes.prepare(value, timestamp, newest, open)) contents.prepare(value, newest, open)
      firings?.prepare(newest, open, this.watermark)
      const oldest = newest - (open - 1) * placement.slideMs
      if (oldest < this.#preparedOldest) this.#preparedOldest = oldest
    }
  }

  apply(): void {
    if (this.#preparedOldest === Infinity) return this.#late.emit(this.watermark)
    this.#contents.apply()
    if (this.#preparedOldest < this.#earliest) this.#expect(this.#preparedOldest)
    this.#preparedOldest = Infinity
    this.#late.emit(this.watermark)
    if (this.#firings === null) return
    // Last, because results take the place of the record.
    const { keyBytes, keyStart, keyEnd } = this.#context.record
    if (keyBytes !== null) this.#firings.apply(keyBytes, keyStart, keyEnd)
  }

  discard(): void {
    this.#contents.discard()
    this.#firings?.discard()
    this.#late.discard()
    this.#preparedOldest = Infinity
  }

  /**
   * Brings the watermark of the input here: what is due fires and closes, in the order of the windows' ends, then the watermark is passed on. False when the
   * slice was full before that was done; call again with the same watermark.
   */
  advance(watermark: number): boolean {
    if (watermark > this.watermark) this.watermark = watermark
    if (this.#firings !== null && !this.#firings.onTime(this.watermark)) return false
    while (this.watermark >= this.#due) {
      if (!this.#close(this.#earliest)) return false
    }
    if (this.#firings !== null && !this.#firings.early(this.watermark)) return false
    this.forwarded = this.forwards
    return true
  }

  /** What is promised downstream once everything that is due is done. */
  get forwards(): number {
    return this.watermark - this.latenessMs
  }

  /** The watermark at which something is to be done next; Infinity: nothing is. */
  get due(): number {
    return Math.min(this.#due, this.#firings?.due ?? Infinity)
  }

  isDue(watermark: number): boolean {
    return watermark >= this.due
  }

  /** The watermark that closes the newest window there is; -Infinity when there is none. */
  get lastDue(): number {
    const newest = this.#panes === null ? this.#contents.table.namespaces().at(-1) : this.#panes.newest
    return newest === undefined ? -Infinity : this.#closingWatermark(newest)
  }

  /**
   * Goes to where a snapshot was taken; the rows are in the table already, or will be before `locate` is called. What has closed stays closed, and what was
   * half closed (`closing` is what it was going to forward) goes on closing, also when a new version of the program allows for more disorder or lateness, by
   * which the watermark would not have come so far yet.
   */
  restore(watermark: number, forwarded: number, closing: number): void {
    this.discard()
    this.#options.next.discard()
    this.watermark = Math.max(watermark, Math.max(forwarded, closing) + this.latenessMs)
    this.forwarded = forwarded
    this.#firings?.restore(forwarded + this.latenessMs)
  }

  /** Finds the earliest window in the table. */
  locate(): void {
    this.#expectEarliest()
    this.#firings?.locate()
  }

  #expectEarliest(): void {
    this.#expect(this.#panes === null ? (this.#contents.table.namespaces()[0] ?? Infinity) : this.#panes.earliest)
  }

  #expect(start: number): void {
    this.#earliest = start
    this.#due = start === Infinity ? Infinity : this.#closingWatermark(start)
  }

  #closingWatermark(start: number): number {
    return this.#placement.endOf(start) - 1 + this.latenessMs
  }

  /** False: the slice is full. */
  #close(start: number): boolean {
    const { table } = this.#contents
    const { slice, counters } = this.#context
    const selection = {
      start,
      end: this.#placement.endOf(start),
      firing: this.#firings === null ? undefined : ('final' as const),
      after: -1,
      wants: always,
      done: (row: number) => table.delete(row),
    }
    if (this.#panes !== null && !this.#panes.settle(start)) return false
    while (table.rowsIn(start) > 0) {
      if (slice.spent >= slice.limit) return false
      if (this.#closesSilently) this.#results.dropSome(start)
      else this.#results.sendSome(selection)
    }
    counters.windowsClosed++
    this.#firings?.forget(start)
    this.#expectEarliest()
    return true
  }
}

function always(): boolean {
  return true
}
