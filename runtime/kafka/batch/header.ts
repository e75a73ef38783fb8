/** The head of a record batch: enough to filter it and to move past it, without looking at a record. */
import { crc32c } from '@node-rs/crc32'
import { StreamJobError } from '../../errors.ts'
import { attribute, layout, lengthOverhead, readInt64 } from './layout.ts'

export interface BatchHeader {
  /** What the offsets below count in: the fetched records of a partition. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly baseOffset: number
  /** Kept by compaction even when the last records are gone. */
  readonly lastOffset: number
  readonly attributes: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly count: number
}

/**
 * The batch that starts at `start`; null where the bytes end before it does, which is how brokers cut an answer off. Throws `kafka-protocol` for a
 * batch of another format or a wrong checksum.
 */
export function readBatchHeader(bytes: Buffer, start: number): BatchHeader | null {
  if (start + layout.crc > bytes.length) return null
  const magic = bytes[start + layout.magic]!
  if (magic !== 2) {
    throw new StreamJobError(
      'kafka-protocol',
      `A record batch has format ${magic}; only format 2 (Kafka 0.11 and later) is read. Rewrite the topic.`,
      {
        fields: { magic },
      },
    )
  }
  const end = start + lengthOverhead + bytes.readInt32BE(start + layout.length)
  if (end > bytes.length) return null
  const baseOffset = readInt64(bytes, start + layout.baseOffset)
  if (end < start + layout.records || crc32c(bytes.subarray(start + layout.attributes, end)) !== bytes.readUInt32BE(start + layout.crc)) {
    throw new StreamJobError('kafka-protocol', `The record batch at offset ${baseOffset} is damaged: its checksum is wrong`, {
      fields: { offset: baseOffset },
    })
  }
  return {
    bytes,
    start,
    end,
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(start + layout.lastOffsetDelta),
    attributes: bytes.readInt16BE(start + layout.attributes),
    baseTimestamp: readInt64(bytes, start + layout.baseTimestamp),
    maxTimestamp: readInt64(bytes, start + layout.maxTimestamp),
    producerId: readInt64(bytes, start + layout.producerId),
    count: bytes.readInt32BE(start + layout.count),
  }
}

export function isControl(batch: BatchHeader): boolean {
  return (batch.attributes & attribute.control) !== 0
}

export function isTransactional(batch: BatchHeader): boolean {
  return (batch.attributes & attribute.transactional) !== 0
}

/**
 * How far whole batches reach into fetched bytes, and the offset behind the last of them; null where not one is whole. Looks at lengths only. The length
 * stands outside of the checksum: from one that cannot be true, all the rest is taken for one batch, for `readBatchHeader` to refuse.
 */
export function wholeBatches(bytes: Buffer): { readonly end: number; readonly nextOffset: number } | null {
  let found: { end: number; nextOffset: number } | null = null
  for (let start = 0; start + layout.baseTimestamp <= bytes.length;) {
    const end = start + lengthOverhead + bytes.readInt32BE(start + layout.length)
    if (end > bytes.length) break
    // Older formats are refused, with the reason, when they are read.
    const lastDelta = bytes[start + layout.magic] === 2 ? bytes.readInt32BE(start + layout.lastOffsetDelta) : 0
    const next = end < start + layout.records ? bytes.length : end
    found = { end: next, nextOffset: readInt64(bytes, start + layout.baseOffset) + lastDelta + 1 }
    start = next
  }
  return found
}
