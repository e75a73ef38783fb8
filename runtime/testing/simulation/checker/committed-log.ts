/** Records of a topic as they stand in the virtual brokers' logs, read without any of the runtime's code. */
import type { VirtualCluster } from '../../broker/cluster.ts'
import { plainRecords } from './plain-records.ts'
import type { PlainRecord } from './plain-records.ts'

export interface OffsetRange {
  readonly firstOffset: number
  readonly lastOffset: number
}

export class CommittedLog {
  readonly #cluster: VirtualCluster
  readonly #topic: string
  /** By partition: what was decided to be aborted. */
  readonly #aborted = new Map<number, (OffsetRange & { readonly producerId: number })[]>()

  constructor(cluster: VirtualCluster, topic: string) {
    this.#cluster = cluster
    this.#topic = topic
  }

  /** What this producer wrote there does not count. */
  abort(partition: number, producerId: number, { firstOffset, lastOffset }: OffsetRange): void {
    const known = this.#aborted.get(partition) ?? []
    known.push({ producerId, firstOffset, lastOffset })
    this.#aborted.set(partition, known)
  }

  /** Records of [from, to) that were not aborted. All of them must be decided. */
  between(partition: number, from: number, to: number): readonly PlainRecord[] {
    const aborted = this.#aborted.get(partition) ?? []
    const found: PlainRecord[] = []
    for (const batch of this.#batchesFrom(partition, from)) {
      if (batch.baseOffset >= to) break
      if (batch.control) continue
      const decided = (range: (typeof aborted)[number]): boolean =>
        range.producerId === batch.producerId && batch.baseOffset >= range.firstOffset && batch.baseOffset <= range.lastOffset
      const lost = batch.transactional && (aborted.some(decided) || this.#cameLate(partition, batch))
      if (!lost) for (const record of plainRecords(batch.bytes)) if (record.offset >= from && record.offset < to) found.push(record)
    }
    return found
  }

  /** What one producer wrote into the range. */
  written(
    partition: number,
    { firstOffset, lastOffset }: OffsetRange,
    { producerId, epoch }: { readonly producerId: number; readonly epoch: number },
  ): readonly PlainRecord[] {
    const found: PlainRecord[] = []
    for (const batch of this.#batchesFrom(partition, firstOffset)) {
      if (batch.baseOffset > lastOffset) break
      if (!batch.control && batch.producerId === producerId && batch.epoch === epoch) found.push(...plainRecords(batch.bytes))
    }
    return found
  }

  /** Whether it was on its way when its transaction was aborted, and came before the marker of that. */
  #cameLate(partition: number, { producerId, lastOffset }: { readonly producerId: number; readonly lastOffset: number }): boolean {
    for (const next of this.#batchesFrom(partition, lastOffset + 1)) {
      if (next.producerId === producerId && next.control) return next.marker === 'abort'
    }
    return false
  }

  all(partition: number): readonly PlainRecord[] {
    return this.between(partition, 0, Infinity)
  }

  *#batchesFrom(partition: number, offset: number) {
    const { batches } = this.#cluster.partition(this.#topic, partition)
    let low = 0
    let high = batches.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (batches[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    for (let i = low; i < batches.length; i++) yield batches[i]!
  }
}
