/** What a log remembers of its idempotent and transactional producers, and which of their batches it takes. As Kafka's ProducerStateManager. */
import { brokerError } from '../errors.ts'
import type { LoggedBatch } from './batch.ts'

interface Remembered {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly lastOffset: number
}

interface Producer {
  epoch: number
  coordinatorEpoch: number
  /** The newest, oldest first. Of this epoch. */
  batches: Remembered[]
  /** Of the record, as the producer says it: a producer of old events is forgotten early. */
  lastTimestamp: number
  /** When that was written. */
  appendedAt: number
}

/** A transaction that has ended in this log. */
export interface CompletedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export type Judgement =
  { readonly kind: 'new' } | { readonly kind: 'repeated'; readonly baseOffset: number } | { readonly kind: 'refused'; readonly error: number }

/** Repetitions of older batches are not known for what they are. */
const batchesToRemember = 5
const maxSequence = 0x7fff_ffff
const isNew: Judgement = { kind: 'new' }
const outOfOrder: Judgement = { kind: 'refused', error: brokerError.outOfOrderSequence }

export class ProducerStates {
  readonly #producers = new Map<number, Producer>()
  /** producer id -> first offset; in the order of these offsets. */
  readonly #open = new Map<number, number>()
  /** Producers that have begun to write in a transaction, as far as they have not succeeded: no later sequence may come before that. */
  readonly #beginning = new Map<number, { readonly epoch: number; readonly lowestSequence: number }>()

  /** Where the oldest open transaction begins. */
  get firstOpenOffset(): number | undefined {
    return this.#open.values().next().value
  }

  /** Whether what stands here is enough to judge a transactional batch: one more of an open transaction, or of an epoch that is over. */
  knows({ producerId, epoch }: LoggedBatch): boolean {
    const last = this.#producers.get(producerId)?.epoch ?? -1
    return epoch < last || (epoch === last && this.#open.has(producerId))
  }

  /** Where the producer's open transaction begins. */
  openSince(producerId: number): number | undefined {
    return this.#open.get(producerId)
  }

  /** A producer wants to write for the first time in a transaction; whether it may is still to be found out. */
  begin({ producerId, epoch, baseSequence }: LoggedBatch): void {
    const known = this.#beginning.get(producerId)
    const older = known !== undefined && (epoch < known.epoch || (epoch === known.epoch && baseSequence >= known.lowestSequence))
    if (!older) this.#beginning.set(producerId, { epoch, lowestSequence: baseSequence })
  }

  /** Whether a client's batch may be appended. */
  judge(batch: LoggedBatch): Judgement {
    const producer = this.#producers.get(batch.producerId)
    if (producer === undefined) return this.#overtakes(batch) ? outOfOrder : isNew
    const repeated = this.#repeated(producer, batch)
    if (repeated !== undefined) return { kind: 'repeated', baseOffset: repeated.baseOffset }
    if (batch.epoch < producer.epoch) return { kind: 'refused', error: brokerError.invalidProducerEpoch }
    if (this.#overtakes(batch) || !inSequence(producer, batch)) return outOfOrder
    if (!batch.transactional && this.#open.has(batch.producerId)) return { kind: 'refused', error: brokerError.invalidTxnState }
    return isNew
  }

  /** A batch at its place in the log. */
  append(batch: LoggedBatch, now: number): void {
    const { producerId, epoch, baseSequence, baseOffset, lastOffset } = batch
    const producer = this.#turnTo(producerId, epoch)
    const lastSequence = advance(baseSequence, lastOffset - baseOffset)
    if (producer.batches.length === batchesToRemember) producer.batches.shift()
    producer.batches.push({ firstSequence: baseSequence, lastSequence, baseOffset, lastOffset })
    producer.lastTimestamp = batch.maxTimestamp
    producer.appendedAt = now
    if (batch.transactional) this.#beginning.delete(producerId)
    if (batch.transactional && !this.#open.has(producerId)) this.#open.set(producerId, baseOffset)
  }

  /** The error of a marker that comes from an outdated coordinator or an outdated epoch. */
  refusesMarker(producerId: number, epoch: number, coordinatorEpoch: number): number {
    const producer = this.#producers.get(producerId)
    if (producer === undefined) return brokerError.none
    if (epoch < producer.epoch) return brokerError.invalidProducerEpoch
    return coordinatorEpoch < producer.coordinatorEpoch ? brokerError.transactionCoordinatorFenced : brokerError.none
  }

  /** Null: the producer had nothing open here. */
  appendMarker(batch: LoggedBatch, coordinatorEpoch: number, now: number): CompletedTransaction | null {
    const { producerId, epoch, maxTimestamp } = batch
    const producer = this.#turnTo(producerId, epoch)
    producer.coordinatorEpoch = coordinatorEpoch
    producer.lastTimestamp = maxTimestamp
    producer.appendedAt = now
    this.#beginning.delete(producerId)
    const firstOffset = this.#open.get(producerId)
    if (firstOffset === undefined) return null
    this.#open.delete(producerId)
    return { producerId, firstOffset }
  }

  /** Forgets producers as the check of that moment did. */
  expire(checkedAt: number, expirationMs: number): void {
    for (const [producerId, { lastTimestamp, appendedAt }] of this.#producers) {
      if (appendedAt <= checkedAt && checkedAt - lastTimestamp >= expirationMs && !this.#open.has(producerId)) this.#producers.delete(producerId)
    }
  }

  /** Whether compaction must keep the batch, be it empty, for what it says about a producer that may come back. */
  needs(batch: LoggedBatch): boolean {
    const producer = this.#producers.get(batch.producerId)
    if (producer === undefined) return false
    const last = producer.batches.at(-1)
    return last === undefined ? batch.control && batch.epoch === producer.epoch : batch.lastOffset === last.lastOffset
  }

  #overtakes({ producerId, baseSequence }: LoggedBatch): boolean {
    const beginning = this.#beginning.get(producerId)
    return beginning !== undefined && baseSequence > beginning.lowestSequence
  }

  #repeated({ epoch, batches }: Producer, batch: LoggedBatch): Remembered | undefined {
    if (batch.epoch !== epoch) return undefined
    const lastSequence = advance(batch.baseSequence, batch.lastOffset - batch.baseOffset)
    return batches.find((known) => known.firstSequence === batch.baseSequence && known.lastSequence === lastSequence)
  }

  #turnTo(producerId: number, epoch: number): Producer {
    const known = this.#producers.get(producerId)
    if (known === undefined) {
      const producer = { epoch, coordinatorEpoch: -1, batches: [], lastTimestamp: -1, appendedAt: 0 }
      this.#producers.set(producerId, producer)
      return producer
    }
    if (known.epoch !== epoch) {
      known.epoch = epoch
      known.batches = []
    }
    return known
  }
}

function inSequence({ epoch, batches }: Producer, batch: LoggedBatch): boolean {
  if (batch.epoch !== epoch) return batch.baseSequence === 0
  // After a marker of this very epoch the last sequence is still that of the batch before it.
  const last = batches.at(-1)?.lastSequence ?? -1
  return batch.baseSequence === last + 1 || (batch.baseSequence === 0 && last === maxSequence)
}

/** Sequences go round after the largest int32. */
function advance(sequence: number, by: number): number {
  return sequence > maxSequence - by ? by - (maxSequence - sequence) - 1 : sequence + by
}
