import type { Compression } from '../batch/codecs.ts'
import { decodeBatch } from '../batch/decode.ts'
import { BatchBuilder } from '../batch/encode.ts'
import { readBatchHeader } from '../batch/header.ts'
import { readHeaders } from '../batch/headers.ts'

/** The producer as its batches name it. */
export interface ProducerStamp {
  readonly producerId: number
  readonly epoch: number
  readonly transactional: boolean
}

/** Batches of one partition, in order. The first is on its way when `send` was called: it keeps bytes and sequence until it is acknowledged. */
export class PartitionBuffer {
  readonly topic: string
  readonly partition: number
  /** Of the last finished batch: the next one starts with a buffer of that size. */
  usualBytes = 4 * 1024
  /** The offset behind the last acknowledged record; null: none, or the broker did not say. */
  acknowledged: number | null = null
  #builders: BatchBuilder[] = []
  #sent: Buffer | null = null
  #sequence = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get empty(): boolean {
    return this.#builders.length === 0
  }

  /** The batch that takes records; null when a new one has to be pushed. */
  get open(): BatchBuilder | null {
    const last = this.#builders.length - 1
    return last < 0 || (last === 0 && this.#sent !== null) ? null : this.#builders[last]!
  }

  push(builder: BatchBuilder): void {
    this.#builders.push(builder)
  }

  /** Records in the batch that is sent next. */
  get firstCount(): number {
    return this.#builders[0]?.count ?? 0
  }

  /** The first batch; the same bytes again until it is acknowledged, so that the broker can tell a repetition. */
  send(stamp: ProducerStamp, compression: Compression): Buffer {
    const first = this.#builders[0]!
    this.usualBytes = Math.ceil(first.size * 1.1)
    this.#sent ??= first.finish({ ...stamp, sequence: this.#sequence }, compression)
    return this.#sent
  }

  /** Returns the bytes that are no longer waiting. */
  acknowledge(baseOffset: number): number {
    const first = this.#builders.shift()!
    this.acknowledged = baseOffset < 0 ? null : baseOffset + first.count
    this.#sequence = nextSequence(this.#sequence, first.count)
    this.#sent = null
    return first.size
  }

  /**
   * After the broker refused the first batch as too large: two halves in its place. The refusal used up no sequence numbers. Returns how many bytes more are
   * waiting now: each half has a head.
   */
  split(): number {
    const first = this.#builders.shift()!
    const bytes = first.finish(null, 'none')
    const block = decodeBatch(readBatchHeader(bytes, 0)!, { topic: this.topic, partition: this.partition, from: 0 })
    const halves = [new BatchBuilder(first.size), new BatchBuilder(first.size)] as const
    for (let i = 0; i < block.count; i++) {
      const key = block.keyStart[i]! < 0 ? null : block.bytes
      const value = block.valueStart[i]! < 0 ? null : block.bytes
      const half = halves[i < block.count / 2 ? 0 : 1]
      half.append(
        key,
        block.keyStart[i]!,
        block.keyEnd[i]!,
        value,
        block.valueStart[i]!,
        block.valueEnd[i]!,
        block.timestamps[i]!,
        readHeaders(block, i),
      )
    }
    this.#builders.unshift(...halves)
    this.#sent = null
    return halves[0].size + halves[1].size - first.size
  }

  clear(): void {
    this.#builders = []
    this.#sent = null
  }
}

/** Sequence numbers are int32 and start again at 0. */
function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 0x8000_0000
}
