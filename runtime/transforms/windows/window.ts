import type { WindowSpec } from '../../plan/nodes.ts'
import type { RowId, StateTable } from '../../state/store.ts'
import { closingWatermark, newestWindowStart, openWindowCount } from '../../time/windows.ts'
import { RecordRejected } from '../chain.ts'
import type { ChainContext, Push, StretchEnd } from '../chain.ts'
import type { Stretch } from '../stretch.ts'

/** What a window keeps per key: the part that differs between aggregate and reduce. One row per key and window, its namespace the window's start. */
export interface WindowContents {
  readonly table: StateTable
  /** What a row holds, in words that change when a row must be read in another way. */
  readonly meaning: string
  /** Computes what a value changes in its open windows, of which the newest starts at `newestStart`. Throws RecordRejected; changes no row. */
  prepare(value: unknown, newestStart: number, openWindows: number): void
  /** Changes the rows. */
  apply(): void
  discard(): void
  /** The result of a row. */
  result(row: RowId, key: unknown, windowStart: number, windowEnd: number): unknown
  /** About how much memory the result takes. Bytes. */
  resultBytes(row: RowId): number
}

export interface WindowOptions {
  readonly uid: string
  readonly window: WindowSpec
  readonly contents: WindowContents
  /** The value that came in, as JSON. Throws when it can't be written. */
  readonly encodeLate: (value: unknown) => Uint8Array
  /** The key of a result, from the bytes of the record key. */
  readonly readKey: (key: Buffer) => unknown
  readonly context: ChainContext
  /** Where results go. */
  readonly next: Stretch
}

/** No batch of results in hand is longer. */
const batchRows = 256

/**
 * Event-time windows per key, tumbling or sliding, with final results only: when the watermark has passed a window's end and its lateness, each row
 * becomes a result and is deleted as that leaves. So what is left of a due window is exactly what is still to be emitted, and closing may stop after
 * any row, be committed, lost with the process and taken up again.
 *
 * Sliding windows keep one row for each window a key is in. Sharing panes would update fewer rows, but a pane belongs to several windows: it could
 * not be deleted as results leave, and a half closed window would need marks of its own.
 */
export class KeyedWindow implements StretchEnd {
  /** Of the input: records are judged by it, windows close by it. */
  watermark = -Infinity
  /** What is promised downstream: no result with timestamp <= it will follow. Held back by the lateness, because results carry their window's end. */
  forwarded = -Infinity
  readonly uid: string
  readonly latenessMs: number
  /** As of the contents, with the place of the windows on the time line: a row names the start of its window only. */
  readonly meaning: string
  readonly push: Push
  readonly #options: WindowOptions
  /** Start of the earliest window that has rows; Infinity when there is none. */
  #earliest = Infinity
  /** The watermark at which it closes. */
  #due = Infinity
  #preparedOldest = Infinity
  #late: { readonly value: Buffer; readonly timestamp: number; readonly windowStart: number }[] = []

  constructor(options: WindowOptions) {
    this.#options = options
    this.uid = options.uid
    this.latenessMs = options.window.latenessMs
    const { sizeMs, slideMs, offsetMs } = options.window
    this.meaning = `${options.contents.meaning} over ${sizeMs} ms every ${slideMs} ms from ${offsetMs} ms`
    this.push = this.#pusher()
  }

  #pusher(): Push {
    const { window, contents, context } = this.#options
    const { record } = context
    return (value) => {
      const { timestamp } = record
      const newest = newestWindowStart(timestamp, window)
      const open = openWindowCount(timestamp, newest, window, window.latenessMs, this.watermark)
      if (open === 0) return this.#prepareLate(value, newest)
      contents.prepare(value, newest, open)
      const oldest = newest - (open - 1) * window.slideMs
      if (oldest < this.#preparedOldest) this.#preparedOldest = oldest
    }
  }

