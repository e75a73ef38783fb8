import type { ByteArena } from './arena.ts'
import { rowKeyHead, writeRowKeyHead } from './changelog-row.ts'
import type { Namespaces } from './namespaces.ts'
import type { RowBuffer } from './row-buffer.ts'
import type { RowValues } from './row-values.ts'
import type { Rows } from './rows.ts'
import { field, inlineKeyBytes, rowState } from './rows.ts'

/** What a scan of a table reads. */
export interface ScannedTable {
  readonly prefix: Buffer
  readonly rows: Rows
  readonly arena: ByteArena
  readonly namespaces: Namespaces
  readonly values: RowValues
}

/** A walk through the rows of a table in the order of their numbers: a row that is made meanwhile may take a number that is behind it, or beyond its end. */
export class TableScan {
  readonly #table: ScannedTable
  readonly #end: number
  #next = 0

  constructor(table: ScannedTable) {
    this.#table = table
    this.#end = table.rows.used
  }

  /** Looks at up to `limit` row numbers. False: that was all. */
  next(limit: number, into: RowBuffer): boolean {
    const { rows } = this.#table
    const end = Math.min(this.#end, this.#next + limit)
    for (let row = this.#next; row < end; row++) if (rows.get(row, field.state) === rowState.live) this.#write(row, into)
    this.#next = end
    return end < this.#end
  }

  #write(row: number, into: RowBuffer): void {
    const { prefix, rows, arena, namespaces, values } = this.#table
    const keyLength = rows.get(row, field.keyLength)
    const head = rowKeyHead(prefix)
    let at = into.reserve(head + keyLength, values.encodedSize(row))
    const { chunk } = into
    writeRowKeyHead(prefix, namespaces.valueOf(rows.get(row, field.namespace)), chunk, at)
    at += head
    if (keyLength > inlineKeyBytes) chunk.set(arena.view(rows.get(row, field.key), keyLength), at)
    else {
      const ints = rows.ints(row)
      const first = rows.base(row) + field.key
      for (let i = 0; i < keyLength; i++) chunk[at + i] = ints[first + (i >> 2)]! >>> ((i & 3) << 3)
    }
    values.write(row, chunk, at + keyLength)
  }
}
