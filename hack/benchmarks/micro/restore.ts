/**
 * How fast a task's state is restored from fetch answers of its changelog, without Kafka: batches are checked, indexed and put into the table.
 *
 *     node hack/benchmarks/micro/restore.ts [--rows N] [--passes N]
 *     node --cpu-prof --cpu-prof-dir=/tmp/prof hack/benchmarks/micro/restore.ts
 */
import { parseArgs } from 'node:util'
import { BatchBuilder } from '../../../runtime/kafka/batch/encode.ts'
import { layout, writeInt64 } from '../../../runtime/kafka/batch/layout.ts'
import { PartitionRead } from '../../../runtime/kafka/fetch/partition.ts'
import type { RowLayout, StateStore } from '../../../runtime/state/store.ts'
import { createStateStore } from '../../../runtime/state/table-store.ts'
import { TaskImage } from '../../../runtime/worker/tasks/image.ts'
import type { CompileTask } from '../../../runtime/worker/tasks/image.ts'

const { values: flags } = parseArgs({ options: { rows: { type: 'string', default: '1000000' }, passes: { type: 'string', default: '5' } } })
const rows = Number(flags.rows)

/** Bytes of a batch and of a fetch answer, as a producer and a fetcher make them. */
const batchBytes = 1_000_000
const answerBytes = 4 * 1024 * 1024

const cases: readonly { readonly name: string; readonly layout: RowLayout; readonly key: (i: number) => string }[] = [
  { name: 'keys of 13 bytes, 2 cells', layout: { kind: 'cells', cells: 2 }, key: (i) => `user-${String(i).padStart(8, '0')}` },
  { name: 'keys of 36 bytes, 1 cell', layout: { kind: 'cells', cells: 1 }, key: (i) => `3f0c2a44-6a57-4d52-9d3c-${String(i).padStart(12, '0')}` },
  { name: 'keys of 13 bytes, blobs of 48', layout: { kind: 'blob' }, key: (i) => `user-${String(i).padStart(8, '0')}` },
]

for (const { name, layout: rowLayout, key } of cases) {
  const answers = changelogOf(rowLayout, key)
  const rates = Array.from({ length: Number(flags.passes) }, () => restore(answers, rowLayout)).toSorted((a, b) => a.nanoseconds - b.nanoseconds)
  const [best, median] = [rates[0]!, rates[rates.length >> 1]!]
  const figures = `${best.nanoseconds.toFixed(0).padStart(5)} ns best ${median.nanoseconds.toFixed(0).padStart(5)} ns median a row`
  console.log(`${rows} rows, ${name.padEnd(32)} ${figures} ${(median.bytes / rows).toFixed(0).padStart(5)} bytes of memory a row`)
}

function restore(answers: readonly Buffer[], rowLayout: RowLayout): { readonly nanoseconds: number; readonly bytes: number } {
  let store: StateStore = createStateStore()
  const compile: CompileTask = (own) => {
    store = own
    own.table('totals', rowLayout)
    // A restore touches neither.
    return {} as ReturnType<CompileTask>
  }
  const before = process.threadCpuUsage()
  const image = new TaskImage({ topic: 'changelog', partition: 0 }, compile, 0)
  const read = new PartitionRead('changelog', 0, 0)
  for (const records of answers) {
    read.accept({ topicId: '', partition: 0, error: 0, highWatermark: rows, lastStableOffset: rows, logStart: 0, aborted: [], records }, 0, 0)
    for (let block = read.take(); block !== null; block = read.take()) image.apply(block)
  }
  const { user, system } = process.threadCpuUsage(before)
  if (store.rows !== rows || image.next !== rows) throw new Error(`${store.rows} rows up to ${image.next} instead of ${rows}`)
  return { nanoseconds: ((user + system) * 1000) / rows, bytes: store.memoryBytes }
}

/** The changelog of a commit of every row, in an order without a pattern, as fetch answers. */
function changelogOf(rowLayout: RowLayout, keyOf: (i: number) => string): Buffer[] {
  const answers: Buffer[] = []
  let batches: Buffer[] = []
  let bytes = 0
  let offset = 0
  let builder = new BatchBuilder()
  const finish = (): void => {
    const batch = builder.finish(null, 'none')
    writeInt64(batch, layout.baseOffset, offset)
    offset += builder.count
    batches.push(batch)
    bytes += batch.length
    builder = new BatchBuilder()
    if (bytes < answerBytes) return
    answers.push(Buffer.concat(batches))
    batches = []
    bytes = 0
  }
  const perStore = 100_000
  for (let first = 0; first < rows; first += perStore) {
    const store = createStateStore()
    const table = store.table('totals', rowLayout)
    for (let i = first; i < Math.min(rows, first + perStore); i++) {
      const key = Buffer.from(keyOf((i * 7_368_787) % rows))
      const row = table.upsert(0, key, 0, key.length)
      if (rowLayout.kind === 'blob') table.setBlob(row, Buffer.alloc(48, i))
      else for (let cell = 0; cell < rowLayout.cells; cell++) table.setCell(row, cell, i + cell)
    }
    for (const { key, value } of store.changes()) {
      builder.append(key, 0, key.length, value, 0, value?.length ?? 0, 1_700_000_000_000, [])
      if (builder.size >= batchBytes) finish()
    }
  }
  if (builder.count > 0) finish()
  if (batches.length > 0) answers.push(Buffer.concat(batches))
  return answers
}
