/** Follows transactions while the cleaner goes over a log, batch by batch: which of them are of no use. As Kafka's CleanedTransactionMetadata. */
import type { LoggedBatch } from './batch.ts'
import type { AbortedEntry } from './partition-log.ts'

export class CleanedTransactions {
  readonly #waiting: AbortedEntry[]
  readonly #aborting = new Map<number, { readonly entry: AbortedEntry; seen: boolean }>()
  readonly #committing = new Set<number>()
  readonly #stillAborted: AbortedEntry[] = []

  constructor(aborted: readonly AbortedEntry[]) {
    this.#waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Those of which batches were found: readers must go on being told of them. */
  get stillAborted(): readonly AbortedEntry[] {
    return this.#stillAborted
  }

  /** Data of an aborted transaction, or the marker of one of which nothing is left. To be asked once for each batch, in order. */
  useless(batch: LoggedBatch): boolean {
    while (this.#waiting[0] !== undefined && this.#waiting[0].firstOffset <= batch.lastOffset) {
      const entry = this.#waiting.shift()!
      if (!this.#aborting.has(entry.producerId)) this.#aborting.set(entry.producerId, { entry, seen: false })
    }
    return batch.control ? this.#endsNothing(batch) : this.#isAborted(batch)
  }

  #isAborted({ transactional, producerId }: LoggedBatch): boolean {
    if (!transactional) return false
    const aborting = this.#aborting.get(producerId)
    if (aborting === undefined) this.#committing.add(producerId)
    else aborting.seen = true
    return aborting !== undefined
  }

  #endsNothing({ marker, producerId }: LoggedBatch): boolean {
    if (marker === 'commit') return !this.#committing.delete(producerId)
    if (marker === null) return true
    const aborting = this.#aborting.get(producerId)
    this.#aborting.delete(producerId)
    if (aborting?.seen !== true) return true
    this.#stillAborted.push(aborting.entry)
    return false
  }
}
