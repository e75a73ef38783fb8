import type { RowId, StateTable } from '../../state/store.ts'
import { mark, type Mark } from './contents.ts'

/** Blobs that may bear a mark, as their first byte. */
export class MarkedBlobs {
  readonly #table: StateTable
  readonly #marked: boolean

  constructor(table: StateTable, marked: boolean) {
    this.#table = table
    this.#marked = marked
  }

  /** What the row holds beside its mark; valid until it changes. */
  get(row: RowId): Uint8Array {
    const blob = this.#table.getBlob(row)
    return this.#marked ? blob.subarray(1) : blob
  }

  /** The row holds something else, so it has changed. */
  set(row: RowId, bytes: Uint8Array): void {
    this.#table.setBlob(row, this.#marked ? withMark(bytes, mark.changed) : bytes)
  }

  markOf(row: RowId): Mark {
    // Written by setMark only.
    return this.#table.getBlob(row)[0] as Mark
  }

  setMark(row: RowId, to: Mark): void {
    this.#table.setBlob(row, withMark(this.get(row), to))
  }
}

function withMark(bytes: Uint8Array, to: Mark): Uint8Array {
  const marked = new Uint8Array(bytes.length + 1)
  marked[0] = to
  marked.set(bytes, 1)
  return marked
}
