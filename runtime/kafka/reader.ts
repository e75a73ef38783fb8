import { StreamJobError } from '../errors.ts'
import { clip } from './batch/clip.ts'
import { refused, resendOf, wireError } from './broker-errors.ts'
import type { BlockFetcher, CommittedOffset, KafkaReader, TopicDescription } from './client.ts'
import type { RecordBlock, TopicPartition } from './records.ts'
import { partitionKey } from './records.ts'
import type { Routes } from './routes.ts'
import type { KafkaChannel } from './transport.ts'
import { offsetAt } from './transport.ts'

export interface ReaderOptions {
  readonly channel: KafkaChannel
  /** Its own for deletions, whose answer may wait for replicas. */
  readonly deletions: KafkaChannel
  readonly routes: Routes
  /** A fetcher with a connection of its own, for one partition. */
  readonly fetcher: () => BlockFetcher
  /** Of the producers beside it: brokers refuse what is longer than they allow, of who only fences too. */
  readonly transactionTimeoutMs: number
}

/** How long `tail` and `readRange` wait before they look at their signal again. */
const waitMs = 1_000
/** For all replicas to delete: one that is behind holds the answer up. */
const deletionTimeoutMs = 5_000

export class Reader implements KafkaReader {
  readonly #options: ReaderOptions

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  async describeTopics(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    const { routes, channel } = this.#options
    return routes.patiently(async () => {
      const found = new Map<string, TopicDescription>()
      if (topics.length === 0) return found
      for (const { topic, id, error, partitions } of (await channel.metadata(topics)).topics) {
        if (error === wireError.unknownTopic) continue
        if (error !== wireError.none) throw refused(error, `Looking up the topic ${topic}`, { topic })
        found.set(topic, { topic, id, partitions: partitions.length })
      }
      return found
    })
  }

  async clusterId(): Promise<string> {
    return (await this.#options.routes.metadata([])).clusterId
  }

  async committedOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedOffset>> {
    if (partitions.length === 0) return new Map()
    const doing = `OffsetFetch of ${groupId}`
    const { channel, routes } = this.#options
    const answer = await routes.coordinated(
      'group',
      groupId,
      doing,
      (node) => channel.offsetFetch(node, { groupId, partitions }),
      (found) => found.error || (found.partitions.find((p) => p.error !== wireError.none)?.error ?? wireError.none),
      { resendLost: true, patienceMs: Infinity },
    )
    const error = answer.error || (answer.partitions.find((p) => p.error !== wireError.none)?.error ?? wireError.none)
    if (error !== wireError.none) throw refused(error, doing, { group: groupId })
    return new Map(
      answer.partitions.map((p) => [partitionKey(p.topic, p.partition), { offset: p.offset, metadata: p.offset < 0 ? null : p.metadata }]),
    )
  }

  async listOffset(topic: string, partition: number, at: 'earliest' | 'highWatermark' | { readonly timestamp: number }): Promise<number> {
    const found = await this.#listOffset(topic, partition, typeof at === 'string' ? offsetAt[at] : at.timestamp)
    return found < 0 ? this.#listOffset(topic, partition, offsetAt.highWatermark) : found
  }

  async *readRange(topic: string, partition: number, from: number, to: number, signal: AbortSignal): AsyncIterable<RecordBlock> {
    if (from >= to) return
    for await (const block of this.#follow(topic, partition, from, signal)) {
      yield clip(block, to)
      if (block.nextOffset >= to) return
    }
  }

  async *tail(topic: string, partition: number, signal: AbortSignal): AsyncIterable<RecordBlock> {
    yield* this.#follow(topic, partition, await this.listOffset(topic, partition, 'earliest'), signal)
  }

  async deleteRecords(topic: string, partition: number, before: number): Promise<void> {
    // A broker takes -1 for the end of the log.
    if (!Number.isSafeInteger(before) || before < 0) throw new StreamJobError('internal', `${topic}-${partition} has no offset ${before}`)
    const request = { timeoutMs: deletionTimeoutMs, partitions: [{ topic, partition, offset: before }] }
    const send = (node: number): ReturnType<KafkaChannel['deleteRecords']> => this.#options.deletions.deleteRecords(node, request)
    await this.#askLeader(topic, partition, `DeleteRecords of ${topic}-${partition} before ${before}`, send)
  }

  async fence(transactionalId: string): Promise<void> {
    const { channel, routes, transactionTimeoutMs } = this.#options
    const doing = `Fencing ${transactionalId}`
    const request = { transactionalId, transactionTimeoutMs }
    const send = (node: number): ReturnType<KafkaChannel['initProducerId']> => channel.initProducerId(node, request)
    const { error } = await routes.coordinated('transaction', transactionalId, doing, send, (answer) => answer.error, {
      resendLost: true,
      patienceMs: 60_000,
    })
    if (error !== wireError.none) throw refused(error, doing, { transactionalId })
  }

  async *#follow(topic: string, partition: number, offset: number, signal: AbortSignal): AsyncIterable<RecordBlock> {
    await using fetcher = this.#options.fetcher()
    fetcher.assign([{ topic, partition, offset }])
    const close = (): void => void fetcher[Symbol.asyncDispose]()
    signal.addEventListener('abort', close)
    try {
      while (!signal.aborted) {
        const block = await fetcher.next(waitMs).catch((error: unknown) => {
          if (signal.aborted) return null
          throw error
        })
        if (block !== null) yield block
      }
    } finally {
      signal.removeEventListener('abort', close)
    }
  }

  async #listOffset(topic: string, partition: number, timestamp: number): Promise<number> {
    const request = { partitions: [{ topic, partition, timestamp }] }
    const send = (node: number): ReturnType<KafkaChannel['listOffsets']> => this.#options.channel.listOffsets(node, request)
    return (await this.#askLeader(topic, partition, `ListOffsets of ${topic}-${partition}`, send)).offset
  }

  /** Sends to the leader of the partition until it accepts or refuses for good; again, where an answer is lost. */
  async #askLeader<A extends { readonly error: number }>(
    topic: string,
    partition: number,
    doing: string,
    send: (node: number) => Promise<readonly A[]>,
  ): Promise<A> {
    const { routes } = this.#options
    return routes.patiently(async () => {
      const node = await routes.leader(topic, partition)
      let answer
      try {
        answer = (await send(node))[0]
      } catch (error) {
        routes.forgetLeader(topic)
        throw error
      }
      const error = answer?.error ?? wireError.unknownTopic
      if (resendOf(error) === 'leader') routes.forgetLeader(topic)
      if (answer === undefined || error !== wireError.none) throw refused(error, doing, { topic, partition })
      return answer
    })
  }
}
