/** State in memory: flat tables, and the rows of tables that nobody has opened. */
import { StreamJobError } from '../errors.ts'
import { decodeRowKey, decodeRowValue } from './changelog-row.ts'
import type { RowKey, RowValue } from './changelog-row.ts'
import type { RowBuffer } from './row-buffer.ts'
import type { RowChange, RowLayout, StateScan, StateStore, StateTable } from './store.ts'
import { FlatTable } from './table.ts'

/** An empty store in memory. */
export function createStateStore(): StateStore {
  return new TableStore()
}

/** A changelog row as it came: its key as text is the map key, so that a later row replaces it. */
interface ParkedRow {
  readonly key: Buffer
  readonly value: Buffer
}

class TableStore implements StateStore {
  readonly #tables = new Map<string, FlatTable>()
  /** By uid, then by changelog key. */
  readonly #parked = new Map<string, Map<string, ParkedRow>>()

  table(uid: string, layout: RowLayout): StateTable {
    const open = this.#tables.get(uid)
    if (open !== undefined) {
      if (shape(open.layout) === shape(layout)) return open
      throw new Error(`the table ${JSON.stringify(uid)} is open with another layout: ${shape(open.layout)}, not ${shape(layout)}`)
    }
    const table = new FlatTable(uid, layout)
    const parked = this.#parked.get(uid)
    for (const row of parked?.values() ?? []) apply(table, decodeRowKey(row.key), row.key, decodeRowValue(row.value))
    this.#parked.delete(uid)
    this.#tables.set(uid, table)
    return table
  }

  *changes(): IterableIterator<RowChange> {
    for (const table of this.#tables.values()) yield* table.changes()
  }

  get rows(): number {
    return this.#sum((table) => table.size)
  }

  get changedBytes(): number {
    return this.#sum((table) => table.changedBytes)
  }

  get memoryBytes(): number {
    return this.#sum((table) => table.memoryBytes)
  }

  markCommitted(): void {
    for (const table of this.#tables.values()) table.markCommitted()
  }

  rollback(): void {
    for (const table of this.#tables.values()) table.rollback()
  }

  restore(key: Uint8Array, value: Uint8Array | null): void {
    const rowKey = decodeRowKey(key)
    const rowValue = value === null ? null : decodeRowValue(value)
    const table = this.#tables.get(rowKey.uid)
    if (table !== undefined) apply(table, rowKey, key, rowValue)
    else this.#park(rowKey.uid, key, value)
  }

  scan(): StateScan {
    const parts = [...Array.from(this.#tables.values(), (table) => table.scan()), ...Array.from(this.#parked.values(), parkedScan)]
    return {
      next: (limit, into) => {
        if (this.changedBytes > 0) throw new Error('a scan goes on behind a commit, not in the middle of one')
        if (parts[0]?.next(limit, into) === false) parts.shift()
        return parts.length > 0
      },
    }
  }

  unclaimed(): ReadonlyMap<string, number> {
    return new Map([...this.#parked].filter(([, rows]) => rows.size > 0).map(([uid, rows]) => [uid, rows.size]))
  }

  #park(uid: string, key: Uint8Array, value: Uint8Array | null): void {
    const rows = this.#parked.get(uid) ?? new Map<string, ParkedRow>()
    this.#parked.set(uid, rows)
    const name = Buffer.from(key).toString('latin1')
    if (value === null) rows.delete(name)
    else rows.set(name, { key: Buffer.from(key), value: Buffer.from(value) })
  }

  #sum(measure: (table: FlatTable) => number): number {
    return [...this.#tables.values()].reduce((sum, table) => sum + measure(table), 0)
  }
}

/** Rows of tables that are not open do not change any more. */
function parkedScan(rows: ReadonlyMap<string, ParkedRow>): StateScan {
  const left = rows.values()
  return {
    next: (limit, into: RowBuffer) => {
      for (let i = 0; i < limit; i++) {
        const { value: row } = left.next()
        if (row === undefined) return false
        into.append(row.key, row.value)
      }
      return true
    },
  }
}

function apply(table: FlatTable, rowKey: RowKey, key: Uint8Array, value: RowValue | null): void {
  table.asCommitted(() => {
    if (value === null) {
      const row = table.find(rowKey.namespace, key, rowKey.keyStart, key.length)
      if (row >= 0) table.delete(row)
      return
    }
    checkLayout(rowKey.uid, table.layout, value)
    const row = table.upsert(rowKey.namespace, key, rowKey.keyStart, key.length)
    if (value.kind === 'blob') table.setBlob(row, value.blob)
    else value.cells.forEach((cell, i) => table.setCell(row, i, cell))
  })
}

function checkLayout(uid: string, layout: RowLayout, value: RowValue): void {
  const found = shape(value.kind === 'cells' ? { kind: 'cells', cells: value.cells.length } : value)
  const expected = shape(layout)
  if (found === expected) return
  throw new StreamJobError(
    'changelog-corrupt',
    `a changelog row of ${JSON.stringify(uid)} holds ${found}, the program expects ${expected}; give a transform whose state has another shape another name`,
    { fields: { uid, found, expected } },
  )
}

function shape(layout: RowLayout | { readonly kind: 'blob' }): string {
  return layout.kind === 'cells' ? `${layout.cells} cells` : 'a blob'
}
