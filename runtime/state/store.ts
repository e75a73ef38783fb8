/**
 * Keyed state of one task. Synchronous; rows are found by bytes. A row belongs to a namespace (a window start, or 0) of a table
 * (one per stateful transform). All changes since the last `markCommitted` can be undone.
 */
import type { RowBuffer } from './row-buffer.ts'

/** What a table's rows hold: a fixed number of float64 cells, or one encoded value of any size. */
export type RowLayout = { readonly kind: 'cells'; readonly cells: number } | { readonly kind: 'blob' }

/** Handle of a row, valid for as long as the row is there; that of a row which is gone may become another's. -1: no such row. */
export type RowId = number

export interface StateTable {
  readonly layout: RowLayout
  /** Number of live rows, over all namespaces. */
  readonly size: number
  find(namespace: number, key: Uint8Array, keyStart: number, keyEnd: number): RowId
  /** Finds or inserts; a new row has all cells 0, or an empty blob. `created` tells which. */
  upsert(namespace: number, key: Uint8Array, keyStart: number, keyEnd: number): RowId
  /** Whether the last `upsert` made the row. */
  readonly created: boolean
  /** Cell access; `set*` marks the row as changed in this commit and keeps its former image for undo. */
  getCell(row: RowId, cell: number): number
  setCell(row: RowId, cell: number, value: number): void
  getBlob(row: RowId): Uint8Array
  setBlob(row: RowId, value: Uint8Array): void
  /** A copy of the row's key bytes. */
  keyOf(row: RowId): Buffer
  delete(row: RowId): void
  /** Namespaces with live rows, ascending. */
  namespaces(): readonly number[]
  rowsIn(namespace: number): number
  /**
   * Visits up to `limit` rows of a namespace, in an order that only depends on the table's history. The visitor may delete the row it is given.
   * Returns how many it visited; less than `limit` means none are left. Begins behind row `after`, which was visited before and is still there; without it
   * with the first.
   */
  drain(namespace: number, limit: number, visit: (row: RowId) => void, after?: RowId): number
}

/** A change that the commit writes to the changelog: value null is a tombstone. */
export interface RowChange {
  readonly key: Buffer
  readonly value: Buffer | null
}

/** Rows of the changelog as a fetch gives them: `bytes` and where keys and values lie in it. A negative `valueStart` stands for a tombstone. */
export interface ChangelogRows {
  readonly bytes: Uint8Array
  readonly keyStart: Int32Array
  readonly keyEnd: Int32Array
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
}

/**
 * A walk through all rows in portions, between which the store may change and commit: whoever puts what was given, portion by portion, and behind each the
 * changes committed since, one over the other, ends up with the rows that are there at the end. Rows are given as they are committed.
 */
export interface StateScan {
  /** Gives the rows among the next `limit` that there may be. False: that was all. Throws while anything is changed since the last commit. */
  next(limit: number, into: RowBuffer): boolean
}

export interface StateStore {
  /** Opens a table, or gives the open one; `uid` names it in the changelog, for ever. Rows restored before it was opened are in it. */
  table(uid: string, layout: RowLayout): StateTable
  /**
   * Every row that differs from the last committed image, once, as changelog key and value.
   * Rows made and deleted since then do not occur.
   */
  changes(): IterableIterator<RowChange>
  /** How many bytes `changes` will about give; bounds a commit. */
  readonly changedBytes: number
  /** Makes the present state the committed image. */
  markCommitted(): void
  /** Puts back the committed image. */
  rollback(): void
  /** Applies the rows `[from, to)` of a part of the changelog, in order; only before the first change. Throws `changelog-corrupt`. */
  restore(rows: ChangelogRows, from: number, to: number): void
  /** Begins a walk through the rows; the tables must be open. */
  scan(): StateScan
  /** Live rows of all tables. */
  readonly rows: number
  /** Uids of restored rows that no table was opened for, with their number of rows: state of a program that is no longer there. */
  unclaimed(): ReadonlyMap<string, number>
  /** Bytes held, index and free space included. */
  readonly memoryBytes: number
}
