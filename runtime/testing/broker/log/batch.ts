/** Record batches as they stand in a log: the client's own bytes, with the few fields that a broker looks at. */
import { crc32c } from '@node-rs/crc32'
import { BatchBuilder } from '../../../kafka/batch/encode.ts'
import { attribute, layout, lengthOverhead, readInt64, writeInt64 } from '../../../kafka/batch/layout.ts'
import { readVarint, varintEnd } from '../../../kafka/batch/varint.ts'

export type Marker = 'commit' | 'abort'

export interface LoggedBatch {
  readonly bytes: Buffer
  readonly baseOffset: number
  /** Kept by compaction, also when the records behind which it stood are gone. */
  readonly lastOffset: number
  readonly attributes: number
  readonly maxTimestamp: number
  /** -1: none. */
  readonly producerId: number
  readonly epoch: number
  readonly baseSequence: number
  readonly count: number
  readonly transactional: boolean
  readonly control: boolean
  /** What a control batch says; null for data, and where compaction has emptied it. */
  readonly marker: Marker | null
  /** When it came into the log, epoch ms; absent: it is in none. */
  readonly appendedAt?: number
}

/** Null for bytes that are not exactly one batch of format 2. The checksum is another matter. */
export function readBatch(bytes: Buffer): LoggedBatch | null {
  if (bytes.length < layout.records || bytes[layout.magic] !== 2) return null
  if (bytes.readInt32BE(layout.length) !== bytes.length - lengthOverhead) return null
  const attributes = bytes.readInt16BE(layout.attributes)
  const baseOffset = readInt64(bytes, layout.baseOffset)
  const count = bytes.readInt32BE(layout.count)
  const control = (attributes & attribute.control) !== 0
  return {
    bytes,
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(layout.lastOffsetDelta),
    attributes,
    maxTimestamp: readInt64(bytes, layout.maxTimestamp),
    producerId: readInt64(bytes, layout.producerId),
    epoch: bytes.readInt16BE(layout.producerEpoch),
    baseSequence: bytes.readInt32BE(layout.baseSequence),
    count,
    transactional: (attributes & attribute.transactional) !== 0,
    control,
    marker: control && count > 0 ? markerOf(bytes) : null,
  }
}

export function checksumHolds(bytes: Buffer): boolean {
  return crc32c(bytes.subarray(layout.attributes)) === bytes.readUInt32BE(layout.crc)
}

/** To be called after every change of what stands behind the checksum. */
export function seal(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(layout.attributes)), layout.crc)
  return bytes
}

/** The batch at its place in the log. Its bytes are changed outside of what the checksum covers, in place. */
export function place(batch: LoggedBatch, baseOffset: number, leaderEpoch: number): LoggedBatch {
  writeInt64(batch.bytes, layout.baseOffset, baseOffset)
  batch.bytes.writeInt32BE(leaderEpoch, layout.leaderEpoch)
  return { ...batch, baseOffset, lastOffset: baseOffset + batch.lastOffset - batch.baseOffset }
}

/** The batch with the broker's time on it, in place. */
export function stampAppendTime(batch: LoggedBatch, timestamp: number): LoggedBatch {
  const attributes = batch.attributes | attribute.logAppendTime
  batch.bytes.writeInt16BE(attributes, layout.attributes)
  writeInt64(batch.bytes, layout.maxTimestamp, timestamp)
  seal(batch.bytes)
  return { ...batch, attributes, maxTimestamp: timestamp }
}

/** The batch that ends a producer's transaction in one partition. */
export function markerBatch(producerId: number, epoch: number, marker: Marker, coordinatorEpoch: number, timestamp: number): LoggedBatch {
  const key = Buffer.from([0, 0, 0, marker === 'commit' ? 1 : 0])
  const value = Buffer.alloc(6)
  value.writeInt32BE(coordinatorEpoch, 2)
  const builder = new BatchBuilder(128)
  builder.append(key, 0, key.length, value, 0, value.length, timestamp, [])
  const bytes = builder.finish({ producerId, epoch, sequence: -1, transactional: true }, 'none')
  bytes.writeInt16BE(attribute.transactional | attribute.control, layout.attributes)
  return readBatch(seal(bytes))!
}

/** The key of a marker is its version and its type, both int16. */
function markerOf(bytes: Buffer): Marker {
  readVarint(bytes, layout.records)
  readVarint(bytes, varintEnd + 1)
  readVarint(bytes, varintEnd)
  readVarint(bytes, varintEnd)
  return bytes.readInt16BE(varintEnd + 2) === 1 ? 'commit' : 'abort'
}
