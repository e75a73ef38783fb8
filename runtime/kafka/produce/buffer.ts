/** Records on their way to a broker: one growing batch for each partition, finished ones waiting in order behind it. */
import { BatchBuilder } from '../batch/encode.ts'
import type { TransactionalProducer } from '../client.ts'
import { PartitionBuffer } from './partition-buffer.ts'

export class ProduceBuffer {
  readonly #batchBytes: number
  readonly #topics = new Map<string, PartitionBuffer[]>()
  #bytes = 0
  #lastTopic = ''
  #lastPartitions: PartitionBuffer[] = []

  constructor(batchBytes: number) {
    this.#batchBytes = batchBytes
  }

  /** Bytes that no broker has acknowledged yet. */
  get bytes(): number {
    return this.#bytes
  }

  readonly append: TransactionalProducer['append'] = (topic, partition, key, keyStart, keyEnd, value, valueStart, valueEnd, timestamp, headers) => {
    if (topic !== this.#lastTopic) this.#select(topic)
    const partitions = this.#lastPartitions
    const target = (partitions[partition] ??= new PartitionBuffer(topic, partition))
    const payload = (key === null ? 0 : keyEnd - keyStart) + (value === null ? 0 : valueEnd - valueStart)
    let builder = target.open
    if (builder === null || builder.size + payload > this.#batchBytes) {
      builder = new BatchBuilder(Math.min(this.#batchBytes, target.usualBytes))
      target.push(builder)
    }
    const before = builder.count === 0 ? 0 : builder.size
    builder.append(key, keyStart, keyEnd, value, valueStart, valueEnd, timestamp, headers)
    this.#bytes += builder.size - before
  }

  /** The partitions that have something to send. */
  get waiting(): readonly PartitionBuffer[] {
    return [...this.#topics.values()].flatMap((partitions) => partitions.filter((partition) => partition?.empty === false))
  }

  /** The offset behind the last acknowledged record; null: there is none, or the broker did not say. */
  acknowledged(topic: string, partition: number): number | null {
    return this.#topics.get(topic)?.[partition]?.acknowledged ?? null
  }

  /** To be called with every acknowledged batch. `baseOffset`: of its first record, as the broker says; -1: it does not. */
  acknowledge(partition: PartitionBuffer, baseOffset: number): void {
    this.#bytes -= partition.acknowledge(baseOffset)
  }

  /** To be called with a batch that is too large for the broker. */
  split(partition: PartitionBuffer): void {
    this.#bytes += partition.split()
  }

  /** Forgets what was not sent; sequences go on where they are. */
  clear(): void {
    for (const partition of this.waiting) partition.clear()
    this.#bytes = 0
  }

  #select(topic: string): void {
    let partitions = this.#topics.get(topic)
    if (partitions === undefined) this.#topics.set(topic, (partitions = []))
    this.#lastTopic = topic
    this.#lastPartitions = partitions
  }
}
