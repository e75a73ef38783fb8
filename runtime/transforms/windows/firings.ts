import type { Emission, Firing } from '../../plan/nodes/windows.ts'
import type { RowId } from '../../state/store.ts'
import type { Placement } from '../../time/windows.ts'
import type { ChainContext } from '../chain.ts'
import { mark, type Mark, type WindowContents } from './contents.ts'
import type { Results } from './results.ts'

export interface FiringsOptions {
  readonly emission: Emission
  readonly placement: Placement
  readonly contents: WindowContents
  readonly results: Results
  readonly context: ChainContext
}

/**
 * The results that windows give before they are closed.
 *
 * - Early: when the watermark has come to a multiple of the interval, those rows of windows which have begun by then that have changed since they last fired.
 *   A jump over several multiples counts as one.
 * - On time, of `updates`: all rows of a window when the watermark is at least its end - 1; the window stays open for its lateness.
 * - Late, of `updates`: a row of such a window, behind each record that changes it.
 *
 * Each row bears a mark of how far it has fired, which is state as the row is: so what is left of a firing that was cut into slices, or lost with the process,
 * are the rows that it is still to mark. No record is processed before it is through.
 */
export class Firings {
  readonly #options: FiringsOptions
  readonly #updates: boolean
  readonly #earlyMs: number
  /** The watermark at which the next window fires on time. */
  #onTimeDue = Infinity
  /** All windows that start up to here have fired on time. */
  #firedStart = -Infinity
  /** The multiple of the interval up to which early firings are through; -Infinity before the first watermark. */
  #earlyUpTo = -Infinity
  /** Windows with rows that may have changed since the last early firing. */
  readonly #changed = new Set<number>()
  /** In the firing that was cut: the row it has come to. */
  #after: RowId = -1
  /** Of the record in work: windows that it changes, which are yet to fire on time, or have. */
  readonly #touched = new Set<number>()
  readonly #touchedLate = new Set<number>()

  constructor(options: FiringsOptions) {
    this.#options = options
    this.#updates = options.emission.then === 'updates'
    this.#earlyMs = options.emission.earlyMs ?? Infinity
  }

  /** A value of the record in work is prepared for these windows. */
  prepare(newestStart: number, openWindows: number, watermark: number): void {
    const { slideMs } = this.#options.placement
    let start = newestStart - (openWindows - 1) * slideMs
    for (let left = openWindows; left > 0; left--) {
      if (this.#isOver(start, watermark)) this.#touchedLate.add(start)
      else this.#touched.add(start)
      start += slideMs
    }
  }

  /** The rows have changed; `key` is that of the record. What is over fires. */
  apply(key: Uint8Array, keyStart: number, keyEnd: number): void {
    for (const start of this.#touched) {
      this.#onTimeDue = Math.min(this.#onTimeDue, this.#onTimeOf(start))
      this.#changed.add(start)
    }
    this.#touched.clear()
    if (this.#touchedLate.size > 0) this.#fireLate(Buffer.from(key.subarray(keyStart, keyEnd)))
  }

  discard(): void {
    this.#touched.clear()
    this.#touchedLate.clear()
  }

  /** Fires what is over at this watermark, in the order of the ends. False: the slice is full. */
  onTime(watermark: number): boolean {
    while (watermark >= this.#onTimeDue) {
      const start = this.#nextStart()
      if (!this.#fire(start, 'on-time', mark.fired)) return false
      this.#firedStart = start
      this.#onTimeDue = this.#onTimeOf(this.#nextStart())
    }
    return true
  }

  /** Fires what has changed in the windows that are left. False: the slice is full. */
  early(watermark: number): boolean {
    if (this.#earlyMs === Infinity) return true
    const reached = Math.floor(watermark / this.#earlyMs) * this.#earlyMs
    if (this.#earlyUpTo !== -Infinity && reached > this.#earlyUpTo) {
      for (const start of [...this.#changed].filter((one) => one < reached).toSorted((a, b) => a - b)) {
        if (!this.#isOver(start, watermark) && !this.#fire(start, 'early', mark.early)) return false
        this.#changed.delete(start)
      }
    }
    this.#earlyUpTo = Math.max(this.#earlyUpTo, reached)
    return true
  }

  /** The watermark at which something is to be fired next; Infinity: there is nothing. */
  get due(): number {
    const waits = this.#changed.size > 0 && this.#earlyUpTo !== -Infinity
    return Math.min(this.#onTimeDue, waits ? this.#earlyUpTo + this.#earlyMs : Infinity)
  }

  /** The window is closed. */
  forget(start: number): void {
    this.#changed.delete(start)
  }

  /** Everything was done at this watermark; the rows are looked at by `locate`. */
  restore(doneWatermark: number): void {
    this.discard()
    this.#after = -1
    this.#earlyUpTo = Math.floor(doneWatermark / this.#earlyMs) * this.#earlyMs
    // Infinity as the interval gives NaN.
    if (this.#earlyMs === Infinity) this.#earlyUpTo = -Infinity
  }

  /** Looks at the windows there are. Their marks tell what has fired: each is gone through once. */
  locate(): void {
    this.#firedStart = -Infinity
    this.#onTimeDue = this.#onTimeOf(this.#nextStart())
    this.#changed.clear()
    if (this.#earlyMs !== Infinity) for (const start of this.#options.contents.table.namespaces()) this.#changed.add(start)
  }

  #nextStart(): number {
    return this.#options.contents.table.namespaces().find((start) => start > this.#firedStart) ?? Infinity
  }

  #onTimeOf(start: number): number {
    return this.#updates && start !== Infinity ? this.#options.placement.endOf(start) - 1 : Infinity
  }

  /** Whether the time for early firings is over. */
  #isOver(start: number, watermark: number): boolean {
    return this.#updates && watermark >= this.#options.placement.endOf(start) - 1
  }

  #fire(start: number, firing: Firing, to: Mark): boolean {
    const { contents, context, results, placement } = this.#options
    const { slice } = context
    const selection = {
      start,
      end: placement.endOf(start),
      firing,
      wants: (row: RowId) => contents.markOf(row) !== mark.fired && contents.markOf(row) !== to,
      done: (row: RowId) => contents.setMark(row, to),
    }
    for (;;) {
      if (slice.spent >= slice.limit) return false
      const { last, ended } = results.sendSome({ ...selection, after: this.#after })
      this.#after = ended ? -1 : last
      if (ended) return true
    }
  }

  #fireLate(key: Buffer): void {
    const { contents, results, placement } = this.#options
    const late = [...this.#touchedLate].toSorted((a, b) => a - b)
    this.#touchedLate.clear()
    for (const start of late) {
      const row = contents.table.find(start, key, 0, key.length)
      const end = placement.endOf(start)
      results.sendOne(row, { start, end, timestamp: end - 1 }, 'late', () => contents.setMark(row, mark.fired))
    }
  }
}
