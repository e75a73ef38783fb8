/** Which batches of a fetched partition a read-committed reader may see. */
import type { AbortedTransaction } from '../transport.ts'
import type { BatchHeader } from './header.ts'
import { isControl, isTransactional } from './header.ts'
import { layout } from './layout.ts'
import { readVarint, varintEnd } from './varint.ts'

/**
 * Goes over the batches of one fetch answer in order. An aborted transaction covers a producer's batches from its first offset to the abort marker;
 * the broker lists those that reach into the answer, in the order of their markers, so they are sorted first.
 */
export class CommittedFilter {
  readonly #waiting: readonly AbortedTransaction[]
  readonly #aborting = new Set<number>()
  #next = 0

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether the records of this batch are committed data. To be asked once for each batch, in order. */
  admits(batch: BatchHeader): boolean {
    for (; this.#next < this.#waiting.length && this.#waiting[this.#next]!.firstOffset <= batch.lastOffset; this.#next++) {
      this.#aborting.add(this.#waiting[this.#next]!.producerId)
    }
    if (isControl(batch)) {
      if (isAbortMarker(batch)) this.#aborting.delete(batch.producerId)
      return false
    }
    return batch.count > 0 && !(isTransactional(batch) && this.#aborting.has(batch.producerId))
  }
}

const abortMarker = 0

/** The key of a marker is its version and its type, both int16. Compaction may have emptied the batch. */
function isAbortMarker(batch: BatchHeader): boolean {
  if (batch.count === 0) return false
  const { bytes } = batch
  readVarint(bytes, batch.start + layout.records)
  readVarint(bytes, varintEnd + 1)
  readVarint(bytes, varintEnd)
  readVarint(bytes, varintEnd)
  return bytes.readInt16BE(varintEnd + 2) === abortMarker
}
