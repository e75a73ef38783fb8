/** Bids as of an auction house: JSON of about 190 bytes, keyed by auction, out of order by up to two seconds. */
import type { RecordBlock } from '../../../runtime/kafka/records.ts'

export interface BidOptions {
  readonly records: number
  readonly keys: number
  readonly perBlock: number
  /** Of the windows that `expected` is about. */
  readonly windowMs: number
}

export interface Bids {
  readonly records: number
  readonly blocks: readonly RecordBlock[]
  /** What count and sum of price per auction and window come out as. */
  readonly expected: { readonly results: number; readonly bytes: number }
}

const start = 1_763_800_000_000
/** Event time goes on by a millisecond every so many records. */
const perMillisecond = 10
const disorderMs = 2_000

/** The same bids every time. Keys follow a Zipf distribution with exponent 0.8. */
export function generateBids({ records, keys, perBlock, windowMs }: BidOptions): Bids {
  const random = randomNumbers(42)
  const pickKey = zipf(keys, 0.8, random)
  const totals = new Map<number, Map<number, [number, number]>>()
  const blocks: RecordBlock[] = []
  for (let first = 0; first < records; first += perBlock) {
    const values: Bid[] = []
    for (let i = first; i < Math.min(records, first + perBlock); i++) {
      const dateTime = start + Math.floor(i / perMillisecond) + disorderMs - Math.floor(random() * disorderMs)
      const bid = { auction: 1_000 + pickKey(), price: 100 + Math.floor(random() * 10_000_000), dateTime }
      values.push(bid)
      const window = Math.floor(dateTime / windowMs) * windowMs
      const ofWindow = totals.get(window) ?? new Map<number, [number, number]>()
      totals.set(window, ofWindow)
      const [count, sum] = ofWindow.get(bid.auction) ?? [0, 0]
      ofWindow.set(bid.auction, [count + 1, sum + bid.price])
    }
    blocks.push(blockOf(values, first, random))
  }
  const rows = [...totals].flatMap(([windowStart, ofWindow]) =>
    [...ofWindow].map(([key, [bids, total]]) => JSON.stringify({ key, windowStart, windowEnd: windowStart + windowMs, bids, total })),
  )
  return { records, blocks, expected: { results: rows.length, bytes: rows.reduce((sum, row) => sum + row.length, 0) } }
}

interface Bid {
  readonly auction: number
  readonly price: number
  readonly dateTime: number
}

function blockOf(bids: readonly Bid[], baseOffset: number, random: () => number): RecordBlock {
  const count = bids.length
  const int = (): Int32Array => new Int32Array(count)
  const columns = { keyStart: int(), keyEnd: int(), valueStart: int(), valueEnd: int(), headersStart: int() }
  const chunks: Buffer[] = []
  let position = 0
  const add = (text: string): number => {
    chunks.push(Buffer.from(text))
    return (position += text.length)
  }
  for (const [i, { auction, price, dateTime }] of bids.entries()) {
    columns.keyStart[i] = position
    columns.keyEnd[i] = columns.valueStart[i] = add(String(auction))
    columns.valueEnd[i] = add(bidText(auction, price, dateTime, random))
    columns.headersStart[i] = position
    add('\0')
  }
  const offsets = Float64Array.from(bids, (_, i) => baseOffset + i)
  const timestamps = Float64Array.from(bids, (bid) => bid.dateTime)
  return { topic: 'bids', partition: 0, count, nextOffset: baseOffset + count, bytes: Buffer.concat(chunks), offsets, timestamps, ...columns }
}

function bidText(auction: number, price: number, dateTime: number, random: () => number): string {
  const channel = ['Apple', 'Google', 'Facebook', 'Baidu'][Math.floor(random() * 4)]
  const url = `https://www.nexmark.com/item${Math.floor(random() * 1e6)}/item.htm?query=1`
  const extra = Math.floor(random() * 2 ** 52).toString(36) + Math.floor(random() * 2 ** 52).toString(36)
  return JSON.stringify({ auction, bidder: 1_000 + Math.floor(random() * 100_000), price, channel, url, dateTime, extra })
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
