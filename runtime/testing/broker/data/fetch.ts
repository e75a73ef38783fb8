/** Fetch at one broker: what there is, or what there will be within the time that the client waits. As ReplicaManager and DelayedFetch. */
import type { FetchAnswer, FetchedPartition, FetchRequest } from '../../../kafka/transport.ts'
import { brokerError } from '../errors.ts'
import type { Ground } from '../ground.ts'
import type { MetadataViews } from '../metadata-views.ts'
import type { Partition } from '../topics.ts'

type Asked = FetchRequest['partitions'][number]

export class Fetches {
  readonly #ground: Ground
  readonly #views: MetadataViews

  constructor(ground: Ground, views: MetadataViews) {
    this.#ground = ground
    this.#views = views
  }

  fetch(node: number, request: FetchRequest, reply: (answer: FetchAnswer) => void): void {
    const found = request.partitions.map((asked) => ({ asked, at: this.#find(node, asked) }))
    const readable = found.flatMap(({ asked, at }) => (typeof at === 'number' ? [] : [{ asked, partition: at }]))
    const answer = (): FetchAnswer => ({ error: brokerError.none, partitions: this.#read(node, request, found) })
    const first = answer()
    const bytes = first.partitions.reduce((sum, { records }) => sum + records.length, 0)
    const failed = readable.some(({ asked, partition }) => this.#refusal(node, partition, asked.offset) !== brokerError.none)
    if (request.maxWaitMs <= 0 || readable.length === 0 || bytes >= request.minBytes || failed) return reply(first)

    const settle = (): void => {
      for (const forget of watching) forget()
      callOff()
      reply(answer())
    }
    const look = (): void => {
      if (readable.some(({ partition }) => partition.gone || !this.#views.leads(node, partition)) || this.#bytesOf(readable) >= request.minBytes)
        settle()
    }
    const watching = readable.map(({ partition }) => partition.watch(look))
    const callOff = this.#ground.scheduler.after(request.maxWaitMs, settle)
  }

  /** An error where there is no such partition at all: that alone answers no fetch before its time. */
  #find(node: number, { topicId, partition }: Asked): Partition | number {
    const topic = this.#views.withId(node, topicId)
    if (topic === undefined) return brokerError.unknownTopicId
    return this.#views.partition(node, topic.name, partition) ?? brokerError.unknownTopicOrPartition
  }

  #refusal(node: number, partition: Partition, offset: number): number {
    if (partition.gone) return brokerError.unknownTopicOrPartition
    if (!this.#views.leads(node, partition)) return brokerError.notLeaderOrFollower
    partition.log.refresh()
    return offset < partition.log.logStart || offset > partition.log.highWatermark ? brokerError.offsetOutOfRange : brokerError.none
  }

  #bytesOf(readable: readonly { readonly asked: Asked; readonly partition: Partition }[]): number {
    return readable.reduce((sum, { asked, partition }) => sum + Math.max(0, Math.min(partition.log.readable(asked.offset), asked.maxBytes)), 0)
  }

  /** In the order of the request; the first that has anything gets a whole batch, however large. */
  #read(node: number, request: FetchRequest, found: readonly { readonly asked: Asked; readonly at: Partition | number }[]): FetchedPartition[] {
    let left = Math.min(request.maxBytes, this.#ground.settings.fetchMaxBytes)
    let whole = true
    return found.map(({ asked, at }) => {
      if (typeof at === 'number') return failure(asked, at)
      const { topicId, partition, offset, maxBytes } = asked
      const error = this.#refusal(node, at, offset)
      if (error !== brokerError.none) return failure(asked, error)
      const { highWatermark, lastStableOffset, logStart } = at.log
      const { records, aborted } = at.log.read(offset, Math.min(maxBytes, left), whole)
      if (records.length > 0) whole = false
      left = Math.max(0, left - records.length)
      return { topicId, partition, error, highWatermark, lastStableOffset, logStart, aborted, records }
    })
  }
}

function failure({ topicId, partition }: Asked, error: number): FetchedPartition {
  return { topicId, partition, error, highWatermark: -1, lastStableOffset: -1, logStart: -1, aborted: [], records: noRecords }
}

const noRecords = Buffer.alloc(0)
