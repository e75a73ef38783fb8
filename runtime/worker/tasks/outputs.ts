/** Where the records of one task go: its sinks, late topic, dead-letter topic, by the job's policies. Nothing here leaves before the commit cycle flushes it. */
import { StreamJobError } from '../../errors.ts'
import { partitionFor } from '../../formats/key.ts'
import { readHeaders } from '../../kafka/batch/headers.ts'
import type { RecordBlock, RecordHeader } from '../../kafka/records.ts'
import type { DropReason, LateRecord, StageOutput } from '../../transforms/stage.ts'

/** A topic that the task writes to, with its partition count as of the last join. */
export interface OutputTopic {
  readonly topic: string
  readonly partitions: number
}

/** Where the records of a sink go. */
export interface SinkTopic extends OutputTopic {
  /** Whether it is another stage of the job: then its records are part of the state, and exact whatever the guarantee for outputs is. */
  readonly isStage: boolean
}

/** The topic through which the results in a sink of the stage go to another stage, which has to know the watermark. */
export interface Feed extends OutputTopic {
  /** Index of the sink among those of the stage. */
  readonly sink: number
}

export type Policy = 'DeadLetter' | 'Fail' | 'Skip'

/** The part of a producer that takes records. */
export interface RecordAppender {
  append(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void
}

export interface OutputOptions {
  readonly input: { readonly topic: string; readonly partition: number }
  /** Those of the stage, in their order. */
  readonly sinks: readonly SinkTopic[]
  /** null: by the policies nothing is written there, and the topic need not exist. */
  readonly late: OutputTopic | null
  readonly deadLetter: OutputTopic | null
  readonly policies: { readonly undecodable: Policy; readonly processing: Policy; readonly late: Policy }
  /** The producers of the moment: both are replaced after a failure. In exactly-once mode they are the same. */
  readonly producers: { readonly outputs: RecordAppender; readonly transactional: RecordAppender }
  /** A late record or dead letter that is larger keeps its coordinates only. Bytes. */
  readonly maxDroppedBytes: number
}

/** Names of the headers of late and dead-letter records. */
export const header = {
  reason: 'streamjob.reason',
  message: 'streamjob.message',
  topic: 'streamjob.topic',
  partition: 'streamjob.partition',
  offset: 'streamjob.offset',
  timestamp: 'streamjob.timestamp',
  transform: 'streamjob.transform',
  windowStart: 'streamjob.window-start',
  windowEnd: 'streamjob.window-end',
  watermark: 'streamjob.watermark',
  truncated: 'streamjob.truncated',
} as const

export class TaskOutput implements StageOutput {
  /** The block in work; `late` and `deadLetter` name records of it by index. */
  block: RecordBlock | null = null
  readonly #options: OutputOptions

  constructor(options: OutputOptions) {
    this.#options = options
  }

  emit(
    sink: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void {
    const { sinks, input, producers } = this.#options
    const { topic, partitions, isStage } = sinks[sink]!
    const partition = key === null ? input.partition % partitions : partitionFor(key, keyStart, keyEnd, partitions)
    const producer = isStage ? producers.transactional : producers.outputs
    producer.append(topic, partition, key, keyStart, keyEnd, value, 0, value?.length ?? 0, timestamp, headers)
  }

  late(record: LateRecord): void {
    const { late, policies } = this.#options
    const window = `[${record.windowStart}, ${record.windowEnd})`
    if (policies.late === 'Fail') throw this.#failure('late', record.index, `its window ${window} closed at watermark ${record.watermark}`)
    if (policies.late === 'Skip') return
    this.#append(
      late,
      record.key,
      record.value,
      record.timestamp,
      [],
      [
        ...this.#coordinates('late', record.index),
        text(header.transform, record.transform),
        text(header.windowStart, record.windowStart),
        text(header.windowEnd, record.windowEnd),
        text(header.watermark, record.watermark),
      ],
    )
  }

  deadLetter(index: number, reason: DropReason, message: string): void {
    const { deadLetter, policies } = this.#options
    const policy = reason === 'processing' ? policies.processing : policies.undecodable
    if (policy === 'Fail') throw this.#failure(reason, index, message)
    if (policy === 'Skip') return
    const block = this.block
    const known = block !== null && index >= 0
    const key = known ? slice(block, block.keyStart[index] ?? -1, block.keyEnd[index] ?? -1) : null
    const value = known ? slice(block, block.valueStart[index] ?? -1, block.valueEnd[index] ?? -1) : null
    const original = known ? readHeaders(block, index) : []
    const added = [...this.#coordinates(reason, index), text(header.message, message.slice(0, 1_000))]
    const timestamp = known ? (block.timestamps[index] ?? 0) : 0
    this.#append(deadLetter, key, value, timestamp, original, added)
  }

  #append(
    target: OutputTopic | null,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    original: readonly RecordHeader[],
    added: readonly RecordHeader[],
  ): void {
    const { input, producers, maxDroppedBytes } = this.#options
    if (target === null) throw new StreamJobError('internal', 'A record was to be kept in a topic that the policies do not ask for.')
    const partition = input.partition % target.partitions
    const [keyBytes, valueBytes] = [key?.length ?? 0, value?.length ?? 0]
    const size = keyBytes + valueBytes + original.reduce((sum, one) => sum + Buffer.byteLength(one.key) + (one.value?.length ?? 0), 0)
    const { transactional } = producers
    if (size <= maxDroppedBytes) {
      transactional.append(target.topic, partition, key, 0, keyBytes, value, 0, valueBytes, timestamp, [...original, ...added])
    } else transactional.append(target.topic, partition, null, 0, 0, null, 0, 0, timestamp, [...added, text(header.truncated, size)])
  }

  /** A result that failed behind a window comes from no single record (index -1): it has no offset and no timestamp. */
  #coordinates(reason: DropReason, index: number): RecordHeader[] {
    const { topic, partition } = this.#options.input
    const place = [text(header.reason, reason), text(header.topic, topic), text(header.partition, partition)]
    if (this.block === null || index < 0) return place
    return [...place, text(header.offset, this.block.offsets[index] ?? -1), text(header.timestamp, this.block.timestamps[index] ?? -1)]
  }

  #failure(reason: DropReason, index: number, message: string): StreamJobError {
    const { topic, partition } = this.#options.input
    const offset = index < 0 ? undefined : this.block?.offsets[index]
    const where =
      offset === undefined
        ? `A window result of ${topic}, partition ${partition},`
        : `The record at ${topic}, partition ${partition}, offset ${offset}`
    const hint = 'Mend it, or set spec.errors to DeadLetter or Skip for such records.'
    return new StreamJobError('record-failed', `${where} failed (${reason}): ${message}. ${hint}`, { fields: { topic, partition, offset, reason } })
  }
}

function slice(block: RecordBlock, start: number, end: number): Uint8Array | null {
  return start < 0 ? null : block.bytes.subarray(start, end)
}

function text(key: string, value: string | number): RecordHeader {
  return { key, value: Buffer.from(String(value)) }
}
