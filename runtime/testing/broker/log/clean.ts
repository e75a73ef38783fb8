/** What a pass of Kafka's log cleaner leaves of a compacted log. As LogCleaner and MemoryRecords.filterTo. */
import { BatchBuilder } from '../../../kafka/batch/encode.ts'
import { readHeaders } from '../../../kafka/batch/headers.ts'
import { attribute, layout, lengthOverhead, readInt64, writeInt64 } from '../../../kafka/batch/layout.ts'
import { readVarint, varintEnd, varintSize, writeVarint } from '../../../kafka/batch/varint.ts'
import type { RecordBlock } from '../../../kafka/records.ts'
import type { LoggedBatch } from './batch.ts'
import { readBatch, seal } from './batch.ts'
import type { AbortedEntry } from './partition-log.ts'
import { CleanedTransactions } from './cleaned-transactions.ts'
import { recordsOf } from './validate.ts'

export interface CleanOptions {
  /** The last stable offset: nothing from here on is touched. */
  readonly upTo: number
  readonly now: number
  /** How long tombstones and markers stay after the first pass that finds them useless. */
  readonly deleteRetentionMs: number
  /** Whether the log needs the batch, be it empty, for what it remembers of its producer. */
  readonly needs: (batch: LoggedBatch) => boolean
}

export interface Cleaned {
  readonly batches: readonly LoggedBatch[]
  readonly aborted: readonly AbortedEntry[]
}

/** The bit that says that the base timestamp is when tombstones and markers of the batch may go. */
const deleteHorizonFlag = 0x40

export function clean(batches: readonly LoggedBatch[], aborted: readonly AbortedEntry[], options: CleanOptions): Cleaned {
  const latest = latestOffsets(batches, aborted, options.upTo)
  const transactions = new CleanedTransactions(aborted)
  const left: LoggedBatch[] = []
  for (const batch of batches) {
    if (batch.baseOffset >= options.upTo) left.push(batch)
    else {
      const kept = cleanBatch(batch, transactions.useless(batch), latest, options)
      if (kept !== null) left.push(kept)
    }
  }
  const beyond = aborted.filter((entry) => entry.lastOffset >= options.upTo)
  return { batches: left, aborted: [...transactions.stillAborted, ...beyond] }
}

/** key -> offset of its newest committed record. Binary strings make bytes into keys. */
function latestOffsets(batches: readonly LoggedBatch[], aborted: readonly AbortedEntry[], upTo: number): ReadonlyMap<string, number> {
  const transactions = new CleanedTransactions(aborted)
  const latest = new Map<string, number>()
  for (const batch of batches) {
    if (batch.baseOffset >= upTo) break
    if (transactions.useless(batch) || batch.control || batch.count === 0) continue
    const records = recordsOf(batch)
    for (let i = 0; i < records.count; i++) if (records.keyStart[i]! >= 0) latest.set(keyOf(records, i), records.offsets[i]!)
  }
  return latest
}

function cleanBatch(batch: LoggedBatch, useless: boolean, latest: ReadonlyMap<string, number>, options: CleanOptions): LoggedBatch | null {
  const horizon = horizonOf(batch)
  const isLast = batch.lastOffset + 1 === options.upTo
  const empty = (): LoggedBatch | null => (options.needs(batch) || isLast ? emptied(batch) : null)
  if (batch.count === 0) return empty()
  if (batch.control) {
    if (!useless) return batch
    if (horizon !== null && horizon <= options.now) return empty()
    return horizon === null ? rewritten(batch, null, options.now + options.deleteRetentionMs) : batch
  }
  if (useless) return empty()
  const records = recordsOf(batch)
  const keep: number[] = []
  let tombstones = false
  for (let i = 0; i < records.count; i++) {
    if (records.keyStart[i]! < 0 || (latest.get(keyOf(records, i)) ?? -1) > records.offsets[i]!) continue
    const tombstone = records.valueStart[i]! < 0
    if (tombstone && horizon !== null && horizon <= options.now) continue
    tombstones ||= tombstone
    keep.push(i)
  }
  if (keep.length === 0) return empty()
  const setsHorizon = tombstones && horizon === null
  if (keep.length === batch.count && !setsHorizon) return batch
  return rewritten(batch, keep, setsHorizon ? options.now + options.deleteRetentionMs : horizon)
}

