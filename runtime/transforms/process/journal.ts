import type { StateTable } from '../../state/store.ts'

/** How to undo what the record in work has done to state, so that one that fails leaves none of it. */
export class Journal {
  readonly #undo: (() => void)[] = []

  /** Takes note of a change. */
  did(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** The record has come through. */
  keep(): void {
    this.#undo.length = 0
  }

  /** The record has failed. */
  undo(): void {
    for (let i = this.#undo.length - 1; i >= 0; i--) this.#undo[i]!()
    this.#undo.length = 0
  }
}

/** Rows of a table, every change of which is in the journal. */
export class JournaledRows {
  readonly #table: StateTable
  readonly #journal: Journal

  constructor(table: StateTable, journal: Journal) {
    this.#table = table
    this.#journal = journal
  }

  /** The row's value, as it lies in memory: valid until a row changes. Null: there is none. */
  get(namespace: number, key: Uint8Array): Buffer | null {
    const row = this.#table.find(namespace, key, 0, key.length)
    return row < 0 ? null : bufferOf(this.#table.getBlob(row))
  }

  put(namespace: number, key: Uint8Array, value: Uint8Array): void {
    this.#keep(namespace, key)
    this.#write(namespace, key, value)
  }

  remove(namespace: number, key: Uint8Array): void {
    this.#keep(namespace, key)
    this.#write(namespace, key, null)
  }

  #keep(namespace: number, key: Uint8Array): void {
    const former = this.get(namespace, key)
    const value = former === null ? null : Buffer.from(former)
    this.#journal.did(() => this.#write(namespace, key, value))
  }

  #write(namespace: number, key: Uint8Array, value: Uint8Array | null): void {
    const table = this.#table
    if (value !== null) return table.setBlob(table.upsert(namespace, key, 0, key.length), value)
    const row = table.find(namespace, key, 0, key.length)
    if (row >= 0) table.delete(row)
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
