/** Bids as blocks of records, as a fetch would give them. */
import type { RecordBlock } from '../../../runtime/kafka/records.ts'
import { generateBids, type Bid } from '../input/bids.ts'
import { WindowTotals } from '../oracle/window-totals.ts'

export interface BlockOptions {
  readonly records: number
  /** Auctions. */
  readonly keys: number
  readonly perBlock: number
  /** Of the windows that `expected` is about. */
  readonly windowMs: number
}

export interface BidBlocks {
  readonly records: number
  readonly blocks: readonly RecordBlock[]
  /** What count and sum of price per auction and window come out as. */
  readonly expected: { readonly results: number; readonly bytes: number }
}

/** The same blocks every time, of one partition. */
export function bidBlocks({ records, keys, perBlock, windowMs }: BlockOptions): BidBlocks {
  const totals = new WindowTotals({ by: 'auction', sizeMs: windowMs, slideMs: windowMs })
  const blocks: RecordBlock[] = []
  let bids: Bid[] = []
  for (const bid of generateBids({ records, keys, perMillisecond: 10 })) {
    totals.add(bid)
    bids.push(bid)
    if (bids.length < perBlock && blocks.length * perBlock + bids.length < records) continue
    blocks.push(blockOf(bids, blocks.length * perBlock))
    bids = []
  }
  let bytes = 0
  for (const { key, windowStart, count, sum } of totals.entries()) {
    bytes += JSON.stringify({ key, windowStart, windowEnd: windowStart + windowMs, bids: count, total: sum }).length
  }
  return { records, blocks, expected: { results: totals.rows, bytes } }
}

function blockOf(bids: readonly Bid[], baseOffset: number): RecordBlock {
  const count = bids.length
  const int = (): Int32Array => new Int32Array(count)
  const columns = { keyStart: int(), keyEnd: int(), valueStart: int(), valueEnd: int(), headersStart: int() }
  const chunks: Buffer[] = []
  let position = 0
  const add = (text: string): number => {
    chunks.push(Buffer.from(text))
    return (position += text.length)
  }
  for (const [i, bid] of bids.entries()) {
    columns.keyStart[i] = position
    columns.keyEnd[i] = columns.valueStart[i] = add(String(bid.auction))
    columns.valueEnd[i] = add(JSON.stringify(bid))
    columns.headersStart[i] = position
    add('\0')
  }
  const offsets = Float64Array.from(bids, (_, i) => baseOffset + i)
  const timestamps = Float64Array.from(bids, (bid) => bid.dateTime)
  return { topic: 'bids', partition: 0, count, nextOffset: baseOffset + count, bytes: Buffer.concat(chunks), offsets, timestamps, ...columns }
}
