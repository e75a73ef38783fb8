/** The pages about errors, metrics and semantics say what the code says. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { workerMetrics } from '../../runtime/control/metrics.ts'
import { errorTable } from '../../runtime/errors.ts'
import { activities } from '../../runtime/time/activity.ts'
import { header } from '../../runtime/worker/tasks/outputs.ts'

/** The cells of the rows whose first cell is code. */
function rowsOf(page: string): string[][] {
  const text = readFileSync(new URL(`../../runtime/docs/${page}`, import.meta.url), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('the page about errors has exactly the codes of the table, with what happens next and what it means, and a cure for each', (t) => {
  const rows = rowsOf('errors.md')
  t.deepEqual(
    rows.map(([code, recovery, meaning]) => [code, recovery, meaning]),
    Object.entries(errorTable).map(([code, { recovery, meaning }]) => [`\`${code}\``, recovery, meaning]),
  )
  for (const [code, , , cure = ''] of rows) t.true(cure.length > 10, code)
})

test('the page about metrics has exactly the metrics of the table, with type, labels and meaning', (t) => {
  t.deepEqual(
    rowsOf('metrics.md'),
    Object.entries(workerMetrics).map(([name, { type, labels, help }]) => {
      return [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', ') || 'none', help]
    }),
  )
})

test('names of metrics follow the conventions: our prefix, counters end in _total, times are in seconds', (t) => {
  for (const [name, { type }] of Object.entries(workerMetrics)) {
    t.regex(name, /^streamjob_[a-z_]+$/)
    t.is(name.endsWith('_total'), type === 'counter', name)
    if (type === 'histogram') t.regex(name, /_seconds$/)
  }
})

test('the page about semantics lists every activity of a partition, every policy, and every header of late records and dead letters', (t) => {
  const names = rowsOf('semantics.md').map(([name]) => name)
  t.deepEqual(
    names,
    [...activities, 'DeadLetter', 'Fail', 'Skip', ...headersInOrder()].map((name) => `\`${name}\``),
  )
})

function headersInOrder(): readonly string[] {
  const { reason, message, topic, partition, offset, timestamp, transform, windowStart, windowEnd, watermark, truncated } = header
  const listed = [reason, message, topic, partition, offset, timestamp, transform, windowStart, windowEnd, watermark, truncated]
  return listed.length === Object.keys(header).length ? listed : []
}
