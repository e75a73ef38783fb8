import test from 'ava'
import { DroppedRecords } from '../../../runtime/dev/dropped.ts'
import type { OutputRecord } from '../../../runtime/dev/ndjson.ts'

function dropped(topic: string, ...headers: readonly (readonly [name: string, value: string | null])[]): OutputRecord {
  const bytes = headers.map(([name, value]) => ({ key: `streamjob.${name}`, value: value === null ? null : Buffer.from(value) }))
  return { topic, partition: 0, offset: 0, timestamp: 0, key: null, value: null, headers: bytes }
}

const from = (partition: number, offset: number): readonly (readonly [string, string])[] => [
  ['topic', 'orders'],
  ['partition', String(partition)],
  ['offset', String(offset)],
]

test('a run without late records and dead letters has no summary', (t) => {
  t.deepEqual(new DroppedRecords().summary(), [])
})

test('the summary has a line for each reason: how many there were, and where the first came from with what was wrong', (t) => {
  const records = new DroppedRecords()
  records.add(dropped('job.dlq', ['reason', 'undecodable'], ...from(2, 17), ['message', 'amount: expected a number, found "x"']))
  records.add(dropped('job.dlq', ['reason', 'processing'], ...from(0, 3), ['message', 'map-1: no such key']))
  records.add(dropped('job.dlq', ['reason', 'undecodable'], ...from(1, 1), ['message', 'something else']))
  for (const offset of [4, 5, 6]) records.add(dropped('job.late', ['reason', 'late'], ...from(0, offset)))
  t.deepEqual(records.summary(), [
    'job.dlq: 2 undecodable, the first from orders-2 at offset 17: amount: expected a number, found "x"',
    'job.dlq: 1 processing, from orders-0 at offset 3: map-1: no such key',
    'job.late: 3 late, the first from orders-0 at offset 4',
  ])
})

test('of a dead letter that was read again, the newest reason counts; a result of a window has no offset', (t) => {
  const records = new DroppedRecords()
  const older = [['reason', 'null-key'], ['message', 'old'], ...from(9, 9)] as const
  records.add(dropped('job.dlq', ...older, ['reason', 'processing'], ...from(0, 1), ['message', 'new']))
  records.add(dropped('other.dlq', ['reason', 'processing'], ...from(0, 1).slice(0, 2), ['message', 'window']))
  t.deepEqual(records.summary(), ['job.dlq: 1 processing, from orders-0 at offset 1: new', 'other.dlq: 1 processing, from orders-0: window'])
})

test('a long message is cut', (t) => {
  const records = new DroppedRecords()
  records.add(dropped('job.dlq', ['reason', 'processing'], ...from(0, 1), ['message', 'x'.repeat(1_000)]))
  const [line = ''] = records.summary()
  t.true(line.startsWith('job.dlq: 1 processing, from orders-0 at offset 1: xxx'))
  t.true(line.endsWith('x…') && line.length < 400)
})
