/** Reads what stands in a scripted Kafka, a few records a block. */
import type { BlockFetcher, PartitionEnds, PartitionPosition } from '../../runtime/kafka/client.ts'
import type { RecordBlock } from '../../runtime/kafka/records.ts'
import { partitionKey } from '../../runtime/kafka/records.ts'
import type { ScriptedKafka } from './scripted-kafka.ts'

const blockRecords = 16

export class ScriptedFetcher implements BlockFetcher {
  readonly #kafka: ScriptedKafka
  #positions = new Map<string, PartitionPosition>()
  readonly #paused = new Set<string>()

  constructor(kafka: ScriptedKafka) {
    this.#kafka = kafka
  }

  assign(positions: readonly PartitionPosition[]): void {
    const kept = this.#positions
    const named = positions.map((position) => [partitionKey(position.topic, position.partition), position] as const)
    this.#positions = new Map(named.map(([key, position]) => [key, kept.get(key) ?? position]))
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#positions.set(partitionKey(topic, partition), { topic, partition, offset })
  }

  pause(topic: string, partition: number, paused: boolean): void {
    if (paused) this.#paused.add(partitionKey(topic, partition))
    else this.#paused.delete(partitionKey(topic, partition))
  }

  async next(timeoutMs: number): Promise<RecordBlock | null> {
    await this.#kafka.call('fetch', '')
    const [first] = this.ready()
    if (first !== undefined) return this.take(first.topic, first.partition)
    const timeout = Promise.withResolvers<void>()
    const timer = setTimeout(timeout.resolve, timeoutMs)
    await Promise.race([this.#kafka.changed(), timeout.promise])
    clearTimeout(timer)
    return null
  }

  take(topic: string, partition: number): RecordBlock | null {
    const { offset = 0 } = this.#positions.get(partitionKey(topic, partition)) ?? {}
    const to = Math.min(offset + blockRecords, this.#kafka.log(topic, partition).length)
    if (to <= offset) return null
    this.seek(topic, partition, to)
    return this.#kafka.block(topic, partition, offset, to)
  }

  ready(): readonly { readonly topic: string; readonly partition: number; readonly timestamp: number }[] {
    return [...this.#positions.values()].flatMap(({ topic, partition, offset }) => {
      const record = this.#kafka.log(topic, partition)[offset]
      return record === undefined || this.#paused.has(partitionKey(topic, partition)) ? [] : [{ topic, partition, timestamp: record.timestamp }]
    })
  }

  check(): void {}

  ends(topic: string, partition: number): PartitionEnds {
    const end = this.#kafka.log(topic, partition).length
    const { offset = 0 } = this.#positions.get(partitionKey(topic, partition)) ?? {}
    return {
      highWatermark: end,
      lastStableOffset: end,
      logStart: this.#kafka.logStart(topic, partition),
      fetchOffset: offset,
      askedAt: performance.now(),
      answeredAt: performance.now(),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
