/** Why a broker does not take a client's batch, before it looks at who writes it. As Kafka's LogValidator. */
import { decodeBatch } from '../../../kafka/batch/decode.ts'
import { readBatchHeader } from '../../../kafka/batch/header.ts'
import type { RecordBlock } from '../../../kafka/records.ts'
import { brokerError } from '../errors.ts'
import type { LoggedBatch } from './batch.ts'
import { checksumHolds } from './batch.ts'
import type { TopicConfig } from './topic-config.ts'

export interface Refusal {
  readonly error: number
  /** The broker's words, where it has any. */
  readonly message: string | null
}

/** Null: the batch is fine. */
export function validateBatch(batch: LoggedBatch, config: TopicConfig, now: number): Refusal | null {
  if (batch.bytes.length > config.maxMessageBytes) return { error: brokerError.messageTooLarge, message: null }
  if (batch.bytes.length > config.segmentBytes) return { error: brokerError.recordListTooLarge, message: null }
  if (!checksumHolds(batch.bytes)) return { error: brokerError.corruptMessage, message: null }
  if (batch.baseOffset !== 0 || batch.control || batch.count !== batch.lastOffset + 1) return { error: brokerError.invalidRecord, message: null }
  if (config.compacts) {
    const records = recordsOf(batch)
    const keyless = records.keyStart.subarray(0, records.count).filter((start) => start < 0).length
    if (keyless > 0) return { error: brokerError.invalidRecord, message: keylessMessage(keyless) }
  }
  return timesAreFine(batch, config, now) ? null : { error: brokerError.invalidTimestamp, message: timestampMessage }
}

/** Those of a batch in a log, decompressed and indexed. */
export function recordsOf(batch: LoggedBatch): RecordBlock {
  return decodeBatch(readBatchHeader(batch.bytes, 0)!, { topic: '', partition: 0, from: 0 })
}

function timesAreFine(batch: LoggedBatch, { appendTime, timestampBeforeMs, timestampAfterMs }: TopicConfig, now: number): boolean {
  if (appendTime) return true
  if (batch.maxTimestamp - now > timestampAfterMs) return false
  if (timestampBeforeMs === Infinity) return true
  const { timestamps, count } = recordsOf(batch)
  return timestamps.subarray(0, count).every((timestamp) => timestamp === -1 || now - timestamp <= timestampBeforeMs)
}

const timestampMessage = 'One or more records have been rejected due to invalid timestamp'
const keylessMessage = (count: number): string =>
  `One or more records have been rejected due to ${count} record errors in total, and only showing the first three errors at most: ` +
  'Compacted topic cannot accept message without key'
