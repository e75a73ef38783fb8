/** The offsets of one group: those that count, and those that wait for the end of a transaction. As Kafka's OffsetMetadataManager. */
import type { TopicPartition } from '../../../kafka/records.ts'
import type { Marker } from '../log/batch.ts'
import { transactionPartition } from '../transactions/transaction.ts'

export interface StoredOffset extends TopicPartition {
  readonly offset: number
  readonly metadata: string
  /** Epoch ms. */
  readonly committedAt: number
  /** The place of the commit in the log: what was written later wins. */
  readonly written: number
}

export class GroupOffsets {
  readonly #committed = new Map<string, StoredOffset>()
  /** producer id -> partition -> offset */
  readonly #pending = new Map<number, Map<string, StoredOffset>>()
  #written = 0

  get committed(): readonly StoredOffset[] {
    return [...this.#committed.values()]
  }

  get isEmpty(): boolean {
    return this.#committed.size === 0 && this.#pending.size === 0
  }

  pendingOf(producerId: number): readonly StoredOffset[] {
    return [...(this.#pending.get(producerId)?.values() ?? [])]
  }

  find(topic: string, partition: number): StoredOffset | undefined {
    return this.#committed.get(transactionPartition(topic, partition))
  }

  isPending(topic: string, partition: number): boolean {
    const name = transactionPartition(topic, partition)
    for (const offsets of this.#pending.values()) if (offsets.has(name)) return true
    return false
  }

  addPending(producerId: number, offset: Omit<StoredOffset, 'written'>): void {
    const pending = this.#pending.get(producerId) ?? new Map<string, StoredOffset>()
    this.#pending.set(producerId, pending.set(transactionPartition(offset.topic, offset.partition), { ...offset, written: ++this.#written }))
  }

  end(producerId: number, marker: Marker): void {
    const pending = this.#pending.get(producerId)
    this.#pending.delete(producerId)
    if (pending === undefined || marker === 'abort') return
    for (const [name, offset] of pending) {
      if (offset.written > (this.#committed.get(name)?.written ?? 0)) this.#committed.set(name, offset)
    }
  }

  /** Forgets those that were due, as the check of that moment did. What is pending for a partition protects its offset. */
  expire(isDue: (offset: StoredOffset) => boolean): void {
    for (const [name, offset] of this.#committed) {
      if (isDue(offset) && !this.isPending(offset.topic, offset.partition)) this.#committed.delete(name)
    }
  }

  forgetTopic(topic: string): void {
    for (const offsets of [this.#committed, ...this.#pending.values()]) {
      for (const [name, offset] of offsets) if (offset.topic === topic) offsets.delete(name)
    }
  }

  forgetAll(): void {
    this.#committed.clear()
    this.#pending.clear()
  }
}
