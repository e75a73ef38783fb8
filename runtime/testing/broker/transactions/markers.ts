/** Brings the markers of decided transactions to their partitions: one by one, in any order, until each has its own. */
import type { Scheduler } from '../../time/scheduler.ts'
import { brokerError } from '../errors.ts'
import type { Ground } from '../ground.ts'
import { drawn } from '../ground.ts'
import type { Marker } from '../log/batch.ts'
import type { Nodes } from '../nodes.ts'
import type { Topics } from '../topics.ts'
import type { Transaction } from './transaction.ts'
import { offsetsTopic, parsePartition } from './transaction.ts'

export interface MarkerToWrite {
  readonly producerId: number
  readonly epoch: number
  readonly marker: Marker
  readonly coordinatorEpoch: number
}

/** Between two attempts while nobody takes the marker. */
const retryMs = [20, 100] as const

/** Null: not now. */
export type WriteOffsetsMarker = (partition: number, marker: MarkerToWrite) => number | null

export class Markers {
  readonly #ground: Ground
  readonly #nodes: Nodes
  readonly #topics: Topics
  readonly #writeOffsetsMarker: WriteOffsetsMarker
  readonly #scheduler: Scheduler

  constructor(ground: Ground, nodes: Nodes, topics: Topics, writeOffsetsMarker: WriteOffsetsMarker) {
    this.#ground = ground
    this.#scheduler = ground.scheduler
    this.#nodes = nodes
    this.#topics = topics
    this.#writeOffsetsMarker = writeOffsetsMarker
  }

  /**
   * Calls `done` when all partitions have the marker. While `isCurrent` says no, nothing is begun any more; what is on its way may still arrive, and is refused
   * by a partition that has heard of a later coordinator.
   */
  send(transaction: Transaction, coordinatorEpoch: number, isCurrent: () => boolean, done: () => void): void {
    const { producerId, epoch, state } = transaction
    const marker: MarkerToWrite = { producerId, epoch, marker: state === 'PrepareCommit' ? 'commit' : 'abort', coordinatorEpoch }
    const left = new Set(transaction.partitions)
    const finish = (partition: string): void => {
      left.delete(partition)
      if (left.size === 0 && isCurrent()) done()
    }
    const { markerMs } = this.#ground.settings
    for (const partition of left) this.#bring(partition, marker, markerMs, isCurrent, () => finish(partition))
  }

  #bring(name: string, marker: MarkerToWrite, inMs: readonly [number, number], isCurrent: () => boolean, done: () => void): void {
    this.#scheduler.after(drawn(this.#ground, inMs), () => {
      const error = this.#write(name, marker)
      if (error === brokerError.none) done()
      // A marker that is refused is given up, and the transaction with it: so does Kafka.
      else if (error === null && isCurrent()) this.#bring(name, marker, retryMs, isCurrent, done)
    })
  }

  /** Null: nobody leads the partition at the moment. */
  #write(name: string, marker: MarkerToWrite): number | null {
    const { topic, partition } = parsePartition(name)
    if (topic === offsetsTopic) return this.#writeOffsetsMarker(partition, marker)
    const to = this.#topics.partition(topic, partition)
    // Deleted meanwhile: there is nothing to mark.
    if (to === undefined) return brokerError.none
    if (!this.#nodes.isRunning(to.leader)) return null
    const { producerId, epoch, coordinatorEpoch } = marker
    const error = to.log.appendMarker(producerId, epoch, marker.marker, coordinatorEpoch, to.leaderEpoch)
    if (error === brokerError.none) to.changed()
    return error
  }
}
