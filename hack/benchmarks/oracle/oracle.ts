/** What a case must come out as, counted by the generator itself; and what is wrong with rows that came out. Shares no code with any system. */
import { minPrice, priceFactor, type Work } from '../cases.ts'
import { disorderMs, isFlush, type Bid } from '../input/bids.ts'
import { Checksum } from './checksum.ts'
import { WindowTotals } from './window-totals.ts'

export interface Oracle {
  /** Results that there must be. */
  readonly rows: number
  /** Every bid of the input, in any order, before `check` is called. */
  add(bid: Bid): void
  /** A check of one output; any number of them may be made. */
  check(): OutputCheck
}

export interface OutputCheck {
  add(row: ResultRow): void
  /** Null: the output holds each result once, with exactly its values. */
  verdict(): string | null
}

/** A result, with the fields of its case. */
export type ResultRow = Readonly<Record<string, unknown>>

export function oracleOf(work: Work): Oracle {
  switch (work.kind) {
    case 'pass-through':
      return new EachBid(({ auction, bidder, price, channel, url, dateTime, extra }) => [auction, bidder, price, channel, url, dateTime, extra])
    case 'filter-map':
      return new EachBid(
        ({ auction, bidder, price }) => (price > minPrice ? [auction, bidder, price * priceFactor] : null),
        ['auction', 'bidder', 'price'],
      )
    case 'windowed':
      return new WindowTotals(work)
  }
}

/** How far behind the newest bid the watermark is: a bid may be that late. */
export const outOfOrdernessMs = disorderMs

const bidFields = ['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra'] as const

/** Results each of which comes of one bid: compared as multisets, by number and checksum. */
class EachBid implements Oracle {
  readonly #expected = new Checksum()
  readonly #resultOf: (bid: Bid) => readonly unknown[] | null
  readonly #fields: readonly string[]

  constructor(resultOf: (bid: Bid) => readonly unknown[] | null, fields: readonly string[] = bidFields) {
    this.#resultOf = resultOf
    this.#fields = fields
  }

  get rows(): number {
    return this.#expected.count
  }

  add(bid: Bid): void {
    const result = isFlush(bid.auction) ? null : this.#resultOf(bid)
    if (result !== null) this.#expected.add(result)
  }

  check(): OutputCheck {
    const found = new Checksum()
    return {
      add: (row) => {
        if (!isFlush(Number(row['auction']))) found.add(this.#fields.map((field) => row[field]))
      },
      verdict: () => {
        if (found.equals(this.#expected)) return null
        return `${found.count} results, ${this.rows} expected${found.count === this.rows ? ': their values differ' : ''}`
      },
    }
  }
}
