/** A flat table: rows found by bytes, in memory without an object per key. The pieces: rows, row-keys, row-values, key-index, namespaces, arena, undo-log. */
import { StreamJobError } from '../errors.ts'
import { ByteArena } from './arena.ts'
import { decodeRowKey, encodeRowKey, isValueOf, layoutOfValue, namespaceBytes, readNamespace, tablePrefix } from './changelog-row.ts'
import { KeyIndex } from './key-index.ts'
import { Namespaces } from './namespaces.ts'
import { RowKeys } from './row-keys.ts'
import { RowValues } from './row-values.ts'
import { Rows, field, rowState } from './rows.ts'
import type { RowChange, RowId, RowLayout, StateTable } from './store.ts'
import { TableScan } from './table-scan.ts'
import { UndoLog } from './undo-log.ts'

export class FlatTable implements StateTable {
  readonly layout: RowLayout
  created = false
  /** About what `changes` will give, bytes. */
  changedBytes = 0
  readonly #uid: string
  readonly #prefix: Buffer
  readonly #arena = new ByteArena()
  readonly #rows: Rows
  readonly #index = new KeyIndex()
  readonly #keys: RowKeys
  readonly #namespaces: Namespaces
  readonly #undo: UndoLog
  readonly #values: RowValues
  #size = 0
  /** False while the changelog is restored: what comes from there is committed. */
  #recording = true

  constructor(uid: string, layout: RowLayout) {
    this.layout = layout
    this.#uid = uid
    this.#prefix = tablePrefix(uid)
    const cells = layout.kind === 'cells' ? layout.cells : 0
    this.#rows = new Rows(cells)
    this.#keys = new RowKeys(this.#rows, this.#arena)
    this.#namespaces = new Namespaces(this.#rows)
    this.#undo = new UndoLog(cells)
    this.#values = new RowValues(layout, this.#rows, this.#arena, this.#undo)
  }

  get size(): number {
    return this.#size
  }

  /** Whether anything changed since the last commit. */
  get changed(): boolean {
    return this.#undo.length > 0
  }

  get memoryBytes(): number {
    return this.#rows.memoryBytes + this.#index.memoryBytes + this.#arena.memoryBytes + this.#undo.memoryBytes
  }

  find(namespace: number, key: Uint8Array, keyStart: number, keyEnd: number): RowId {
    const slot = this.#namespaces.find(namespace)
    if (slot < 0) return -1
    const row = this.#locate(slot, key, keyStart, keyEnd)
    return row >= 0 && this.#rows.get(row, field.state) === rowState.live ? row : -1
  }

  upsert(namespace: number, key: Uint8Array, keyStart: number, keyEnd: number): RowId {
    const slot = this.#namespaces.open(namespace)
    const found = this.#locate(slot, key, keyStart, keyEnd)
    if (found < 0) return this.#insert(slot)
    this.created = this.#rows.get(found, field.state) !== rowState.live
    if (this.created) this.#revive(slot, found)
    return found
  }

  getCell(row: RowId, cell: number): number {
    return this.#rows.getCell(row, cell)
  }

