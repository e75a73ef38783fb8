/** Count and sum of the price for each auction or bidder and window. */
import type { BidKey } from '../cases.ts'
import { asBid, isFlush, type InputValue } from '../input/records.ts'
import type { Oracle, OutputCheck, ResultRow } from './oracle.ts'

export interface WindowSizes {
  readonly by: BidKey
  readonly sizeMs: number
  /** The size, where windows are side by side. */
  readonly slideMs: number
}

export class WindowTotals implements Oracle {
  readonly #sizes: WindowSizes
  readonly keyField = 'key'
  /** Window start -> key -> [count, sum]. */
  readonly #windows = new Map<number, Map<number, [number, number]>>()
  #rows = 0

  constructor(sizes: WindowSizes) {
    this.#sizes = sizes
  }

  get rows(): number {
    return this.#rows
  }

  add(value: InputValue): void {
    const bid = asBid(value)
    const { dateTime, price } = bid
    const { by, sizeMs, slideMs } = this.#sizes
    const key = bid[by]
    if (isFlush(key)) return
    for (let start = Math.floor(dateTime / slideMs) * slideMs; start > dateTime - sizeMs; start -= slideMs) this.#addTo(start, key, price)
  }

  of(key: number, windowStart: number): readonly [count: number, sum: number] | undefined {
    return this.#windows.get(windowStart)?.get(key)
  }

  *entries(): Generator<WindowRow> {
    for (const [windowStart, ofWindow] of this.#windows) {
      for (const [key, [count, sum]] of ofWindow) yield { key, windowStart, count, sum }
    }
  }

  check(): OutputCheck {
    return new WindowCheck(this)
  }

  #addTo(start: number, key: number, price: number): void {
    let ofWindow = this.#windows.get(start)
    if (ofWindow === undefined) this.#windows.set(start, (ofWindow = new Map()))
    const held = ofWindow.get(key)
    if (held === undefined) {
      ofWindow.set(key, [1, price])
      this.#rows++
    } else {
      held[0]++
      held[1] += price
    }
  }
}

/** A result as it must come out. */
export interface WindowRow {
  readonly key: number
  /** Epoch ms. */
  readonly windowStart: number
  readonly count: number
  readonly sum: number
}

class WindowCheck implements OutputCheck {
  readonly #totals: WindowTotals
  readonly #seen = new Map<number, Set<number>>()
  readonly #faults = { doubled: 0, wrong: 0, unknown: 0 }
  #rows = 0
  #distinct = 0

  constructor(totals: WindowTotals) {
    this.#totals = totals
  }

  add(row: ResultRow): void {
    const [key, windowStart] = [Number(row['key']), Number(row['windowStart'])]
    if (isFlush(key)) return
    this.#rows++
    const expected = this.#totals.of(key, windowStart)
    if (expected === undefined) {
      this.#faults.unknown++
      return
    }
    let seen = this.#seen.get(windowStart)
    if (seen === undefined) this.#seen.set(windowStart, (seen = new Set()))
    if (seen.has(key)) this.#faults.doubled++
    else this.#distinct++
    seen.add(key)
    if (expected[0] !== row['count'] || expected[1] !== row['sum']) this.#faults.wrong++
  }

  verdict(): string | null {
    const faults = Object.entries({ missing: this.#totals.rows - this.#distinct, ...this.#faults }).filter(([, count]) => count !== 0)
    if (faults.length === 0) return null
    return `${this.#rows} results, ${this.#totals.rows} expected: ${faults.map(([fault, count]) => `${count} ${fault}`).join(', ')}`
  }
}
