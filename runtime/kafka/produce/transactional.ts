import { StreamJobError } from '../../errors.ts'
import type { Compression } from '../batch/codecs.ts'
import { refused, wireError } from '../broker-errors.ts'
import type { GroupIdentity, OffsetToCommit, TransactionalProducer } from '../client.ts'
import type { Routes } from '../routes.ts'
import type { Timing } from '../timing.ts'
import type { KafkaChannel, PartitionError, ProducerIdentity } from '../transport.ts'
import { ProduceBuffer } from './buffer.ts'
import { finalFailure } from './failure.ts'
import type { PartitionBuffer } from './partition-buffer.ts'
import type { SenderOptions } from './sender.ts'
import { sendAll } from './sender.ts'

export interface TransactionalOptions {
  /** Its own; closed with the producer. */
  readonly channel: KafkaChannel
  readonly routes: Routes
  readonly timing: Timing
  readonly transactionalId: string
  /** After which the broker aborts what this producer leaves open. */
  readonly transactionTimeoutMs: number
  readonly compression?: Compression
  readonly batchBytes?: number
  /** How long one step of a transaction is tried. */
  readonly patienceMs?: number
}

/** Transactions in the protocol of brokers 2.5 and later: partitions and offsets are added, then written, then the transaction is ended. */
export class Transactions implements TransactionalProducer {
  readonly #options: Required<TransactionalOptions>
  readonly #buffer: ProduceBuffer
  readonly #sender: SenderOptions
  readonly #closing = new AbortController()
  readonly #added = new Set<PartitionBuffer>()
  #offsetsAdded = false
  #identity: ProducerIdentity | null = null
  #failure: StreamJobError | null = null
  /** Calls run one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  readonly append: TransactionalProducer['append']

  constructor(options: TransactionalOptions) {
    this.#options = { compression: 'none', batchBytes: 1_000_000, patienceMs: 20_000, ...options }
    const { channel, routes, timing, compression, patienceMs } = this.#options
    this.#sender = { channel, routes, timing, compression, deliveryTimeoutMs: patienceMs, signal: this.#closing.signal }
    this.#buffer = new ProduceBuffer(this.#options.batchBytes)
    this.append = this.#buffer.append
  }

  get failed(): boolean {
    return this.#failure !== null
  }

  get bufferedBytes(): number {
    return this.#buffer.bytes
  }

  acknowledged(topic: string, partition: number): number | null {
    return this.#buffer.acknowledged(topic, partition)
  }

  get open(): boolean {
    return this.#begun || this.#buffer.bytes > 0
  }

  init(): Promise<void> {
    return this.#exclusively(async () => {
      const { transactionalId, channel, transactionTimeoutMs } = this.#options
      const answer = await this.#coordinated(
        'InitProducerId',
        (node) => channel.initProducerId(node, { transactionalId, transactionTimeoutMs }),
        onlyError,
        true,
      )
      this.#identity = { transactionalId, producerId: answer.producerId, epoch: answer.epoch }
    })
  }

  flush(): Promise<void> {
    return this.#exclusively(async () => {
      const waiting = this.#buffer.waiting
      await this.#addPartitions(waiting)
      await this.#send(waiting)
    })
  }

  commit(offsets: readonly OffsetToCommit[], group: GroupIdentity): Promise<void> {
    return this.#exclusively(async () => {
      const waiting = this.#buffer.waiting
      await this.#addPartitions(waiting)
      const steps = await Promise.allSettled([this.#send(waiting), this.#commitOffsets(offsets, group)])
      for (const step of steps) if (step.status === 'rejected') throw step.reason
      await this.#end(true)
    })
  }

  abort(): Promise<void> {
    return this.#exclusively(async () => {
      this.#buffer.clear()
      await this.#end(false)
    })
  }

  /** Leaves an open transaction to the next `init` under this id, or to its time-out. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new StreamJobError('transaction-lost', `The producer ${this.#options.transactionalId} is closed`)
    this.#closing.abort()
    await this.#options.channel[Symbol.asyncDispose]()
  }

  get #begun(): boolean {
    return this.#added.size > 0 || this.#offsetsAdded
  }

  async #addPartitions(waiting: readonly PartitionBuffer[]): Promise<void> {
    const partitions = waiting.filter((partition) => !this.#added.has(partition))
    if (partitions.length === 0) return
    const request = { ...this.#demandIdentity(), partitions: partitions.map(({ topic, partition }) => ({ topic, partition })) }
    // Counted before the answer: a lost answer may have begun the transaction.
    for (const partition of partitions) this.#added.add(partition)
    await this.#coordinated('AddPartitionsToTxn', (node) => this.#options.channel.addPartitionsToTxn(node, request), firstError)
  }

  async #send(waiting: readonly PartitionBuffer[]): Promise<void> {
    if (waiting.length === 0) return
    const { transactionalId, producerId, epoch } = this.#demandIdentity()
    await sendAll(this.#sender, this.#buffer, waiting, transactionalId, { producerId, epoch, transactional: true })
  }

  async #commitOffsets(offsets: readonly OffsetToCommit[], group: GroupIdentity): Promise<void> {
    if (offsets.length === 0) return
    const { channel, routes, patienceMs } = this.#options
    const identity = this.#demandIdentity()
    this.#offsetsAdded = true
    await this.#coordinated('AddOffsetsToTxn', (node) => channel.addOffsetsToTxn(node, { ...identity, groupId: group.groupId }), onlyError)
    const doing = `TxnOffsetCommit of ${identity.transactionalId}`
    const request = { ...identity, ...group, offsets }
    const answer = await routes.coordinated('group', group.groupId, doing, (node) => channel.txnOffsetCommit(node, request), firstError, {
      resendLost: false,
      patienceMs,
      signal: this.#closing.signal,
    })
    demandNone(firstError(answer), doing, { ...group })
  }

  async #end(commit: boolean): Promise<void> {
    if (!this.#begun) return
    const request = { ...this.#demandIdentity(), commit }
    await this.#coordinated('EndTxn', (node) => this.#options.channel.endTxn(node, request), onlyError)
    this.#added.clear()
    this.#offsetsAdded = false
  }

  /**
   * A request whose answer is lost may still be carried out much later, then in another transaction of the same epoch: an old offset would come back by it, or
   * that transaction end before its time. So nothing is sent again but InitProducerId, whose new epoch fences what is on its way.
   */
  async #coordinated<A>(request: string, send: (node: number) => Promise<A>, errorOf: (answer: A) => number, resendLost = false): Promise<A> {
    const { transactionalId, routes, patienceMs } = this.#options
    const doing = `${request} of ${transactionalId}`
    const answer = await routes.coordinated('transaction', transactionalId, doing, send, errorOf, {
      resendLost,
      patienceMs,
      signal: this.#closing.signal,
    })
    demandNone(errorOf(answer), doing, { transactionalId })
    return answer
  }

  #demandIdentity(): ProducerIdentity {
    if (this.#identity === null) throw new StreamJobError('internal', `init() was not called on the producer ${this.#options.transactionalId}`)
    return this.#identity
  }

  #exclusively(work: () => Promise<void>): Promise<void> {
    const run = this.#last.then(async () => {
      if (this.#failure !== null)
        throw new StreamJobError('transaction-lost', `This producer failed before: ${this.#failure.message}`, { cause: this.#failure })
      try {
        await work()
      } catch (error) {
        this.#failure ??= finalFailure(error, `The producer ${this.#options.transactionalId}`)
        throw this.#failure
      }
    })
    this.#last = run.catch(() => undefined)
    return run
  }
}

function onlyError(answer: { readonly error: number }): number {
  return answer.error
}

/** Partitions are added all or none: those without fault then say OPERATION_NOT_ATTEMPTED. */
function firstError(answers: readonly PartitionError[]): number {
  const errors = answers.map((answer) => answer.error).filter((error) => error !== wireError.none)
  return errors.find((error) => error !== wireError.notAttempted) ?? errors[0] ?? wireError.none
}

function demandNone(error: number, doing: string, fields: Record<string, unknown>): void {
  if (error !== wireError.none) throw refused(error, doing, fields)
}
