import { describeRecords, type CountWindowSpec, type GlobalWindowSpec } from '../../plan/nodes/windows.ts'
import type { RowId, StateTable } from '../../state/store.ts'
import type { ChainContext, Push } from '../chain.ts'
import { RecordRejected } from '../chain.ts'
import type { Stateful } from '../stateful.ts'
import type { WindowContents } from './contents.ts'
import { moveRow } from './copy-row.ts'
import { numberLayout, NumberRows, type Numbers } from './number-rows.ts'
import { Results, type ResultsOptions } from './results.ts'

export interface CountedOptions extends ResultsOptions {
  readonly window: CountWindowSpec | GlobalWindowSpec
  /** How far the window of each key has come; its layout is `progressLayout`. */
  readonly progress: StateTable
}

/** Of a key: how many records its window has, the least and greatest event time of them, and how many it had when it last fired. */
const emptyProgress = { records: 0, first: Infinity, last: -Infinity, fired: 0 } as const
type Progress = Numbers<keyof typeof emptyProgress>

export const progressLayout = numberLayout(emptyProgress)

/** The contents of a key are in this namespace; before it fires, those of windows that one record makes full in those behind it. */
const present = 0
const batchRows = 256

/**
 * Windows that have no place in time: so many records of a key, or all of them. They fire behind the record that makes the number full, or, for all keys that
 * have changed, when the watermark comes to a multiple of an interval (a jump over several counts as one). Their result names the time from its first record to
 * its last; as a record it is no older than the watermark, so that no window behind takes it for late.
 */
export class CountedWindow implements Stateful {
  watermark = -Infinity
  forwarded = -Infinity
  readonly uid: string
  readonly latenessMs = 0
  readonly meaning: string
  readonly parts = { records: 'number, first, last, number when fired' }
  readonly push: Push
  readonly #contents: WindowContents
  readonly #context: ChainContext
  readonly #options: CountedOptions
  readonly #progress: NumberRows<keyof Progress>
  readonly #results: Results
  /** Infinity: it fires by time. */
  readonly #count: number
  /** Infinity: it fires by count. */
  readonly #everyMs: number
  readonly #purge: boolean
  /** Of the values of the record in work. */
  readonly #timestamps: number[] = []
  /** Multiple of the interval up to which all has fired; -Infinity before the first watermark. */
  #upTo = -Infinity
  /** There may be keys that have changed since they fired. */
  #changed = false
  /** In a firing that was cut: the row of progress it has come to. */
  #after: RowId = -1

