/** Transactions as Kafka's TransactionCoordinator runs them for clients of the first transaction protocol: the epoch stays from one to the next. */
import type { InitProducerIdAnswer, InitProducerIdRequest, PartitionError, ProducerIdentity } from '../../../kafka/transport.ts'
import type { Coordination } from '../coordination.ts'
import { brokerError } from '../errors.ts'
import type { Ground } from '../ground.ts'
import type { MetadataViews } from '../metadata-views.ts'
import type { Markers } from './markers.ts'
import type { Transaction } from './transaction.ts'
import { lastEpoch, transactionPartition } from './transaction.ts'

export interface TransactionCoordinatorOptions {
  readonly ground: Ground
  readonly coordination: Coordination
  readonly views: MetadataViews
  readonly markers: Markers
  /** Called at the moment that a transaction's fate is written. */
  readonly onDecided: (transaction: Transaction) => void
}

export class TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions
  readonly #transactions = new Map<string, Transaction>()
  #nextProducerId = 0

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options
    options.coordination.serve({ unload: () => {}, load: (partition) => this.#load(partition) })
  }

  get all(): readonly Transaction[] {
    return [...this.#transactions.values()]
  }

  initProducerId(node: number, { transactionalId, transactionTimeoutMs }: InitProducerIdRequest): InitProducerIdAnswer {
    if (transactionalId === null) return { error: brokerError.none, producerId: this.#nextProducerId++, epoch: 0 }
    const { ground, coordination } = this.#options
    if (transactionalId === '') return failed(brokerError.invalidRequest)
    const refusal = coordination.refusal(node, transactionalId)
    if (refusal !== brokerError.none) return failed(refusal)
    const outOfRange = transactionTimeoutMs <= 0 || transactionTimeoutMs > ground.settings.transactionMaxTimeoutMs
    if (outOfRange) return failed(brokerError.invalidTransactionTimeout)
    const transaction = this.#remembered(transactionalId) ?? this.#create(transactionalId, transactionTimeoutMs)
    switch (transaction.state) {
      case 'PrepareCommit':
      case 'PrepareAbort':
        return failed(brokerError.concurrentTransactions)
      case 'Ongoing':
        this.#fence(transaction)
        return failed(brokerError.concurrentTransactions)
      case 'Empty':
      case 'CompleteCommit':
      case 'CompleteAbort':
        return this.#grant(transaction, transactionTimeoutMs)
    }
  }

  addPartitions(
    node: number,
    producer: ProducerIdentity,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): PartitionError[] {
    const missing = partitions.map(({ topic, partition }) => this.#options.views.partition(node, topic, partition) === undefined)
    if (missing.includes(true)) {
      const errorAt = (i: number): number => (missing[i] === true ? brokerError.unknownTopicOrPartition : brokerError.operationNotAttempted)
      return partitions.map(({ topic, partition }, i) => ({ topic, partition, error: errorAt(i) }))
    }
    const names = partitions.map(({ topic, partition }) => transactionPartition(topic, partition))
    const error = this.#add(node, producer, names)
    return partitions.map(({ topic, partition }) => ({ topic, partition, error }))
  }

  /** Adds a partition of the offsets topic. */
  addOffsets(node: number, producer: ProducerIdentity, partition: string): number {
    const error = this.#add(node, producer, [partition])
    // The version of this request that we speak is older than the other name.
    return error === brokerError.producerFenced ? brokerError.invalidProducerEpoch : error
  }

  endTxn(node: number, producer: ProducerIdentity, commit: boolean): number {
    const refusal = this.#options.coordination.refusal(node, producer.transactionalId)
    if (refusal !== brokerError.none) return refusal
    const found = this.#find(producer)
    if (typeof found === 'number') return found === brokerError.producerFenced ? brokerError.invalidProducerEpoch : found
    switch (found.state) {
      case 'Ongoing':
        this.#decide(found, commit)
        return brokerError.none
      case 'PrepareCommit':
      case 'PrepareAbort':
        return brokerError.concurrentTransactions
      case 'CompleteCommit':
        return commit ? brokerError.none : brokerError.invalidTxnState
      case 'CompleteAbort':
        return commit ? brokerError.invalidTxnState : brokerError.none
      case 'Empty':
        return brokerError.invalidTxnState
    }
  }

  /** Asked by brokers, not by clients. */
  readonly verify = (producer: ProducerIdentity, partition: string): number => {
    const { coordination } = this.#options
    if (!coordination.serves(coordination.partitionOf(producer.transactionalId))) return brokerError.coordinatorLoadInProgress
    const found = this.#find(producer)
    if (found === brokerError.producerFenced) return brokerError.invalidProducerEpoch
    if (typeof found === 'number') return found
    if (isPrepared(found)) return brokerError.concurrentTransactions
    return found.partitions.has(partition) ? brokerError.none : brokerError.invalidTxnState
  }

  #create(transactionalId: string, timeoutMs: number): Transaction {
    const producerId = this.#nextProducerId++
    const transaction: Transaction = {
      transactionalId,
      producerId,
      epoch: -1,
      timeoutMs,
      state: 'Empty',
      partitions: new Set(),
      startedAt: -1,
      changedAt: this.#options.ground.clock(),
      decisions: 0,
    }
    this.#transactions.set(transactionalId, transaction)
    return transaction
  }

  /** Undefined also for an id that was due to be forgotten at the last check. */
  #remembered(transactionalId: string): Transaction | undefined {
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined || transaction.state === 'Ongoing' || isPrepared(transaction)) return transaction
    const { clock, settings } = this.#options.ground
    const now = clock()
    const checkedAt = now - (now % settings.transactionalIdExpirationCheckMs)
    if (checkedAt - transaction.changedAt < settings.transactionalIdExpirationMs) return transaction
    this.#transactions.delete(transactionalId)
    return undefined
  }

  #find({ transactionalId, producerId, epoch }: ProducerIdentity): Transaction | number {
    const transaction = this.#remembered(transactionalId)
    if (transaction === undefined || transaction.producerId !== producerId) return brokerError.invalidProducerIdMapping
    return transaction.epoch === epoch ? transaction : brokerError.producerFenced
  }

  #add(node: number, producer: ProducerIdentity, partitions: readonly string[]): number {
    const { coordination, ground } = this.#options
    const refusal = coordination.refusal(node, producer.transactionalId)
    if (refusal !== brokerError.none) return refusal
    // Before anybody is asked who he is: until the markers are written it may not be certain.
    const ending = this.#transactions.get(producer.transactionalId)
    if (ending !== undefined && isPrepared(ending)) return brokerError.concurrentTransactions
    const found = this.#find(producer)
    if (typeof found === 'number') return found
    if (found.state !== 'Ongoing') {
      found.state = 'Ongoing'
      found.startedAt = ground.clock()
      this.#watch(found)
    }
    for (const partition of partitions) found.partitions.add(partition)
    found.changedAt = ground.clock()
    return brokerError.none
  }

  /** Another producer under the same id: whoever had it can do nothing more. */
  #grant(transaction: Transaction, timeoutMs: number): InitProducerIdAnswer {
    if (transaction.epoch >= lastEpoch) {
      transaction.producerId = this.#nextProducerId++
      transaction.epoch = 0
    } else transaction.epoch++
    transaction.state = 'Empty'
    transaction.timeoutMs = timeoutMs
    transaction.startedAt = -1
    transaction.changedAt = this.#options.ground.clock()
    return { error: brokerError.none, producerId: transaction.producerId, epoch: transaction.epoch }
  }

  /** Aborts what is open in the name of an epoch that nobody else has. */
  #fence(transaction: Transaction): void {
    transaction.epoch++
    this.#decide(transaction, false)
  }

  #decide(transaction: Transaction, commit: boolean): void {
    transaction.state = commit ? 'PrepareCommit' : 'PrepareAbort'
    transaction.decisions++
    transaction.changedAt = this.#options.ground.clock()
    this.#options.onDecided(transaction)
    this.#send(transaction)
  }

  #send(transaction: Transaction): void {
    const { coordination, markers, ground } = this.#options
    const partition = coordination.partitionOf(transaction.transactionalId)
    const coordinatorEpoch = coordination.epoch(partition)
    const { decisions } = transaction
    const isCurrent = (): boolean => coordination.epoch(partition) === coordinatorEpoch && transaction.decisions === decisions
    markers.send(transaction, coordinatorEpoch, isCurrent, () => {
      transaction.state = transaction.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort'
      transaction.partitions = new Set()
      transaction.changedAt = ground.clock()
    })
  }

  /** A coordinator that takes over sends all markers of what was decided once more. */
  #load(partition: number): void {
    const { coordination } = this.#options
    for (const transaction of this.#transactions.values()) {
      if (coordination.partitionOf(transaction.transactionalId) !== partition) continue
      if (isPrepared(transaction)) this.#send(transaction)
      else if (transaction.state === 'Ongoing') this.#watch(transaction)
    }
  }

  /** Aborts it at the first scan after its time, unless it ends before. */
  #watch(transaction: Transaction): void {
    const { ground, coordination } = this.#options
    const { clock, scheduler, settings } = ground
    const { startedAt, timeoutMs } = transaction
    const due = Math.max(startedAt + timeoutMs + 1, clock())
    const scan = Math.ceil(due / settings.transactionScanMs) * settings.transactionScanMs
    scheduler.after(scan - clock(), () => {
      if (transaction.state !== 'Ongoing' || transaction.startedAt !== startedAt) return
      // Nobody scans while the coordinator moves: who takes over watches anew.
      if (coordination.serves(coordination.partitionOf(transaction.transactionalId))) this.#fence(transaction)
    })
  }
}

function isPrepared({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort'
}

function failed(error: number): InitProducerIdAnswer {
  return { error, producerId: -1, epoch: -1 }
}
