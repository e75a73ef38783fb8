import type { AlignedWindowSpec } from '../../plan/nodes/windows.ts'
import type { StateTable } from '../../state/store.ts'
import { newestWindowStart, windowCount } from '../../time/windows.ts'
import type { ChainContext } from '../chain.ts'
import type { WindowContents } from './contents.ts'
import { copyRow } from './copy-row.ts'

/** Namespaces of panes lie below those of windows, whose starts are epoch ms. */
const paneBase = -(2 ** 52)
const batchRows = 256

/**
 * Sliding windows that overlap much, kept in panes: the stretches of time that lie in the same windows as a whole.
 *
 *     size 30, slide 10        0         10        20        30        40        50
 *     panes                    |---------|----p----|---------|---------|---------|
 *     windows of p  [-10                           20)        oldest
 *                              [0                            30)
 *                                        [10                           40)        newest
 *
 * A record changes the row of its pane instead of one row per window. When the oldest window of a pane is to close, each row of the pane is merged into the rows
 * of all its windows and deleted, as one; a window closes when all its panes have come. So what is left of a pane is exactly what is still to be merged, and
 * may be so after a crash. Only what is kept without regard to the order of records may be kept so.
 *
 * A record that comes when the oldest of its windows is closed, and so its pane merged, goes into the rows of the other windows itself.
 */
export class Panes {
  readonly #window: AlignedWindowSpec
  readonly #contents: WindowContents
  readonly #table: StateTable
  readonly #context: ChainContext
  readonly #paneMs: number

  constructor(window: AlignedWindowSpec, contents: WindowContents, context: ChainContext) {
    this.#window = window
    this.#contents = contents
    this.#table = contents.table
    this.#context = context
    this.#paneMs = greatestCommonDivisor(window.sizeMs, window.slideMs)
  }

  /** Computes what a value changes in its pane. False: the pane has been merged, and there is nothing prepared. */
  prepare(value: unknown, timestamp: number, newestStart: number, openWindows: number): boolean {
    if (openWindows < windowCount(timestamp, newestStart, this.#window)) return false
    const { offsetMs } = this.#window
    const pane = Math.floor((timestamp - offsetMs) / this.#paneMs) * this.#paneMs + offsetMs
    this.#contents.prepare(value, paneBase + pane, 1)
    return true
  }

  /** Start of the earliest window that has anything; Infinity: there is none. */
  get earliest(): number {
    const [first] = this.#table.namespaces()
    if (first === undefined) return Infinity
    const window = this.#table.namespaces().find((namespace) => !isPane(namespace)) ?? Infinity
    return isPane(first) ? Math.min(window, this.#windowsOf(first).oldest) : window
  }

  /** Start of the newest window that has anything; undefined: there is none. */
  get newest(): number | undefined {
    const namespaces = this.#table.namespaces()
    const last = namespaces.at(-1)
    const pane = namespaces.findLast(isPane)
    if (last === undefined || pane === undefined) return last
    const { newest } = this.#windowsOf(pane)
    return isPane(last) ? newest : Math.max(last, newest)
  }

  /** Merges the panes of windows that start up to here. False: the slice is full. */
  settle(start: number): boolean {
    const { slice } = this.#context
    for (;;) {
      const [pane] = this.#table.namespaces()
      if (pane === undefined || !isPane(pane)) return true
      const { oldest, newest } = this.#windowsOf(pane)
      if (oldest > start) return true
      while (this.#table.rowsIn(pane) > 0) {
        if (slice.spent >= slice.limit) return false
        this.#mergeSome(pane, oldest, newest)
      }
    }
  }

  #mergeSome(pane: number, oldest: number, newest: number): void {
    const table = this.#table
    const { slice } = this.#context
    const keys: Buffer[] = []
    table.drain(pane, batchRows, (row) => keys.push(table.keyOf(row)))
    const windows = (newest - oldest) / this.#window.slideMs + 1
    for (const key of keys) {
      if (slice.spent >= slice.limit) return
      const row = table.find(pane, key, 0, key.length)
      slice.spent += windows * (key.length + this.#contents.resultBytes(row))
      for (let start = oldest; start <= newest; start += this.#window.slideMs) {
        const into = table.upsert(start, key, 0, key.length)
        if (table.created) copyRow(table, row, into)
        else this.#contents.merge(into, row)
      }
      table.delete(row)
    }
  }

  /** The windows that hold a pane. */
  #windowsOf(namespace: number): { readonly oldest: number; readonly newest: number } {
    const pane = namespace - paneBase
    const newest = newestWindowStart(pane, this.#window)
    return { oldest: newest - (windowCount(pane, newest, this.#window) - 1) * this.#window.slideMs, newest }
  }
}

function isPane(namespace: number): boolean {
  return namespace < paneBase / 2
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