  setCell(row: RowId, cell: number, value: number): void {
    if (this.#rows.get(row, field.undo) === 0 && this.#recording) this.#keepImage(row)
    this.#rows.setCell(row, cell, value)
  }

  getBlob(row: RowId): Uint8Array {
    return this.#values.getBlob(row)
  }

  setBlob(row: RowId, value: Uint8Array): void {
    if (this.#rows.get(row, field.undo) === 0 && this.#recording) this.#keepImage(row)
    this.changedBytes += value.length - this.#values.size(row)
    this.#values.setBlob(row, value, 0, value.length)
  }

  keyOf(row: RowId): Buffer {
    return this.#keys.of(row)
  }

  delete(row: RowId): void {
    const rows = this.#rows
    if (!rows.holds(row) || rows.get(row, field.state) !== rowState.live) throw new RangeError(`row ${row} does not exist`)
    this.#namespaces.unlink(rows.get(row, field.namespace), row)
    this.#size--
    const undo = rows.get(row, field.undo) - 1
    if (undo >= 0 && this.#undo.wasAbsent(undo)) {
      this.changedBytes -= this.#changeBytes(row)
      this.#undo.void(undo)
      this.#discard(row)
    } else if (!this.#recording) this.#discard(row)
    else {
      if (undo < 0) this.#keepImage(row)
      this.changedBytes -= this.#values.size(row)
      this.#values.drop(row)
      rows.set(row, field.state, rowState.removed)
    }
  }

  namespaces(): readonly number[] {
    return this.#namespaces.live()
  }

  rowsIn(namespace: number): number {
    return this.#namespaces.count(this.#namespaces.find(namespace))
  }

  drain(namespace: number, limit: number, visit: (row: RowId) => void, after: RowId = -1): number {
    let link = after < 0 ? this.#namespaces.first(this.#namespaces.find(namespace)) : this.#rows.get(after, field.after)
    let visited = 0
    while (link !== 0 && visited < limit) {
      const row = link - 1
      link = this.#rows.get(row, field.after)
      visit(row)
      visited++
    }
    return visited
  }

  *changes(): IterableIterator<RowChange> {
    for (let entry = 0; entry < this.#undo.length; entry++) {
      const row = this.#undo.row(entry)
      if (row < 0) continue
      const removed = this.#rows.get(row, field.state) === rowState.removed
      if (!removed && !this.#undo.wasAbsent(entry) && this.#values.isSame(row, entry)) continue
      const namespace = this.#namespaces.valueOf(this.#rows.get(row, field.namespace))
      yield { key: encodeRowKey(this.#prefix, namespace, this.keyOf(row)), value: removed ? null : this.#values.encode(row) }
    }
  }

  scan(): TableScan {
    return new TableScan({ prefix: this.#prefix, rows: this.#rows, arena: this.#arena, namespaces: this.#namespaces, values: this.#values })
  }

  /** Makes the present state the committed one. */
  markCommitted(): void {
    for (let entry = 0; entry < this.#undo.length; entry++) {
      const row = this.#undo.row(entry)
      if (row < 0) continue
      this.#values.forget(entry)
      this.#rows.set(row, field.undo, 0)
      if (this.#rows.get(row, field.state) === rowState.removed) this.#discard(row)
    }
    this.#forgetChanges()
  }

  /** Puts back the committed state. */
  rollback(): void {
    for (let entry = this.#undo.length - 1; entry >= 0; entry--) {
      const row = this.#undo.row(entry)
      if (row < 0) continue
      const slot = this.#rows.get(row, field.namespace)
      this.#rows.set(row, field.undo, 0)
      if (this.#undo.wasAbsent(entry)) {
        this.#namespaces.unlink(slot, row)
        this.#size--
        this.#discard(row)
        continue
      }
      this.#values.restore(row, entry)
      if (this.#rows.get(row, field.state) === rowState.live) continue
      this.#rows.set(row, field.state, rowState.live)
      this.#namespaces.prepend(slot, row)
      this.#size++
    }
    this.#forgetChanges()
  }

  /** Whether a changelog key is that of a row of this table. */
  owns(bytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
    const prefix = this.#prefix
    if (keyEnd - keyStart < prefix.length + namespaceBytes) return false
    for (let i = 0; i < prefix.length; i++) if (bytes[keyStart + i] !== prefix[i]) return false
    return true
  }

  /**
   * Takes over a changelog row that it owns: what comes from there is committed. `valueStart` is negative for a tombstone. Only while nothing is changed.
   * Throws `changelog-corrupt`.
   */
  restore(bytes: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    if (this.changed) throw new Error('state is restored before it is changed')
    const namespace = readNamespace(bytes, keyStart + this.#prefix.length)
    const ownStart = keyStart + this.#prefix.length + namespaceBytes
    if (!Number.isSafeInteger(namespace)) decodeRowKey(bytes.subarray(keyStart, keyEnd))
    if (valueStart >= 0 && !isValueOf(this.layout, bytes, valueStart, valueEnd)) throw this.#misfit(bytes.subarray(valueStart, valueEnd))
    this.#recording = false
    try {
      if (valueStart >= 0) this.#values.decode(this.upsert(namespace, bytes, ownStart, keyEnd), bytes, valueStart, valueEnd)
      else {
        const row = this.find(namespace, bytes, ownStart, keyEnd)
        if (row >= 0) this.delete(row)
      }
    } finally {
      this.#recording = true
      this.changedBytes = 0
    }
  }

  /** The row of a key in a namespace slot, a removed one too; -1: none. */
  #locate(slot: number, key: Uint8Array, start: number, end: number): number {
    this.#keys.take(slot, key, start, end)
    return this.#index.find(this.#keys.hash, this.#keys)
  }

  /** A new row for the key that `#locate` just looked for. */
  #insert(slot: number): number {
    const row = this.#rows.allocate()
    this.#keys.write(row)
    this.#rows.set(row, field.state, rowState.live)
    this.#values.clear(row)
    this.#rows.set(row, field.undo, this.#recording ? this.#undo.add(row, true) + 1 : 0)
    this.#index.insert(this.#keys.hash, row)
    this.#namespaces.use(slot)
    this.#namespaces.append(slot, row)
    this.#size++
    this.changedBytes += this.#changeBytes(row)
    this.created = true
    return row
  }

  /** A removed row lives again, empty; its undo entry keeps what it was. */
  #revive(slot: number, row: number): void {
    this.#rows.set(row, field.state, rowState.live)
    this.#values.clear(row)
    this.changedBytes += this.#values.size(row)
    this.#namespaces.append(slot, row)
    this.#size++
  }

  /** Gives the row and what it holds up for good; it is out of its namespace's chain already. */
  #discard(row: number): void {
    const rows = this.#rows
    this.#values.drop(row)
    this.#index.remove(this.#keys.hashOf(row), row)
    this.#keys.drop(row)
    this.#namespaces.release(rows.get(row, field.namespace))
    rows.free(row)
  }

  /** Before the first change of a row since the commit. */
  #keepImage(row: number): void {
    const entry = this.#undo.add(row, false)
    this.#rows.set(row, field.undo, entry + 1)
    this.#values.keep(row, entry)
    this.changedBytes += this.#changeBytes(row)
  }

  /** Bytes of a row's changelog key and value. */
  #changeBytes(row: number): number {
    return this.#prefix.length + 10 + this.#rows.get(row, field.keyLength) + this.#values.size(row)
  }

  #forgetChanges(): void {
    this.#undo.clear()
    this.changedBytes = 0
  }

  #misfit(value: Uint8Array): StreamJobError {
    const [found, expected] = [shapeOf(layoutOfValue(value)), shapeOf(this.layout)]
    return new StreamJobError(
      'changelog-corrupt',
      `a changelog row of ${JSON.stringify(this.#uid)} holds ${found}, the program expects ${expected}; give a transform whose state has another shape another name`,
      { fields: { uid: this.#uid, found, expected } },
    )
  }
}

/** In words. */
export function shapeOf(layout: RowLayout): string {
  return layout.kind === 'cells' ? `${layout.cells} cells` : 'a blob'
}
