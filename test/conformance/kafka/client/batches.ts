/** Record batches to write, and what is read of those that a broker hands out. */
import type { BatchProducer } from '../../../../runtime/kafka/batch/encode.ts'
import { BatchBuilder } from '../../../../runtime/kafka/batch/encode.ts'
import { CommittedFilter } from '../../../../runtime/kafka/batch/committed.ts'
import { decodeBatch } from '../../../../runtime/kafka/batch/decode.ts'
import type { BatchHeader } from '../../../../runtime/kafka/batch/header.ts'
import { isControl, readBatchHeader } from '../../../../runtime/kafka/batch/header.ts'
import { layout } from '../../../../runtime/kafka/batch/layout.ts'
import { readVarint, varintEnd } from '../../../../runtime/kafka/batch/varint.ts'
import type { FetchedPartition } from '../../../../runtime/kafka/transport.ts'

/** A record to write. A value alone stands for one with the key `k`, at the present time. */
export type TestRecord = string | { readonly key?: string | null; readonly value: string | null; readonly timestamp?: number }

export function batchOf(records: readonly TestRecord[], nowMs: number, producer: BatchProducer | null = null): Buffer {
  const builder = new BatchBuilder(64)
  for (const record of records) {
    const { key = 'k', value, timestamp = nowMs } = typeof record === 'string' ? { value: record } : record
    const [keyBytes, valueBytes] = [bytesOf(key), bytesOf(value)]
    builder.append(keyBytes, 0, keyBytes?.length ?? 0, valueBytes, 0, valueBytes?.length ?? 0, timestamp, [])
  }
  return builder.finish(producer, 'none')
}

/** The batches that are whole. */
export function batchesIn(records: Buffer): readonly BatchHeader[] {
  const batches: BatchHeader[] = []
  for (let at = 0; at < records.length;) {
    const batch = readBatchHeader(records, at)
    if (batch === null) break
    batches.push(batch)
    at = batch.end
  }
  return batches
}

export interface ReadRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
}

export function recordsOf(batch: BatchHeader, from = 0): readonly ReadRecord[] {
  const block = decodeBatch(batch, { topic: '', partition: 0, from })
  const text = (start: number, end: number): string | null => (start < 0 ? null : block.bytes.toString('utf8', start, end))
  return Array.from({ length: block.count }, (_, i) => ({
    offset: block.offsets[i]!,
    timestamp: block.timestamps[i]!,
    key: text(block.keyStart[i]!, block.keyEnd[i]!),
    value: text(block.valueStart[i]!, block.valueEnd[i]!),
  }))
}

/** What a read-committed reader takes from one answer. */
export function committedIn(answer: FetchedPartition, from: number): readonly ReadRecord[] {
  const filter = new CommittedFilter(answer.aborted)
  return batchesIn(answer.records)
    .filter((batch) => filter.admits(batch))
    .flatMap((batch) => recordsOf(batch, from))
}

/** A batch in words: its values, or which marker it is. */
export function describeBatch(batch: BatchHeader): string {
  if (!isControl(batch))
    return recordsOf(batch)
      .map(({ value }) => value)
      .join(',')
  return markerKinds[markerType(batch)] ?? 'unknown marker'
}

const markerKinds = ['abort', 'commit']

/** Behind version and before nothing: the second int16 of the only record's key. */
function markerType(batch: BatchHeader): number {
  const { bytes } = batch
  let at = batch.start + layout.records
  readVarint(bytes, at)
  at = varintEnd + 1
  for (let field = 0; field < 3; field++) {
    readVarint(bytes, at)
    at = varintEnd
  }
  return bytes.readInt16BE(at + 2)
}

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text)
}
