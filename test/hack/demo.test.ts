import { readFile } from 'node:fs/promises'
import test from 'ava'
import { parse } from 'yaml'
import { differences } from '../../hack/demo-run/compare.ts'
import { orders } from '../../hack/demo-run/orders.ts'
import { recount, type InputRecord } from '../../hack/demo-run/recount.ts'
import { job, window } from '../../hack/demo-run/settings.ts'
import { resultLine } from '../../hack/demo-run/live.ts'
import { manifest } from '../../hack/demo-run/job.ts'

const order = (offset: number, at: number, fields: Partial<InputRecord> & { amount?: number } = {}): InputRecord => {
  const { amount = offset, ...record } = fields
  return { partition: 0, offset, key: 'ada', value: JSON.stringify({ customer: 'ada', amount, at }), ...record }
}
const result = (start: number, count: number, total: number) => ({
  key: 'ada',
  value: JSON.stringify({ key: 'ada', windowStart: start, windowEnd: start + 5_000, orders: count, total }),
})
const side = (offset: number) => ({ headers: { 'streamjob.partition': '0', 'streamjob.offset': String(offset) } })

//       at:  1000  4999      6999 (watermark 5998)  7000 (watermark 5999: closes [0, 5000), one second late)   4000 is late
//  windows:  [0 ---------- 5000)[5000 ---------- 10000)
const records = [order(1, 1_000), order(2, 4_999), order(3, 6_999), order(4, 7_000), order(5, 4_000)]

test('the recount closes a window one second after its end, by the watermark', (t) => {
  t.deepEqual([...recount(records.slice(0, 3)).results], [])
  t.deepEqual([...recount(records.slice(0, 4)).results], [['ada 0', '2 for 3']])
})

test('the recount takes an order of a closed window for late, and one whose window is open not', (t) => {
  t.deepEqual(recount(records).late, ['0:5'])
  t.deepEqual(recount([...records, order(6, 5_000)]).late, ['0:5'])
})

test('the recount leaves gifts out, and lets them move time on', (t) => {
  const gift = order(4, 7_000, { amount: 0 })
  t.deepEqual([...recount([...records.slice(0, 3), gift]).results], [['ada 0', '2 for 3']])
  t.deepEqual(recount([...records, order(6, 100, { amount: 0 })]).late, ['0:5'])
})

test('the recount takes broken orders and orders of another key for dead letters that do not move time', (t) => {
  const dead = [order(1, 9_000, { value: '{"customer":' }), order(2, 9_000, { key: 'ken' }), order(3, 9_000, { value: null })]
  const counted = recount([...dead, order(4, 1_000)])
  t.deepEqual(counted.dead, ['0:1', '0:2', '0:3'])
  t.deepEqual([counted.late, [...counted.results]], [[], []])
})

test('time passes in each partition by itself', (t) => {
  t.deepEqual([...recount([order(1, 1_000), order(1, 20_000, { partition: 1 })]).results], [])
})

test('what came out is compared with what must have: nothing may be missing, doubled, wrong or too much', (t) => {
  const expected = recount(records)
  const right = { results: [result(0, 2, 3)], late: [side(5)], dead: [] }
  t.deepEqual(differences(expected, right), [])
  t.deepEqual(differences(expected, { ...right, results: [] }), ['missing: result ada 0: 2 for 3'])
  t.deepEqual(differences(expected, { ...right, results: [result(0, 2, 3), result(0, 2, 3)] }), ['too much: result ada 0: 2 for 3'])
  t.deepEqual(differences(expected, { ...right, results: [result(0, 2, 4)] }).length, 2)
  t.deepEqual(differences(expected, { ...right, results: [result(0, 2, 3), result(5_000, 2, 7)] }), ['too much: result ada 5000: 2 for 7'])
  t.deepEqual(differences(expected, { ...right, late: [] }), ['missing: late order 0:5'])
  t.deepEqual(differences(expected, { ...right, dead: [side(5)] }), ['too much: dead letter 0:5'])
})

test('orders are the same for a seed, and hold every kind of odd one', (t) => {
  const now = 1_700_000_000_000
  const some = [...orders(2_026, () => now).take(5_000)]
  t.deepEqual([...orders(2_026, () => now).take(5_000)], some)
  t.notDeepEqual([...orders(1, () => now).take(10)], some.slice(0, 10))
  const counted = recount(some.map((one, offset) => ({ partition: 0, offset, ...one })))
  t.true(counted.late.length > 10 && counted.late.length < 50, String(counted.late.length))
  t.true(counted.dead.length > 2 && counted.dead.length < 25, String(counted.dead.length))
  t.true(some.filter(({ value }) => value.includes('"amount":0,')).length > 100)
})

test('a result is shown with window, customer, orders and total', (t) => {
  t.is(resultLine(result(0, 2, 3).value), '        00:00:00 - 00:00:05  ada              2       3')
})

test('the settings of the recount are those of the applied job', async (t) => {
  const text = await readFile(manifest, 'utf8')
  const applied = parse(text) as { metadata: { name: string }; spec: { program: { steps: readonly Record<string, unknown>[] } } }
  const step = (name: string) => applied.spec.program.steps.find((one) => name in one)?.[name]
  t.is(applied.metadata.name, job.name)
  t.like(step('from'), { topic: job.input })
  t.deepEqual(step('eventTime'), { field: 'at', outOfOrderness: `${window.outOfOrderness / 1_000}s` })
  t.deepEqual(step('window'), { tumbling: `${window.size / 1_000}s`, lateness: `${window.lateness / 1_000}s` })
  t.deepEqual(step('to'), { topic: job.output })
})
