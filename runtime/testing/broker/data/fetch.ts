/** Fetch at one broker: what there is, or what there will be within the time that the client waits. As ReplicaManager and DelayedFetch. */
import type { FetchAnswer, FetchedPartition, FetchRequest } from '../../../kafka/transport.ts'
import { brokerError } from '../errors.ts'
import type { Ground } from '../ground.ts'
import type { Partition, Topics } from '../topics.ts'

type Asked = FetchRequest['partitions'][number]

export class Fetches {
  readonly #ground: Ground
  readonly #topics: Topics

  constructor(ground: Ground, topics: Topics) {
    this.#ground = ground
    this.#topics = topics
  }

  fetch(node: number, request: FetchRequest, reply: (answer: FetchAnswer) => void): void {
    const found = request.partitions.map((asked) => ({ asked, at: this.#find(asked) }))
    const readable = found.flatMap(({ asked, at }) => (typeof at === 'number' ? [] : [{ asked, partition: at }]))
    const answer = (): FetchAnswer => ({ error: brokerError.none, partitions: this.#read(node, request, found) })
    const first = answer()
    const bytes = first.partitions.reduce((sum, { records }) => sum + records.length, 0)
    const failed = readable.some(({ asked, partition }) => refusalOf(node, partition, asked.offset) !== brokerError.none)
    if (request.maxWaitMs <= 0 || readable.length === 0 || bytes >= request.minBytes || failed) return reply(first)

    const settle = (): void => {
      for (const forget of watching) forget()
      callOff()
      reply(answer())
    }
    const look = (): void => {
      if (readable.some(({ partition }) => partition.gone || partition.leader !== node) || this.#bytesOf(readable) >= request.minBytes) settle()
    }
    const watching = readable.map(({ partition }) => partition.watch(look))
    const callOff = this.#ground.scheduler.after(request.maxWaitMs, settle)
  }

  /** An error where there is no such partition at all: that alone answers no fetch before its time. */
  #find({ topicId, partition }: Asked): Partition | number {
    const topic = this.#topics.withId(topicId)
    if (topic === undefined) return brokerError.unknownTopicId
    return topic.partitions[partition] ?? brokerError.unknownTopicOrPartition
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
      const error = refusalOf(node, at, offset)
      if (error !== brokerError.none) return failure(asked, error)
      const { highWatermark, lastStableOffset, logStart } = at.log
      const { records, aborted } = at.log.read(offset, Math.min(maxBytes, left), whole)
      if (records.length > 0) whole = false
      left = Math.max(0, left - records.length)
      return { topicId, partition, error, highWatermark, lastStableOffset, logStart, aborted, records }
    })
  }
}

function refusalOf(node: number, { gone, leader, log }: Partition, offset: number): number {
  if (gone) return brokerError.unknownTopicOrPartition
  if (leader !== node) return brokerError.notLeaderOrFollower
  log.refresh()
  return offset < log.logStart || offset > log.highWatermark ? brokerError.offsetOutOfRange : brokerError.none
}

function failure({ topicId, partition }: Asked, error: number): FetchedPartition {
  return { topicId, partition, error, highWatermark: -1, lastStableOffset: -1, logStart: -1, aborted: [], records: noRecords }
}

const noRecords = Buffer.alloc(0)
