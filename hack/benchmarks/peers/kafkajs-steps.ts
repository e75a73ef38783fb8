/** What the kafkajs program does with each bid: three of the cases. */
import type { PeerCase, PeerRequest } from './request.ts'

export interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  /** Event time, epoch ms. */
  readonly dateTime: number
  readonly extra: string
}

/** Written as JSON, with its auction, or what it calls its key, as key. */
export type Row = { readonly auction: number } | { readonly key: number }

interface WindowTotal {
  readonly key: number
  /** Epoch ms. */
  readonly windowStart: number
  readonly windowEnd: number
  readonly count: number
  readonly sum: number
}

export interface Step {
  take(partition: number, bid: Bid): void
  /** After each batch: the rows that have become final. */
  advance(): readonly Row[]
  /** After the last bid of all. */
  finish(): readonly Row[]
}

export function stepOf({ case: job, partitions }: PeerRequest): Step {
  switch (job.kind) {
    case 'pass-through':
      return new Stateless((bid) => bid)
    case 'filter-map':
      return new Stateless(({ auction, bidder, price }) => (price > 5_000_000 ? { auction, bidder, price: price * 0.89 } : null))
    case 'windowed':
      if (job.by === 'auction') return new WindowedTotals(job, partitions)
      throw new Error('kafkajs.ts has no shuffle')
    case 'sessions':
    case 'hot-items':
    case 'highest-bids':
    case 'new-users':
      throw new Error(`kafkajs.ts does not do ${job.kind}`)
  }
}

class Stateless implements Step {
  readonly #map: (bid: Bid) => Row | null
  #rows: Row[] = []

  constructor(map: (bid: Bid) => Row | null) {
    this.#map = map
  }

  take(_partition: number, bid: Bid): void {
    const row = this.#map(bid)
    if (row !== null) this.#rows.push(row)
  }

  advance(): readonly Row[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  finish(): readonly Row[] {
    return this.advance()
  }
}

interface Total {
  count: number
  sum: number
}

/**
 * Count and sum per auction in event-time windows. A window is final when the watermark passes its end; the watermark is the lowest over the
 * partitions of the highest event time less the out-of-orderness. Bids behind it are dropped. Nothing of it survives a crash.
 */
class WindowedTotals implements Step {
  readonly #sizeMs: number
  readonly #slideMs: number
  readonly #outOfOrdernessMs: number
  /** Window start -> auction -> total. */
  readonly #windows = new Map<number, Map<number, Total>>()
  /** By partition. One without a bid holds all windows open. */
  readonly #highest: number[]
  #watermark = -Infinity

  constructor({ sizeMs, slideMs, outOfOrdernessMs }: Extract<PeerCase, { kind: 'windowed' }>, partitions: number) {
    this.#sizeMs = sizeMs
    this.#slideMs = slideMs
    this.#outOfOrdernessMs = outOfOrdernessMs
    this.#highest = Array.from({ length: partitions }, () => -Infinity)
  }

  take(partition: number, { auction, price, dateTime }: Bid): void {
    if (dateTime > this.#highest[partition]!) this.#highest[partition] = dateTime
    for (let start = dateTime - (dateTime % this.#slideMs); start > dateTime - this.#sizeMs; start -= this.#slideMs) {
      if (this.#isClosed(start)) break
      let window = this.#windows.get(start)
      if (window === undefined) this.#windows.set(start, (window = new Map()))
      const total = window.get(auction)
      if (total === undefined) {
        window.set(auction, { count: 1, sum: price })
      } else {
        total.count++
        total.sum += price
      }
    }
  }

  advance(): readonly Row[] {
    this.#watermark = Math.max(this.#watermark, Math.min(...this.#highest) - this.#outOfOrdernessMs - 1)
    return this.#close((start) => this.#isClosed(start))
  }

  finish(): readonly Row[] {
    return this.#close(() => true)
  }

  #isClosed(start: number): boolean {
    return start + this.#sizeMs - 1 <= this.#watermark
  }

  #close(isFinal: (start: number) => boolean): readonly Row[] {
    const rows: WindowTotal[] = []
    for (const [windowStart, totals] of this.#windows) {
      if (!isFinal(windowStart)) continue
      for (const [key, { count, sum }] of totals) rows.push({ key, windowStart, windowEnd: windowStart + this.#sizeMs, count, sum })
      this.#windows.delete(windowStart)
    }
    return rows
  }
}
