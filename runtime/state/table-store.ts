/** State in memory: flat tables, and the rows of tables that nobody has opened. */
import { decodeRowKey, layoutOfValue } from './changelog-row.ts'
import type { RowBuffer } from './row-buffer.ts'
import type { ChangelogRows, RowChange, RowLayout, StateScan, StateStore, StateTable } from './store.ts'
import { FlatTable, shapeOf } from './table.ts'

/** An empty store in memory. */
export function createStateStore(): StateStore {
  return new TableStore()
}

/** A changelog row as it came, the value behind the key. The key as text is the map key, so that a later row replaces it. */
interface ParkedRow {
  readonly bytes: Buffer
  readonly keyEnd: number
}

class TableStore implements StateStore {
  readonly #tables = new Map<string, FlatTable>()
  /** By uid, then by changelog key. */
  readonly #parked = new Map<string, Map<string, ParkedRow>>()
  #restoring: FlatTable | undefined

  table(uid: string, layout: RowLayout): StateTable {
    const open = this.#tables.get(uid)
    if (open !== undefined) {
      if (shapeOf(open.layout) === shapeOf(layout)) return open
      throw new Error(`the table ${JSON.stringify(uid)} is open with another layout: ${shapeOf(open.layout)}, not ${shapeOf(layout)}`)
    }
    const table = new FlatTable(uid, layout)
    const parked = this.#parked.get(uid)
    for (const { bytes, keyEnd } of parked?.values() ?? []) table.restore(bytes, 0, keyEnd, keyEnd, bytes.length)
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

  restore({ bytes, keyStart, keyEnd, valueStart, valueEnd }: ChangelogRows, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const table = this.#owner(bytes, keyStart[i]!, keyEnd[i]!)
      if (table !== undefined) table.restore(bytes, keyStart[i]!, keyEnd[i]!, valueStart[i]!, valueEnd[i]!)
      else this.#park(bytes.subarray(keyStart[i], keyEnd[i]), valueStart[i]! < 0 ? null : bytes.subarray(valueStart[i], valueEnd[i]))
    }
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

  /** The open table of a changelog row. Most are of the table of the row before. */
  #owner(bytes: Uint8Array, keyStart: number, keyEnd: number): FlatTable | undefined {
    if (this.#restoring?.owns(bytes, keyStart, keyEnd) === true) return this.#restoring
    for (const table of this.#tables.values()) if (table.owns(bytes, keyStart, keyEnd)) return (this.#restoring = table)
    return undefined
  }

  #park(key: Uint8Array, value: Uint8Array | null): void {
    const { uid } = decodeRowKey(key)
    if (value !== null) layoutOfValue(value)
    const rows = this.#parked.get(uid) ?? new Map<string, ParkedRow>()
    this.#parked.set(uid, rows)
    const name = Buffer.from(key).toString('latin1')
    if (value === null) rows.delete(name)
    else rows.set(name, { bytes: Buffer.concat([key, value]), keyEnd: key.length })
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
        into.append(row.bytes.subarray(0, row.keyEnd), row.bytes.subarray(row.keyEnd))
      }
      return true
    },
  }
}
