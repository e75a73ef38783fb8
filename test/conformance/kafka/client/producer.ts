import type { TopicPartition } from '../../../../runtime/kafka/records.ts'
import { partitionKey } from '../../../../runtime/kafka/records.ts'
import type { MemberIdentity, ProducedPartition } from '../../../../runtime/kafka/transport.ts'
import type { TestRecord } from './batches.ts'
import { errorName } from './errors.ts'
import type { KafkaUnderTest } from './kafka.ts'
import type { Named, RawTopic } from './topic.ts'

export interface RawIdentity {
  readonly transactionalId: string | null
  readonly producerId: number
  readonly epoch: number
}

export interface WriteOptions {
  readonly partition?: number
  /** Instead of the next one. */
  readonly sequence?: number
  readonly epoch?: number
}

/** One producer's requests. It numbers its records, and knows nothing else: what is not in order is sent all the same. */
export class RawProducer {
  readonly node: number
  readonly identity: RawIdentity
  readonly #kafka: KafkaUnderTest
  readonly #sequences = new Map<string, number>()

  constructor(kafka: KafkaUnderTest, node: number, identity: RawIdentity) {
    this.#kafka = kafka
    this.node = node
    this.identity = identity
  }

  /** For requests by hand. */
  get transactional() {
    const { transactionalId, producerId, epoch } = this.identity
    if (transactionalId === null) throw new Error('This producer has no transactional id')
    return { transactionalId, producerId, epoch }
  }

  /** AddPartitionsToTxn, once the transaction before has ended. */
  async add(...partitions: readonly TopicPartition[]): Promise<string> {
    const answer = await this.#kafka.settled(
      () => this.#kafka.channel.addPartitionsToTxn(this.node, { ...this.transactional, partitions }),
      ([first]) => first!.error,
    )
    return answer.map(({ error }) => errorName(error)).join(',')
  }

  /** One batch. The sequence moves on when it is accepted. */
  async write(topic: RawTopic, records: readonly TestRecord[], options: WriteOptions = {}): Promise<Named<ProducedPartition>> {
    const { transactionalId, producerId } = this.identity
    const { partition = 0, epoch = this.identity.epoch } = options
    const key = partitionKey(topic.topic, partition)
    const sequence = options.sequence ?? this.#sequences.get(key) ?? 0
    const batch = this.#kafka.batch(records, { producerId, epoch, sequence, transactional: transactionalId !== null })
    const answer = await topic.writeBatch(batch, { partition, transactionalId })
    if (answer.error === 'NONE' && options.sequence === undefined) this.#sequences.set(key, sequence + records.length)
    return answer
  }

  /** Adds the partition and writes one batch: `NONE`, or what was answered first that is not. */
  async addAndWrite(topic: RawTopic, records: readonly TestRecord[], options: WriteOptions = {}): Promise<string> {
    const added = await this.add(topic.at(options.partition ?? 0))
    return added === 'NONE' ? (await this.write(topic, records, options)).error : added
  }

  async addOffsets(groupId: string): Promise<string> {
    const answer = await this.#kafka.settled(
      () => this.#kafka.channel.addOffsetsToTxn(this.node, { ...this.transactional, groupId }),
      ({ error }) => error,
    )
    return errorName(answer.error)
  }

  /** TxnOffsetCommit of one partition. */
  async commitOffset(member: MemberIdentity, at: TopicPartition, offset: number, metadata = ''): Promise<string> {
    const node = await this.#kafka.coordinator('group', member.groupId)
    const request = { ...this.transactional, ...member, offsets: [{ ...at, offset, metadata }] }
    const answer = await this.#kafka.settled(
      () => this.#kafka.channel.txnOffsetCommit(node, request),
      ([first]) => first!.error,
    )
    return errorName(answer[0]!.error)
  }

  /** AddOffsetsToTxn and TxnOffsetCommit: `NONE`, or what was answered first that is not. */
  async addAndCommitOffset(member: MemberIdentity, at: TopicPartition, offset: number, metadata = ''): Promise<string> {
    const added = await this.addOffsets(member.groupId)
    return added === 'NONE' ? this.commitOffset(member, at, offset, metadata) : added
  }

  async end(outcome: 'commit' | 'abort'): Promise<string> {
    const answer = await this.#kafka.settled(
      () => this.#kafka.channel.endTxn(this.node, { ...this.transactional, commit: outcome === 'commit' }),
      ({ error }) => error,
    )
    return errorName(answer.error)
  }

  /** Ends it, and waits until all markers are written and the coordinator knows it: until a repeat is answered. */
  async finish(outcome: 'commit' | 'abort'): Promise<string> {
    const ended = await this.end(outcome)
    return ended === 'NONE' ? this.end(outcome) : ended
  }
}
