/** What the windowed count must come out as, counted by the generator itself; and what is wrong with rows that came out. */

/** Count and sum of price for each auction and window. */
export class Totals {
  readonly windowMs: number
  /** Window start -> auction -> [count, sum]. */
  readonly #windows = new Map<number, Map<number, [number, number]>>()
  #rows = 0

  constructor(windowMs: number) {
    this.windowMs = windowMs
  }

  /** Results that there must be. */
  get rows(): number {
    return this.#rows
  }

  add(auction: number, dateTime: number, price: number): void {
    const start = Math.floor(dateTime / this.windowMs) * this.windowMs
    let ofWindow = this.#windows.get(start)
    if (ofWindow === undefined) this.#windows.set(start, (ofWindow = new Map()))
    const held = ofWindow.get(auction)
    if (held === undefined) {
      ofWindow.set(auction, [1, price])
      this.#rows++
    } else {
      held[0]++
      held[1] += price
    }
  }

  of(auction: number, windowStart: number): readonly [count: number, sum: number] | undefined {
    return this.#windows.get(windowStart)?.get(auction)
  }

  *entries(): Generator<{ readonly auction: number; readonly windowStart: number; readonly count: number; readonly sum: number }> {
    for (const [windowStart, ofWindow] of this.#windows) {
      for (const [auction, [count, sum]] of ofWindow) yield { auction, windowStart, count, sum }
    }
  }
}

/** A result as it came out of the job. */
export interface ResultRow {
  readonly key: number
  readonly windowStart: number
  readonly windowEnd: number
  readonly bids: number
  readonly total: number
}

/** Compares results with the totals: each once, with exactly these values. */
export class ResultCheck {
  readonly #totals: Totals
  readonly #seen = new Set<string>()
  #rows = 0
  #doubled = 0
  #wrong = 0
  #unknown = 0

  constructor(totals: Totals) {
    this.#totals = totals
  }

  add({ key, windowStart, windowEnd, bids, total }: ResultRow): void {
    this.#rows++
    const expected = this.#totals.of(key, windowStart)
    if (expected === undefined) {
      this.#unknown++
      return
    }
    const name = `${key}@${windowStart}`
    if (this.#seen.has(name)) this.#doubled++
    this.#seen.add(name)
    if (expected[0] !== bids || expected[1] !== total || windowEnd !== windowStart + this.#totals.windowMs) this.#wrong++
  }

  /** Null: the results are exactly right. */
  verdict(): string | null {
    const missing = this.#totals.rows - this.#seen.size
    const faults = Object.entries({ missing, doubled: this.#doubled, wrong: this.#wrong, unknown: this.#unknown }).filter(([, count]) => count !== 0)
    if (faults.length === 0) return null
    return `${this.#rows} results, ${this.#totals.rows} expected: ${faults.map(([fault, count]) => `${count} ${fault}`).join(', ')}`
  }
}
