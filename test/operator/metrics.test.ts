import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { Registry } from '@prometheus-io/client'
import { createMetrics, type MetricDefinition, metricTable } from '../../operator/metrics.ts'

const definitions: readonly MetricDefinition[] = Object.values(metricTable)

test('the documentation lists exactly the metrics of the table, with type, labels and meaning', async (t) => {
  const page = await readFile(join(import.meta.dirname, '../../operator/docs/metrics.md'), 'utf8')
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const expected = definitions.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', ') || 'none',
    help,
  ])
  t.deepEqual(rows, expected)
})

test('names follow the conventions: our prefix, counters end in _total, times are in seconds', (t) => {
  for (const { name, type } of definitions) {
    t.regex(name, /^streamjob_operator_[a-z_]+$/)
    t.is(name.endsWith('_total'), type === 'counter', name)
    if (type === 'histogram') t.regex(name, /_seconds$/)
  }
})

test('gauges that are measured are sampled at each scrape, until that is ended', async (t) => {
  const metrics = createMetrics(new Registry())
  let depth = 1
  const end = metrics.beforeScrape(() => metrics.queueDepth.set({ controller: 'streamjob' }, depth++))
  t.regex(await metrics.scrape(), /queue_depth\{controller="streamjob"\} 1/)
  t.regex(await metrics.scrape(), /queue_depth\{controller="streamjob"\} 2/)
  end()
  t.regex(await metrics.scrape(), /queue_depth\{controller="streamjob"\} 2/)
})

test('two processes in one test do not share metrics', (t) => {
  t.notThrows(() => [createMetrics(new Registry()), createMetrics(new Registry())])
})
