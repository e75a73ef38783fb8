/** The client of a case: requests by hand, one by one, with errors by name. */
import { Owned } from '../../../../runtime/kafka/owned.ts'
import type { CoordinatorKind, KafkaChannel } from '../../../../runtime/kafka/transport.ts'
import type { Target } from '../target.ts'
import type { BatchProducer } from '../../../../runtime/kafka/batch/encode.ts'
import type { TestRecord } from './batches.ts'
import { batchOf } from './batches.ts'
import { errorName, isPassing } from './errors.ts'
import { RawGroup } from './group.ts'
import { RawProducer } from './producer.ts'
import { RawTopic } from './topic.ts'

const patienceMs = 30_000
const pauseMs = 5

export class KafkaUnderTest implements AsyncDisposable {
  readonly target: Target
  readonly channel: KafkaChannel
  readonly #name: string
  readonly #channels = new Owned()
  #names = 0

  constructor(target: Target, name: string) {
    this.target = target
    this.#name = name
    this.channel = this.openChannel()
  }

  /** Milliseconds that never go back. */
  now(): number {
    return this.target.timing.now()
  }

  /** For topics, groups and transactional ids. */
  uniqueName(what: string): string {
    return `${this.#name}.${what}${this.#names++}`
  }

  /** Answers come one after the other in one channel. */
  openChannel(): KafkaChannel {
    return this.#channels.add(this.target.transport.channel())
  }

  /**
   * A batch to write. Its records have the present time unless they say otherwise: a log whose records lie far apart in time begins a new segment, and no
   * fetch gives records of two segments.
   */
  batch(records: readonly TestRecord[], producer: BatchProducer | null = null): Buffer {
    return batchOf(records, this.target.epochMs(), producer)
  }

  /** A topic that every broker shows. */
  async topic(options: { readonly partitions?: number; readonly config?: Readonly<Record<string, string>>; readonly topic?: string } = {}) {
    const { partitions = 1, config = {}, topic = this.uniqueName('topic') } = options
    await this.target.admin.createTopic({ topic, partitions, replicationFactor: 1, config: { 'retention.ms': '-1', ...config } })
    return this.until(`the topic ${topic} has leaders`, () => RawTopic.find(this, topic))
  }

  /** A transactional producer that has its id and epoch. */
  async producer(options: { readonly transactionalId?: string; readonly timeoutMs?: number } = {}): Promise<RawProducer> {
    const { transactionalId = this.uniqueName('txn'), timeoutMs = 60_000 } = options
    const node = await this.coordinator('transaction', transactionalId)
    return new RawProducer(this, node, await this.init(transactionalId, timeoutMs))
  }

  /** InitProducerId until the transaction before has ended. */
  async init(transactionalId: string, transactionTimeoutMs = 60_000) {
    const node = await this.coordinator('transaction', transactionalId)
    const answer = await this.settled(
      () => this.channel.initProducerId(node, { transactionalId, transactionTimeoutMs }),
      ({ error }) => error,
    )
    if (answer.error !== 0) throw new Error(`InitProducerId: ${errorName(answer.error)}`)
    return { transactionalId, producerId: answer.producerId, epoch: answer.epoch }
  }

  /** An idempotent producer without transactions. */
  async idempotentProducer(): Promise<RawProducer> {
    const { node } = (await this.channel.metadata([])).brokers[0]!
    const answer = await this.settled(
      () => this.channel.initProducerId(node, { transactionalId: null, transactionTimeoutMs: 60_000 }),
      ({ error }) => error,
    )
    return new RawProducer(this, node, { transactionalId: null, producerId: answer.producerId, epoch: answer.epoch })
  }

  /** A group whose coordinator is ready. */
  async group(groupId: string = this.uniqueName('group')): Promise<RawGroup> {
    const group = new RawGroup(this, groupId, await this.coordinator('group', groupId))
    const nobody = { ...group.nobody, memberId: 'nobody' }
    await this.until('the coordinator has loaded its groups', async () => {
      const { error } = await this.channel.heartbeat(group.node, nobody)
      return errorName(error) === 'UNKNOWN_MEMBER_ID'
    })
    return group
  }

  coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    return this.until(`the ${kind} ${key} has a coordinator`, async () => {
      const { error, node } = await this.channel.findCoordinator(kind, key)
      return error === 0 ? node : null
    })
  }

  /** The first answer that does not ask to wait for something that is under way. */
  settled<A>(send: () => Promise<A>, errorOf: (answer: A) => number): Promise<A> {
    return this.until('the coordinator is ready', async () => {
      const answer = await send()
      return isPassing(errorName(errorOf(answer))) ? null : { answer }
    }).then(({ answer }) => answer)
  }

  /** Waits until the probe answers something other than null, undefined or false. */
  async until<T>(what: string, probe: () => Promise<T> | T): Promise<Exclude<T, null | undefined | false>> {
    const { timing } = this.target
    for (const deadline = timing.now() + patienceMs; timing.now() < deadline; await timing.sleep(pauseMs)) {
      const answer = await probe()
      // The three are excluded by the comparison.
      if (answer !== null && answer !== undefined && answer !== false) return answer as Exclude<T, null | undefined | false>
    }
    throw new Error(`It did not come about that ${what}`)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#channels[Symbol.asyncDispose]()
  }
}
