import type { RowId, StateTable } from '../../state/store.ts'

/** Makes a row hold what another one does. */
export function copyRow(table: StateTable, from: RowId, to: RowId): void {
  const { layout } = table
  if (layout.kind === 'blob') table.setBlob(to, Buffer.from(table.getBlob(from)))
  else for (let cell = 0; cell < layout.cells; cell++) table.setCell(to, cell, table.getCell(from, cell))
}

/** Moves the row of a key into another namespace, where it has none. */
export function moveRow(table: StateTable, from: number, to: number, key: Buffer): void {
  const moved = table.upsert(to, key, 0, key.length)
  const row = table.find(from, key, 0, key.length)
  copyRow(table, row, moved)
  table.delete(row)
}