function keyOf({ bytes, keyStart, keyEnd }: RecordBlock, i: number): string {
  return bytes.toString('latin1', keyStart[i], keyEnd[i])
}

function horizonOf({ bytes, attributes }: LoggedBatch): number | null {
  return (attributes & deleteHorizonFlag) === 0 ? null : readInt64(bytes, layout.baseTimestamp)
}

/** A batch without records, which still says what offsets and sequences its producer used. */
function emptied(batch: LoggedBatch): LoggedBatch {
  if (batch.count === 0) return batch
  const bytes = Buffer.from(batch.bytes.subarray(0, layout.records))
  bytes.writeInt32BE(layout.records - lengthOverhead, layout.length)
  bytes.writeInt16BE(batch.attributes & (attribute.logAppendTime | attribute.transactional | attribute.control), layout.attributes)
  writeInt64(bytes, layout.baseTimestamp, -1)
  bytes.writeInt32BE(0, layout.count)
  return readBatch(seal(bytes))!
}

/** The batch with some of its records (null: all of them), which keep their offsets. Written without compression. */
function rewritten(batch: LoggedBatch, keep: readonly number[] | null, horizon: number | null): LoggedBatch {
  const records = recordsOf(batch)
  const base = horizon ?? records.timestamps[keep?.[0] ?? 0]!
  const parts = (keep ?? Array.from({ length: records.count }, (_, i) => i)).map((i) => recordBytes(records, i, base, batch.baseOffset))
  const bytes = Buffer.concat([batch.bytes.subarray(0, layout.records), ...parts])
  const logAppendTime = (batch.attributes & attribute.logAppendTime) !== 0
  bytes.writeInt32BE(bytes.length - lengthOverhead, layout.length)
  bytes.writeInt16BE((batch.attributes & ~attribute.codec) | (horizon === null ? 0 : deleteHorizonFlag), layout.attributes)
  writeInt64(bytes, layout.baseTimestamp, base)
  if (!logAppendTime) writeInt64(bytes, layout.maxTimestamp, newest(records, keep))
  bytes.writeInt32BE(parts.length, layout.count)
  return readBatch(seal(bytes))!
}

function newest({ timestamps, count }: RecordBlock, keep: readonly number[] | null): number {
  return keep === null
    ? timestamps.subarray(0, count).reduce((a, b) => Math.max(a, b), -1)
    : keep.reduce((most, i) => Math.max(most, timestamps[i]!), -1)
}

/** A record with its length, its timestamp and offset told from new bases. */
function recordBytes(records: RecordBlock, i: number, baseTimestamp: number, baseOffset: number): Buffer {
  const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamps, offsets } = records
  const builder = new BatchBuilder(128)
  // The first of a batch has deltas of one byte each: they are put in the place of our own.
  builder.append(bytes, keyStart[i]!, keyEnd[i]!, valueStart[i]! < 0 ? null : bytes, valueStart[i]!, valueEnd[i]!, 0, readHeaders(records, i))
  const single = builder.finish(null, 'none').subarray(layout.records)
  readVarint(single, 0)
  const rest = single.subarray(varintEnd + 3)
  const [timeDelta, offsetDelta] = [timestamps[i]! - baseTimestamp, offsets[i]! - baseOffset]
  const size = 1 + varintSize(timeDelta) + varintSize(offsetDelta) + rest.length
  const head = Buffer.alloc(varintSize(size) + size - rest.length)
  let at = writeVarint(head, 0, size)
  head[at++] = 0
  at = writeVarint(head, at, timeDelta)
  writeVarint(head, at, offsetDelta)
  return Buffer.concat([head, rest])
}
