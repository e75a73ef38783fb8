/** Indexes the records of a batch: one pass over the bytes, six arrays, no object per record. */
import { StreamJobError } from '../../errors.ts'
import type { RecordBlock } from '../records.ts'
import { decompress } from './codecs.ts'
import type { BatchHeader } from './header.ts'
import { attribute, layout } from './layout.ts'
import { readVarint, varintEnd } from './varint.ts'

export interface BlockBounds {
  readonly topic: string
  readonly partition: number
  /** Records before it are left out: a fetch answers with the whole batch around its offset. */
  readonly from: number
  /** Records from here on are left out. */
  readonly to?: number
}

/**
 * The records of a data batch within the bounds. The arrays are the block's own and stay as they are; `bytes` shares memory with the fetch answer, or
 * is the block's own where the batch was compressed.
 */
export function decodeBatch(batch: BatchHeader, { topic, partition, from, to = Infinity }: BlockBounds): RecordBlock {
  const codec = batch.attributes & attribute.codec
  const body = batch.bytes.subarray(batch.start + layout.records, batch.end)
  const bytes = codec === 0 ? batch.bytes : decompress(codec, body)
  const index = allocate(batch.count)
  const span = codec === 0 ? { at: batch.start + layout.records, end: batch.end } : { at: 0, end: bytes.length }
  const count = indexRecords(batch, bytes, span, index, from, to)
  return { topic, partition, count, nextOffset: Math.min(batch.lastOffset + 1, to), bytes, ...index }
}

/** A block without records, which only moves the position. */
export function emptyBlock(topic: string, partition: number, nextOffset: number): RecordBlock {
  return { topic, partition, count: 0, nextOffset, bytes: noBytes, ...noIndex }
}

type Index = Pick<RecordBlock, 'offsets' | 'timestamps' | 'keyStart' | 'keyEnd' | 'valueStart' | 'valueEnd' | 'headersStart'>

function allocate(count: number): Index {
  const memory = new ArrayBuffer(count * 36)
  const int32 = (field: number): Int32Array => new Int32Array(memory, count * (16 + 4 * field), count)
  return {
    offsets: new Float64Array(memory, 0, count),
    timestamps: new Float64Array(memory, count * 8, count),
    keyStart: int32(0),
    keyEnd: int32(1),
    valueStart: int32(2),
    valueEnd: int32(3),
    headersStart: int32(4),
  }
}

const noBytes = Buffer.alloc(0)
const noIndex = allocate(0)

function indexRecords(
  batch: BatchHeader,
  bytes: Buffer,
  span: { readonly at: number; readonly end: number },
  index: Index,
  from: number,
  to: number,
): number {
  const { offsets, timestamps, keyStart, keyEnd, valueStart, valueEnd, headersStart } = index
  const { baseOffset, baseTimestamp } = batch
  const appendTime = (batch.attributes & attribute.logAppendTime) === 0 ? -1 : batch.maxTimestamp
  let at = span.at
  let n = 0
  for (let left = batch.count; left > 0; left--) {
    const size = readVarint(bytes, at)
    const end = varintEnd + size
    // One byte of attributes, unused so far.
    at = varintEnd + 1
    const timestamp = baseTimestamp + readVarint(bytes, at)
    at = varintEnd
    const offset = baseOffset + readVarint(bytes, at)
    at = varintEnd
    const keyLength = readVarint(bytes, at)
    at = varintEnd
    offsets[n] = offset
    timestamps[n] = appendTime < 0 ? timestamp : appendTime
    if (keyLength < 0) keyStart[n] = keyEnd[n] = -1
    else {
      keyStart[n] = at
      at += keyLength
      keyEnd[n] = at
    }
    const valueLength = readVarint(bytes, at)
    at = varintEnd
    if (valueLength < 0) valueStart[n] = valueEnd[n] = -1
    else {
      valueStart[n] = at
      at += valueLength
      valueEnd[n] = at
    }
    headersStart[n] = at
    // Written so that NaN, which reading behind the end gives, is refused too.
    if (!(at < end && end <= span.end)) throw damaged(batch)
    at = end
    if (offset >= from && offset < to) n++
  }
  return n
}

function damaged(batch: BatchHeader): StreamJobError {
  return new StreamJobError('kafka-protocol', `The record batch at offset ${batch.baseOffset} does not hold the records it says`, {
    fields: { offset: batch.baseOffset },
  })
}
