/** Bids as of an auction house: JSON of about 190 bytes, keyed by auction, out of order by up to two seconds. */
import type { Input } from '../cases.ts'
import { dateTimeOf } from './time.ts'
import { randomNumbers } from './random.ts'

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

/** The same bids every time. */
export function* generateBids({ records, keys, perMillisecond }: Pick<Input, 'records' | 'keys' | 'perMillisecond'>): Generator<Bid> {
  const random = randomNumbers(42)
  const pickKey = zipf(keys, 0.8, random)
  for (let i = 0; i < records; i++) {
    const dateTime = dateTimeOf(i, perMillisecond, random)
    yield bidOf(firstAuction + pickKey(), 100 + Math.floor(random() * 10_000_000), dateTime, random)
  }
}

/** A bid that only moves time on: by a bidder of the same number, at no price. */
export const flushBid = (auction: number, dateTime: number): Bid => ({ ...bidOf(auction, 0, dateTime, randomNumbers(43)), bidder: auction })

const firstAuction = 1_000

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
