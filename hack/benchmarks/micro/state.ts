/** Read-modify-write of table rows by key bytes, ns each: `node hack/benchmarks/micro/state.ts`. */
import { createStateStore } from '../../../runtime/state/table-store.ts'
import { measure } from './measure.ts'

const window = 60_000

/** Keys side by side in one buffer, as in a fetched batch, in an order without a pattern. */
function keysOf(count: number): { readonly bytes: Buffer; readonly ends: Int32Array } {
  const keys = Array.from({ length: count }, (_, i) => Buffer.from(`user-${String((i * 7_368_787) % count).padStart(8, '0')}`))
  let end = 0
  return { bytes: Buffer.concat(keys), ends: Int32Array.from(keys, (key) => (end += key.length)) }
}

function readModifyWrite(count: number, operations: number): void {
  const { bytes, ends } = keysOf(count)
  const store = createStateStore()
  const table = store.table('bench', { kind: 'cells', cells: 2 })
  let next = 0
  const round = (): void => {
    for (let i = 0; i < operations; i++) {
      const row = table.upsert(window, bytes, next === 0 ? 0 : ends[next - 1]!, ends[next]!)
      table.setCell(row, 0, table.getCell(row, 0) + 1)
      table.setCell(row, 1, table.getCell(row, 1) + i)
      if (++next === count) next = 0
    }
  }
  measure(`${count} keys: read-modify-write, one commit per ${operations}, its end included`, operations, () => {
    round()
    store.markCommitted()
  })
  measure(`${count} keys: the same, every row's change written and committed`, operations, () => {
    round()
    let size = 0
    for (const { key, value } of store.changes()) size += key.length + (value?.length ?? 0)
    if (size === 0) throw new Error('nothing changed')
    store.markCommitted()
  })
  measure(`${count} keys: rolled back instead`, operations, () => {
    round()
    store.rollback()
  })
  console.log(`${count} keys: ${(store.memoryBytes / count).toFixed(0)} bytes per key`)
}

function load(count: number): void {
  const { bytes, ends } = keysOf(count)
  const store = createStateStore()
  const table = store.table('bench', { kind: 'cells', cells: 2 })
  let worst = 0
  const before = process.threadCpuUsage()
  for (let i = 0; i < count;) {
    const start = process.threadCpuUsage()
    for (const end = Math.min(count, i + 1000); i < end; i++) table.setCell(table.upsert(window, bytes, i === 0 ? 0 : ends[i - 1]!, ends[i]!), 0, 1)
    const batch = process.threadCpuUsage(start)
    worst = Math.max(worst, (batch.user + batch.system) / 1000)
  }
  const { user, system } = process.threadCpuUsage(before)
  console.log(`${count} keys: first insertion ${(((user + system) * 1000) / count).toFixed(0)} ns, worst 1000 of them ${worst.toFixed(1)} ms of CPU`)
}

readModifyWrite(10_000, 100_000)
readModifyWrite(1_000_000, 1_000_000)
load(1_000_000)
