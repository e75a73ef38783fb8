import test from 'ava'
import { LiveTable, countsLine, rowOf, statusLine, tableOf } from '../../../operator/cli/live-table.ts'
import type { OutputRecord } from '../../../runtime/dev/ndjson.ts'
import type { WorkerStatus } from '../../../runtime/protocol.ts'
import { testTerminal } from '../../support/terminal.ts'

function record(key: string | null, value: string | null, fields: Partial<OutputRecord> = {}): OutputRecord {
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))
  return { topic: 'out', partition: 0, offset: 0, timestamp: 1_000, key: bytes(key), value: bytes(value), headers: [], ...fields }
}

const results = new Set(['out'])

test('anywhere but on a screen each record is a line, and nothing is drawn', (t) => {
  const terminal = testTerminal()
  const table = new LiveTable(terminal, 'job', results)
  table.record(record('a', '{"n":1}'))
  table.record(record(null, null, { topic: 'job.dlq' }))
  table.progress({ workers: [], crashes: 0 })
  t.is(terminal.written.out, 'out  1970-01-01T00:00:01.000Z  a  {"n":1}\njob.dlq  1970-01-01T00:00:01.000Z  -  (deleted)\n')
})

test('on a screen the table has the newest value of each key, and records of other topics are counted', (t) => {
  const terminal = testTerminal({ screen: { columns: 80, rows: 24 } })
  const table = new LiveTable(terminal, 'job', results)
  for (const one of [record('a', '1'), record('b', '2'), record('a', '3'), record('x', '9', { topic: 'late' })]) table.record(one)
  table.progress({ workers: [], crashes: 0 })
  const lines = terminal.written.out.split('\n')
  t.deepEqual(
    lines.slice(3, -1).map((line) => line.split(/ +/)),
    [
      ['TOPIC', 'TIME', 'KEY', 'VALUE'],
      ['out', '1970-01-01T00:00:01.000Z', 'b', '2'],
      ['out', '1970-01-01T00:00:01.000Z', 'a', '3'],
    ],
  )
  t.is(lines[1], 'out: 3  late: 1')
})

test('the next drawing begins where the last one began', (t) => {
  const terminal = testTerminal({ screen: { columns: 80, rows: 24 } })
  const table = new LiveTable(terminal, 'job', results)
  table.progress({ workers: [], crashes: 0 })
  const height = terminal.written.out.split('\n').length - 1
  table.progress({ workers: [], crashes: 0 })
  t.true(terminal.written.out.includes(`\u001b[${height}A\u001b[0J`))
})

test('no line is wider than the screen, and no more rows are drawn than fit', (t) => {
  const terminal = testTerminal({ screen: { columns: 30, rows: 10 } })
  const table = new LiveTable(terminal, 'job', results)
  for (let i = 0; i < 50; i++) table.record(record(`key-${i}`, 'x'.repeat(100)))
  table.progress({ workers: [], crashes: 0 })
  const lines = terminal.written.out.split('\n')
  t.true(lines.length <= 10)
  t.true(lines.every((line) => line.slice(line.lastIndexOf('\u001b[0J') + 1).length < 34))
})

test('control characters of a record do not reach the terminal', (t) => {
  t.like(rowOf(record('a\u001b[2J', '"\u009b1m"')), { key: 'a\uFFFD[2J', value: '"\uFFFD1m"' })
})

test('columns are as wide as what stands in them', (t) => {
  const row = (key: string): ReturnType<typeof rowOf> => ({ topic: 't', key, time: '-', value: 'v' })
  t.deepEqual(tableOf([row('a'), row('long')], 10), ['TOPIC  TIME  KEY   VALUE', 't      -     a     v', 't      -     long  v'])
})

test('the status line sums the workers up', (t) => {
  const task = { position: '10', highWatermark: '15', watermark: 2_000 }
  // Only what the line is made of.
  const worker = { state: 'running', tasks: [task, { ...task, watermark: 1_000 }] } as unknown as WorkerStatus
  t.is(
    statusLine('job', { workers: [worker, { ...worker, state: 'joining', tasks: [] }], crashes: 2 }),
    'job  1/2 workers at work  10 records behind  watermark 1970-01-01T00:00:01.000Z  killed 2 times',
  )
  t.is(countsLine(new Map()), 'no results yet')
})
