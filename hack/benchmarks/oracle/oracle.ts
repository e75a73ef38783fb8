/** What a case must come out as, counted by the generator itself; and what is wrong with rows that came out. Shares no code with any system. */
import { minPrice, priceFactor, type Work } from '../cases.ts'
import type { Bid } from '../input/bids.ts'
import { asBid, isFlush, type InputValue } from '../input/records.ts'
import { disorderMs } from '../input/time.ts'
import { Checksum, difference } from './checksum.ts'
import { Collected } from './collected.ts'
import { highestBids, hotItems, newUsers, sessions } from './results.ts'
import { WindowTotals } from './window-totals.ts'

export interface Oracle {
  /** Results that there must be. */
  readonly rows: number
  /** Of a result, that is its key in Kafka too. */
  readonly keyField: string
  /** Every record of the input, in any order, before anything else is asked. */
  add(value: InputValue): void
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
    case 'sessions':
      return new Collected(sessions(work))
    case 'hot-items':
      return new Collected(hotItems(work))
    case 'highest-bids':
      return new Collected(highestBids(work))
    case 'new-users':
      return new Collected(newUsers(work))
  }
}

/** How far behind the newest record the watermark is: a record may be that late. */
export const outOfOrdernessMs = disorderMs

const bidFields = ['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra'] as const

/** Results each of which comes of one bid: compared as multisets, by number and checksum. */
class EachBid implements Oracle {
  readonly keyField = 'auction'
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

  add(value: InputValue): void {
    const bid = asBid(value)
    const result = isFlush(bid.auction) ? null : this.#resultOf(bid)
    if (result !== null) this.#expected.add(result)
  }

  check(): OutputCheck {
    const found = new Checksum()
    return {
      add: (row) => {
        if (!isFlush(Number(row['auction']))) found.add(this.#fields.map((field) => row[field]))
      },
      verdict: () => difference(found, this.#expected),
    }
  }
}
