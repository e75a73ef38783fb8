/** A store of one table of texts, and what is in it. */
import { RowBuffer, RowIndex } from '../../runtime/state/row-buffer.ts'
import type { StateStore, StateTable } from '../../runtime/state/store.ts'
import { encodePositionRow } from '../../runtime/worker/commits/positions.ts'
import { TaskImage } from '../../runtime/worker/tasks/image.ts'

export type Rows = ReadonlyMap<string, string>

/** An image of nothing, of a task with one table. */
export function makeImage(): TaskImage {
  const compile = (store: StateStore): never => {
    tableOf(store)
    // An image does nothing with what is compiled but to hand it on.
    return { stage: {}, output: {} } as never
  }
  return new TaskImage({ topic: 'changelog', partition: 0 }, compile, 0)
}

/** Its table. */
export function tableOf(store: StateStore): StateTable {
  return store.table('t', { kind: 'blob' })
}

/** Puts a row, or deletes it. */
export function put(table: StateTable, key: string, value: string | null): void {
  const bytes = Buffer.from(key)
  if (value !== null) return table.setBlob(table.upsert(0, bytes, 0, bytes.length), Buffer.from(value))
  const row = table.find(0, bytes, 0, bytes.length)
  if (row >= 0) table.delete(row)
}

/** Of a commit, encoded. */
export function positionRow(commit: number): Buffer {
  const inputs = [{ topic: 's', topicId: 'i', partition: 0, offset: commit }]
  return encodePositionRow({ formatVersion: 1, commit, writer: 0, epoch: 1, inputs, snapshot: { maxTimestamp: null, watermarks: {} } })
}

/** All rows, without the heads of keys and values: see changelog-row.ts. */
export function rowsOf(store: StateStore): Map<string, string> {
  const buffer = new RowBuffer()
  const scan = store.scan()
  while (scan.next(1_000, buffer));
  const bytes = Buffer.concat(buffer.parts())
  const index = new RowIndex(100_000)
  index.take(bytes, 0, bytes.length)
  return new Map(
    Array.from({ length: index.count }, (_, i) => [
      bytes.toString('utf8', index.keyStart[i]! + 11, index.keyEnd[i]),
      bytes.toString('utf8', index.valueStart[i]! + 2, index.valueEnd[i]),
    ]),
  )
}

/** Throws with both when they differ. */
export function assertSame(found: Rows, expected: Rows, what: string): void {
  const sorted = (rows: Rows): string => JSON.stringify([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  if (sorted(found) !== sorted(expected)) throw new Error(`${what}: ${sorted(found)} instead of ${sorted(expected)}`)
}