  constructor(options: CountedOptions) {
    const { uid, window, contents, context, progress } = options
    this.uid = uid
    this.meaning = `${contents.meaning} over ${describeRecords(window)}`
    this.#options = options
    this.#contents = contents
    this.#context = context
    this.#progress = new NumberRows(progress, emptyProgress)
    this.#results = new Results(options)
    const trigger = window.kind === 'count' ? ({ kind: 'count', count: window.size } as const) : window.trigger
    this.#count = trigger?.kind === 'count' ? trigger.count : Infinity
    this.#everyMs = trigger?.kind === 'every' ? trigger.everyMs : Infinity
    this.#purge = window.kind === 'count' || window.purge
    this.push = (value) => {
      const { record } = context
      if (record.keyBytes === null) throw new RecordRejected('null-key', `a window of "${uid}" needs a key`)
      contents.prepare(value, this.#placeOfNext(), 1)
      this.#timestamps.push(record.timestamp)
    }
  }

  apply(): void {
    if (this.#timestamps.length === 0) return
    this.#contents.apply()
    const { keyBytes, keyStart, keyEnd } = this.#context.record
    if (keyBytes === null) throw new Error('a record without a key reached a window')
    // Results take the place of the record.
    const key = Buffer.from(keyBytes.subarray(keyStart, keyEnd))
    const timestamps = this.#timestamps.splice(0)
    const progress = this.#progress.of(key)
    const before = progress.records
    let place = present
    for (const timestamp of timestamps) {
      progress.records++
      progress.first = Math.min(progress.first, timestamp)
      progress.last = Math.max(progress.last, timestamp)
      if (!this.#purge || progress.records < this.#count) continue
      this.#fire(place++, key, progress)
      Object.assign(progress, emptyProgress)
    }
    if (place > present && progress.records > 0) moveRow(this.#contents.table, place, present, key)
    if (!this.#purge && Math.floor(progress.records / this.#count) > Math.floor(before / this.#count)) this.#fire(present, key, progress)
    this.#keep(key, progress)
    this.#changed = true
  }

  discard(): void {
    this.#contents.discard()
    this.#timestamps.length = 0
  }

  advance(watermark: number): boolean {
    if (watermark > this.watermark) this.watermark = watermark
    if (this.isDue(this.watermark) && !this.#fireChanged()) return false
    this.#upTo = Math.max(this.#upTo, this.#reached(this.watermark))
    this.forwarded = this.forwards
    return true
  }

  get forwards(): number {
    return this.watermark
  }

  /** The watermark at which it fires next; Infinity: it does not, as far as one can see. */
  get due(): number {
    return this.#changed && this.#upTo !== -Infinity ? this.#upTo + this.#everyMs : Infinity
  }

  isDue(watermark: number): boolean {
    return watermark >= this.due
  }

  /** A window that waits for records waits for no watermark. */
  get lastDue(): number {
    return this.#changed && this.#everyMs !== Infinity ? this.#reached(this.watermark) + this.#everyMs : -Infinity
  }

  restore(watermark: number, forwarded: number, closing: number): void {
    this.discard()
    this.#options.next.discard()
    this.watermark = Math.max(watermark, forwarded, closing)
    this.forwarded = forwarded
    this.#upTo = this.#reached(forwarded)
    this.#after = -1
  }

  locate(): void {
    this.#changed = this.#progress.size > 0
  }

  /** The window that the next value is in: those that the record itself makes full have places of their own until they fire. */
  #placeOfNext(): number {
    if (!this.#purge || this.#count === Infinity) return present
    const { keyBytes, keyStart, keyEnd } = this.#context.record
    const { records } = this.#progress.of(keyBytes!, keyStart, keyEnd)
    // The open window may have begun under another number, and hold more than fits into one now: then the next value makes it full.
    const room = Math.max(1, this.#count - records)
    const values = this.#timestamps.length
    return values < room ? present : 1 + Math.floor((values - room) / this.#count)
  }

  #reached(watermark: number): number {
    return this.#everyMs === Infinity ? -Infinity : Math.floor(watermark / this.#everyMs) * this.#everyMs
  }

  /** Sends the result of a window that is full, or of what there is of it. */
  #fire(place: number, key: Buffer, { first, last }: Progress): void {
    const { table } = this.#contents
    const row = table.find(place, key, 0, key.length)
    const timestamp = Math.max(last, this.forwarded + 1)
    this.#context.counters.windowsClosed += this.#purge ? 1 : 0
    this.#results.sendOne(row, { start: first, end: last + 1, timestamp }, undefined, () => {
      if (this.#purge) table.delete(row)
    })
  }

  /** Fires what has changed. What is left of it when it is cut are the keys that have as yet more records than when they fired. False: the slice is full. */
  #fireChanged(): boolean {
    const { slice } = this.#context
    const progress = this.#progress
    for (;;) {
      const changed: (readonly [row: RowId, key: Buffer])[] = []
      let last = this.#after
      const visited = progress.drain(
        batchRows,
        (row, key) => {
          last = row
          if (progress.at(row, 'records') > progress.at(row, 'fired')) changed.push([row, key()])
        },
        this.#after,
      )
      for (const [row, key] of changed) {
        if (slice.spent >= slice.limit) return false
        this.#fireKey(key)
        // Rows that were deleted are no place to go on from.
        if (!this.#purge) this.#after = row
      }
      if (!this.#purge) this.#after = last
      if (visited === batchRows) continue
      this.#after = -1
      this.#changed = false
      return true
    }
  }

  #fireKey(key: Buffer): void {
    const progress = this.#progress.of(key)
    this.#fire(present, key, progress)
    this.#keep(key, this.#purge ? emptyProgress : { ...progress, fired: progress.records })
  }

  /** A window without records has no row. */
  #keep(key: Buffer, progress: Readonly<Progress>): void {
    this.#progress.keep(key, progress.records === 0 ? null : progress)
  }
}
