/** Bids as of an auction house: JSON of about 190 bytes, keyed by auction, out of order by up to two seconds. */
import type { BidInput } from '../cases.ts'

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

/** How much older than the newest bid a bid may be. */
export const disorderMs = 2_000
const start = 1_763_800_000_000

/** The same bids every time. */
export function* generateBids({ records, keys, perMillisecond }: Omit<BidInput, 'partitions'>): Generator<Bid> {
  const random = randomNumbers(42)
  const pickKey = zipf(keys, 0.8, random)
  for (let i = 0; i < records; i++) {
    const dateTime = start + Math.floor(i / perMillisecond) + disorderMs - Math.floor(random() * disorderMs)
    yield bidOf(firstAuction + pickKey(), 100 + Math.floor(random() * 10_000_000), dateTime, random)
  }
}

/**
 * Bids that close every window of the bids before them: each of an auction of its own, so far ahead that the watermark passes the last window.
 * @param partition Where a record of this auction belongs.
 */
export function flushBids(
  { records, perMillisecond, partitions }: BidInput,
  windowMs: number,
  partition: (auction: number) => number,
): readonly Bid[] {
  const random = randomNumbers(43)
  const dateTime = start + Math.floor(records / perMillisecond) + windowMs + 2 * disorderMs
  let auction = firstFlushAuction
  return Array.from({ length: partitions }, (_, wanted) => {
    while (partition(auction) !== wanted) auction++
    return bidOf(auction, 0, dateTime, random)
  })
}

/** Bids that only move time on: results of theirs are nobody's. */
export const isFlush = (auction: number): boolean => auction >= firstFlushAuction

const firstAuction = 1_000
const firstFlushAuction = 900_000_000

/** Random bids at times of one's own, without end: for measures of latency. */
export function* bidsAt(keys: number, seed: number, now: () => number): Generator<Bid> {
  const random = randomNumbers(seed)
  const pickKey = zipf(keys, 0.8, random)
  for (;;) yield bidOf(firstAuction + pickKey(), 100 + Math.floor(random() * 10_000_000), now(), random)
}

function bidOf(auction: number, price: number, dateTime: number, random: () => number): Bid {
  const channel = ['Apple', 'Google', 'Facebook', 'Baidu'][Math.floor(random() * 4)] ?? ''
  const url = `https://www.nexmark.com/item${Math.floor(random() * 1e6)}/item.htm?query=1`
  const extra = [random(), random(), random(), random()].map((part) => Math.floor(part * 2 ** 30).toString(36)).join('')
  const bidder = 1_000 + Math.floor(random() * 100_000)
  return { auction, bidder, price, channel, url, dateTime, extra }
}

/** Ranks from 0 on, the lower the more often. */
function zipf(count: number, exponent: number, random: () => number): () => number {
  const cumulative = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) cumulative[rank] = sum += (rank + 1) ** -exponent
  return () => {
    const wanted = random() * sum
    let low = 0
    for (let high = count - 1; low < high;) {
      const middle = (low + high) >> 1
      if (cumulative[middle]! < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** mulberry32: numbers in [0, 1), the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
