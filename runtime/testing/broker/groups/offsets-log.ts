/** What the logs of the offsets topic remember of transactional producers: the same as any log, without the records. */
import { brokerError } from '../errors.ts'
import type { MarkerToWrite } from '../transactions/markers.ts'

interface Producer {
  epoch: number
  coordinatorEpoch: number
  open: boolean
}

export class OffsetsLog {
  readonly #producers = new Map<number, Producer>()

  /** Whether the coordinator need not be asked about the producer's transaction. */
  hasOpen(producerId: number, epoch: number): boolean {
    const producer = this.#producers.get(producerId)
    return producer?.open === true && producer.epoch === epoch
  }

  /** Offsets written in a transaction. Returns the error of an outdated producer. */
  append(producerId: number, epoch: number): number {
    const producer = this.#producers.get(producerId)
    if (producer !== undefined && epoch < producer.epoch) return brokerError.invalidProducerEpoch
    this.#producers.set(producerId, { coordinatorEpoch: producer?.coordinatorEpoch ?? -1, epoch, open: true })
    return brokerError.none
  }

  appendMarker({ producerId, epoch, coordinatorEpoch }: MarkerToWrite): number {
    const producer = this.#producers.get(producerId)
    if (producer !== undefined && epoch < producer.epoch) return brokerError.invalidProducerEpoch
    if (producer !== undefined && coordinatorEpoch < producer.coordinatorEpoch) return brokerError.transactionCoordinatorFenced
    this.#producers.set(producerId, { coordinatorEpoch, epoch, open: false })
    return brokerError.none
  }
}