  apply(): void {
    if (this.#preparedOldest !== Infinity) {
      this.#options.contents.apply()
      if (this.#preparedOldest < this.#earliest) this.#expect(this.#preparedOldest)
      this.#preparedOldest = Infinity
    }
    if (this.#late.length > 0) this.#emitLate()
  }

  discard(): void {
    this.#options.contents.discard()
    this.#preparedOldest = Infinity
    this.#late = []
  }

  /**
   * Brings the watermark of the input here: windows that are due close, in the order of their ends, then the watermark is passed on. False when the
   * slice was full before that was done; call again with the same watermark.
   */
  advance(watermark: number): boolean {
    if (watermark > this.watermark) this.watermark = watermark
    while (this.isDue(this.watermark)) {
      if (!this.#close(this.#earliest)) return false
    }
    this.forwarded = this.forwards
    return true
  }

  /** What is promised downstream once every window that is due has closed. */
  get forwards(): number {
    return this.watermark - this.latenessMs
  }

  /** The watermark that closes the earliest window there is; Infinity when there is none. */
  get due(): number {
    return this.#due
  }

  /** Whether this watermark closes a window. */
  isDue(watermark: number): boolean {
    return watermark >= this.#due
  }

  /** The watermark that closes the newest window there is; -Infinity when there is none. */
  get lastDue(): number {
    const { window, contents } = this.#options
    const newest = contents.table.namespaces().at(-1)
    return newest === undefined ? -Infinity : closingWatermark(newest, window.sizeMs, window.latenessMs)
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
  }

  /** Finds the earliest window in the table. */
  locate(): void {
    this.#expect(this.#options.contents.table.namespaces()[0] ?? Infinity)
  }

  #expect(start: number): void {
    const { window } = this.#options
    this.#earliest = start
    this.#due = closingWatermark(start, window.sizeMs, window.latenessMs)
  }

  /** False: the slice is full. */
  #close(start: number): boolean {
    const { contents, context } = this.#options
    while (contents.table.rowsIn(start) > 0) {
      if (context.slice.spent >= context.slice.limit) return false
      this.#emitBatch(start)
    }
    context.counters.windowsClosed++
    this.locate()
    return true
  }

  /** Takes rows out of the table, as many as the slice has room for and at least one, and sends their results on. */
  #emitBatch(start: number): void {
    const { contents, context, next, readKey, window, uid } = this.#options
    const { slice, record } = context
    const { table } = contents
    const end = start + window.sizeMs
    const keys: Buffer[] = []
    const results: unknown[] = []
    const room = slice.limit - slice.spent
    let taken = 0
    table.drain(start, batchRows, (row) => {
      if (taken >= room) return
      const key = table.keyOf(row)
      taken += key.length + contents.resultBytes(row)
      keys.push(key)
      results.push(contents.result(row, readKey(key), start, end))
      table.delete(row)
    })
    slice.spent += taken
    for (let i = 0; i < keys.length; i++) {
      record.moveToResult(keys[i]!, end - 1)
      const rejected = next.run(results[i])
      if (rejected !== null) this.#reject(rejected, uid, start, end)
    }
  }

  /**
   * A result that fails downstream is a dead letter without a source record: the one by which the window came to close is not to blame, has counted, and
   * would be another one after a crash.
   */
  #reject(rejected: RecordRejected, uid: string, start: number, end: number): void {
    const { record, output, counters } = this.#options.context
    counters.dropped[rejected.reason]++
    const result = `the result of window "${uid}" [${start}, ${end}) for key ${JSON.stringify(record.key)}`
    output.deadLetter(-1, rejected.reason, `${result} failed: ${rejected.message}`)
  }

  #prepareLate(value: unknown, windowStart: number): void {
    const { encodeLate, context, uid } = this.#options
    let encoded: Uint8Array
    try {
      encoded = encodeLate(value)
    } catch (error) {
      throw new RecordRejected('processing', `window "${uid}": a late record cannot be written as JSON: ${String(error)}`)
    }
    const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength)
    this.#late.push({ value: bytes, timestamp: context.record.timestamp, windowStart })
  }

  #emitLate(): void {
    const { context, uid, window } = this.#options
    const { record, output, counters, slice } = context
    const key = record.keyBytes === null ? null : Buffer.from(record.keyBytes.subarray(record.keyStart, record.keyEnd))
    const late = this.#late
    this.#late = []
    for (const one of late) {
      counters.dropped.late++
      slice.spent += one.value.length
      const windowEnd = one.windowStart + window.sizeMs
      output.late({ index: record.index, transform: uid, key, ...one, windowEnd, watermark: this.watermark })
    }
  }
}
