import type { RowId, StateTable } from '../../state/store.ts'
import type { SessionDirectory } from './session-directory.ts'

/**
 * The one piece of a session that a record lies in, or beside. Most records come to such a piece and change no more than its ends, so it is found in the row of
 * its chunk, and changed there, without reading any other.
 */
export class NearPiece {
  /** Of the accumulator that the record goes to. */
  namespace = 0
  /** Whether a record has been taken in that is not applied yet. */
  pending = false
  /** Of the value that was taken in. */
  timestamp = 0
  readonly #table: StateTable
  readonly #directory: SessionDirectory
  #row: RowId = -1
  /** Where the piece lies in the row. */
  #at = 0
  #first = 0
  #last = 0
  #bytes = Buffer.alloc(1_024)

  constructor(table: StateTable, directory: SessionDirectory) {
    this.#table = table
    this.#directory = directory
  }

  /**
   * Looks for it, and says whether a record may simply be taken in: it touches this piece alone, which ends behind the watermark, so that all timers are set,
   * and is known to have changed, where somebody wants to know.
   */
  find(chunkStart: number, timestamp: number, watermark: number, key: Uint8Array, keyStart: number, keyEnd: number): boolean {
    const row = this.#table.find(chunkStart, key, keyStart, keyEnd)
    if (row < 0) return false
    const { gapMs, marked } = this.#directory
    const more = marked ? 8 : 0
    const blob = this.#table.getBlob(row)
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
    let found = -1
    for (let at = 8 + more; at < blob.length;) {
      if (view.getFloat64(at, true) - gapMs > timestamp) break
      if (timestamp <= view.getFloat64(at + 8, true) + gapMs) {
        if (found >= 0) return false
        found = at
      }
      at += 24 + more + 8 * view.getFloat64(at + 16 + more, true)
    }
    if (found < 0 || view.getFloat64(found + 16 + more, true) < 1) return false
    const last = view.getFloat64(found + 8, true)
    if (last + gapMs - 1 <= watermark || (marked && view.getFloat64(found + 16, true) === 0)) return false
    this.#row = row
    this.#at = found
    this.#first = view.getFloat64(found, true)
    this.#last = last
    this.namespace = view.getFloat64(found + 24 + more, true)
    return true
  }

  /** The record will be in it. */
  take(timestamp: number): void {
    this.timestamp = timestamp
    this.pending = true
  }

  /** Changes the row, if the record lies outside of what was there. */
  apply(): void {
    this.pending = false
    const { timestamp } = this
    if (timestamp >= this.#first && timestamp <= this.#last) return
    const blob = this.#table.getBlob(this.#row)
    if (this.#bytes.length < blob.length) this.#bytes = Buffer.alloc(2 * blob.length)
    const bytes = this.#bytes
    bytes.set(blob)
    bytes.writeDoubleLE(Math.min(this.#first, timestamp), this.#at)
    bytes.writeDoubleLE(Math.max(this.#last, timestamp), this.#at + 8)
    this.#table.setBlob(this.#row, bytes.subarray(0, blob.length))
  }

  discard(): void {
    this.pending = false
  }
}
