/** Batches for tests: made from plain records, and taken apart again. */
import { crc32c } from '@node-rs/crc32'
import { StreamJobError } from '../../../runtime/errors.ts'
import type { Compression } from '../../../runtime/kafka/batch/codecs.ts'
import { decodeBatch } from '../../../runtime/kafka/batch/decode.ts'
import type { BatchProducer } from '../../../runtime/kafka/batch/encode.ts'
import { BatchBuilder } from '../../../runtime/kafka/batch/encode.ts'
import { readBatchHeader } from '../../../runtime/kafka/batch/header.ts'
import { readHeaders } from '../../../runtime/kafka/batch/headers.ts'
import { attribute, layout, lengthOverhead, writeInt64 } from '../../../runtime/kafka/batch/layout.ts'
import type { RecordBlock } from '../../../runtime/kafka/records.ts'
import type { PlainRecord } from './kafkajs-codec.ts'

export function build(records: readonly PlainRecord[], producer: BatchProducer | null, compression: Compression): Buffer {
  const builder = new BatchBuilder(64)
  for (const { key, value, timestamp, headers } of records) {
    builder.append(key, 0, key?.length ?? 0, value, 0, value?.length ?? 0, timestamp, headers)
  }
  return builder.finish(producer, compression)
}

export function decode(batch: Buffer, from = 0): RecordBlock {
  return decodeBatch(readBatchHeader(batch, 0)!, { topic: 't', partition: 0, from })
}

export function recordsOf(block: RecordBlock): PlainRecord[] {
  const slice = (start: number, end: number): Buffer | null => (start < 0 ? null : Buffer.from(block.bytes.subarray(start, end)))
  return Array.from({ length: block.count }, (_, i) => ({
    key: slice(block.keyStart[i]!, block.keyEnd[i]!),
    value: slice(block.valueStart[i]!, block.valueEnd[i]!),
    timestamp: block.timestamps[i]!,
    headers: readHeaders(block, i).map(({ key, value }) => ({ key, value: Buffer.from(value!) })),
  }))
}

/** The batch as it stands in a log: at an offset, with attributes that only brokers set. */
export function placed(batch: Buffer, baseOffset: number, change: { attributes?: number; empty?: true } = {}): Buffer {
  const copy = Buffer.from(change.empty === true ? batch.subarray(0, layout.records) : batch)
  writeInt64(copy, layout.baseOffset, baseOffset)
  if (change.empty === true) {
    copy.writeInt32BE(layout.records - lengthOverhead, layout.length)
    copy.writeInt32BE(0, layout.count)
  }
  if (change.attributes !== undefined) copy.writeInt16BE(change.attributes, layout.attributes)
  return resealed(copy)
}

/** The marker that ends a producer's transaction. */
export function marker(baseOffset: number, producerId: number, kind: 'commit' | 'abort'): Buffer {
  const key = Buffer.from([0, 0, 0, kind === 'commit' ? 1 : 0])
  const batch = build(
    [{ key, value: Buffer.alloc(6), timestamp: 1, headers: [] }],
    { producerId, epoch: 0, sequence: -1, transactional: true },
    'none',
  )
  return placed(batch, baseOffset, { attributes: attribute.transactional | attribute.control })
}

export function resealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(layout.attributes)), layout.crc)
  return batch
}

/** The code of the StreamJobError that is thrown. */
export function code(work: () => unknown): string | null {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof StreamJobError) return error.code
    throw error
  }
}
