import type { StateTable } from '../../state/store.ts'

/** Moves the row of a key into another namespace, where it has none. */
export function moveRow(table: StateTable, from: number, to: number, key: Buffer): void {
  const { layout } = table
  const row = table.find(from, key, 0, key.length)
  if (layout.kind === 'blob') {
    const blob = Buffer.from(table.getBlob(row))
    table.delete(row)
    table.setBlob(table.upsert(to, key, 0, key.length), blob)
    return
  }
  const cells = Array.from({ length: layout.cells }, (_, cell) => table.getCell(row, cell))
  table.delete(row)
  const moved = table.upsert(to, key, 0, key.length)
  for (const [cell, value] of cells.entries()) table.setCell(moved, cell, value)
}
