import type { FetchedPartition, ProducedPartition } from '../../../../runtime/kafka/transport.ts'
import { offsetAt } from '../../../../runtime/kafka/transport.ts'
import type { ReadRecord, TestRecord } from './batches.ts'
import { batchesIn, committedIn, describeBatch } from './batches.ts'
import { errorName } from './errors.ts'
import type { KafkaUnderTest } from './kafka.ts'

export type Named<A extends { readonly error: number }> = Omit<A, 'error'> & { readonly error: string }

export interface FetchOptions {
  readonly partition?: number
  readonly offset?: number
  readonly maxBytes?: number
  readonly maxWaitMs?: number
  readonly minBytes?: number
}

/** A topic as its brokers showed it once: asked by its id, whatever becomes of its name. */
export class RawTopic {
  readonly topic: string
  readonly topicId: string
  readonly leaders: readonly number[]
  readonly #kafka: KafkaUnderTest

  /** Null while a broker does not know of it, or a leader not that it leads. */
  static async find(kafka: KafkaUnderTest, topic: string): Promise<RawTopic | null> {
    const { brokers, topics } = await kafka.channel.metadata([topic])
    const found = topics[0]!
    const leaders = found.partitions.toSorted((a, b) => a.partition - b.partition).map(({ leader }) => leader)
    if (found.error !== 0 || leaders.length === 0 || leaders.includes(-1)) return null
    const partitions = leaders.map((_, partition) => ({ topic, partition, timestamp: offsetAt.earliest }))
    for (const { node } of brokers) {
      const listed = await kafka.channel.listOffsets(node, { partitions })
      const right = ({ error, partition }: (typeof listed)[number]): boolean =>
        errorName(error) === (leaders[partition] === node ? 'NONE' : 'NOT_LEADER_OR_FOLLOWER')
      if (!listed.every(right)) return null
    }
    return new RawTopic(kafka, topic, found.id, leaders)
  }

  private constructor(kafka: KafkaUnderTest, topic: string, topicId: string, leaders: readonly number[]) {
    this.#kafka = kafka
    this.topic = topic
    this.topicId = topicId
    this.leaders = leaders
  }

  at(partition: number): { readonly topic: string; readonly partition: number } {
    return { topic: this.topic, partition }
  }

  /** Without a producer's identity. */
  write(records: readonly TestRecord[], partition = 0): Promise<Named<ProducedPartition>> {
    return this.writeBatch(this.#kafka.batch(records), { partition })
  }

  async writeBatch(
    records: Buffer,
    { partition = 0, transactionalId = null }: { readonly partition?: number; readonly transactionalId?: string | null } = {},
  ): Promise<Named<ProducedPartition>> {
    const request = { transactionalId, timeoutMs: 10_000, partitions: [{ ...this.at(partition), records }] }
    const answer = (await this.#kafka.channel.produce(this.leader(partition), request))[0]!
    return { ...answer, error: errorName(answer.error) }
  }

  async fetch(options: FetchOptions = {}, channel = this.#kafka.channel): Promise<Named<FetchedPartition>> {
    const { partition = 0, offset = 0, maxBytes = 1_000_000, maxWaitMs = 0, minBytes = 1 } = options
    const partitions = [{ topic: this.topic, topicId: this.topicId, partition, offset, maxBytes }]
    const answer = await channel.fetch(this.leader(partition), { maxWaitMs, minBytes, maxBytes: 10_000_000, partitions })
    if (answer.error !== 0) throw new Error(`Fetch: ${errorName(answer.error)}`)
    const fetched = answer.partitions[0]!
    return { ...fetched, error: errorName(fetched.error) }
  }

  async listOffset(timestamp: number, partition = 0): Promise<{ readonly error: string; readonly offset: number }> {
    const request = { partitions: [{ ...this.at(partition), timestamp }] }
    const { error, offset } = (await this.#kafka.channel.listOffsets(this.leader(partition), request))[0]!
    return { error: errorName(error), offset }
  }

  /** Lets the log begin at an offset, -1: at its end. */
  async deleteBefore(offset: number, partition = 0): Promise<{ readonly error: string; readonly logStart: number }> {
    const request = { timeoutMs: 10_000, partitions: [{ ...this.at(partition), offset }] }
    const { error, logStart } = (await this.#kafka.channel.deleteRecords(this.leader(partition), request))[0]!
    return { error: errorName(error), logStart }
  }

  /** Where the log ends for those who read everything. */
  async end(partition = 0): Promise<number> {
    return (await this.listOffset(offsetAt.highWatermark, partition)).offset
  }

  /** The last stable offset and the high watermark. */
  async stable(partition = 0): Promise<readonly [lastStableOffset: number, highWatermark: number]> {
    const { lastStableOffset, highWatermark } = await this.fetch({ partition, offset: await this.end(partition) })
    return [lastStableOffset, highWatermark]
  }

  /** Waits until no transaction is open, its markers written. Answers where the log ends then. */
  async settled(partition = 0): Promise<number> {
    return this.#kafka.until(`all transactions of ${this.topic}-${partition} have ended`, async () => {
      const [lastStableOffset, highWatermark] = await this.stable(partition)
      return lastStableOffset === highWatermark ? highWatermark : null
    })
  }

  /** What each batch up to the last stable offset holds. */
  async batches(partition = 0): Promise<readonly string[]> {
    return batchesIn((await this.fetch({ partition })).records).map(describeBatch)
  }

  /** What a read-committed reader sees from the beginning of the log to its last stable offset, in fetches of so many bytes. */
  async committed({ partition = 0, maxBytes = 1_000_000 } = {}): Promise<readonly ReadRecord[]> {
    const records: ReadRecord[] = []
    let position = (await this.listOffset(offsetAt.earliest, partition)).offset
    for (;;) {
      const answer = await this.fetch({ partition, offset: position, maxBytes })
      if (answer.error !== 'NONE') throw new Error(`Fetch from ${position}: ${answer.error}`)
      records.push(...committedIn({ ...answer, error: 0 }, position))
      const last = batchesIn(answer.records).at(-1)
      if (last === undefined) return records
      position = last.lastOffset + 1
    }
  }

  async values(partition = 0): Promise<readonly (string | null)[]> {
    return (await this.committed({ partition })).map(({ value }) => value)
  }

  leader(partition: number): number {
    return this.leaders[partition] ?? this.leaders[0]!
  }
}
