import test from 'ava'
import { compareCoordinates, compareResults, expectedOf } from './oracle.ts'
import type { PrintedRecord } from './oracle.ts'

const job = { sizeMs: 10, outOfOrdernessMs: 2, latenessMs: 3 }
const input = (at: number, offset: number, fields: Partial<PrintedRecord> = {}): PrintedRecord => {
  return { partition: 0, offset, timestamp: at, key: 'a', value: JSON.stringify({ customer: 'a', amount: offset, at }), headers: {}, ...fields }
}
const output = (windowStart: number, orders: number, total: number): PrintedRecord => {
  return {
    partition: 0,
    offset: 0,
    timestamp: 0,
    key: 'a',
    value: JSON.stringify({ key: 'a', windowStart, windowEnd: windowStart + 10, orders, total }),
    headers: {},
  }
}

//            at:   5       12      15 (watermark 12 closes [0, 10))      4 is late
//   windows:   [0 ------- 10)[10 ------- 20)
const records = [input(5, 1), input(12, 2), input(15, 3), input(4, 4)]

test('a window closes when the watermark reaches its last millisecond plus lateness', (t) => {
  t.deepEqual([...expectedOf(job, records, new Map([[0, 3]])).results], [])
  t.deepEqual([...expectedOf(job, records, new Map([[0, 4]])).results], [['a@0', '1,1']])
})

test('a record of a closed window is late', (t) => {
  t.deepEqual([...expectedOf(job, records, new Map([[0, 5]])).late], ['0:4'])
})

test('only the committed prefix counts', (t) => {
  t.is(expectedOf(job, records, new Map([[0, 2]])).records, 1)
})

test('records without key, of another key and that can not be decoded are dead letters', (t) => {
  const bad = [input(1, 1, { key: null }), input(1, 2, { key: 'b' }), input(1, 3, { value: '{"customer":' }), input(1, 4, { value: null })]
  t.deepEqual([...expectedOf(job, bad, new Map([[0, 9]])).dead.values()], ['null-key', 'key-mismatch', 'undecodable', 'undecodable'])
})

test('the comparison finds what is missing, doubled, wrong or too much', (t) => {
  const expected = expectedOf(job, records, new Map([[0, 5]]))
  t.deepEqual(compareResults(expected, [output(0, 1, 1)]), { missing: [], unexpected: [], duplicated: [], wrong: [] })
  t.deepEqual(compareResults(expected, []).missing, ['a@0'])
  t.deepEqual(compareResults(expected, [output(0, 1, 1), output(0, 1, 1)]).duplicated, ['a@0'])
  t.is(compareResults(expected, [output(0, 2, 1)]).wrong.length, 1)
  t.deepEqual(compareResults(expected, [output(0, 1, 1), output(10, 1, 1)]).unexpected, ['a@10'])
})

test('late and dead-letter records are compared by their source coordinates', (t) => {
  const late = (partition: number, offset: number): PrintedRecord => ({
    ...output(0, 0, 0),
    headers: { 'streamjob.partition': String(partition), 'streamjob.offset': String(offset) },
  })
  t.deepEqual(compareCoordinates(['0:4'], [late(0, 4)]), { missing: [], unexpected: [], duplicated: [] })
  t.deepEqual(compareCoordinates(['0:4'], [late(0, 4), late(0, 4), late(1, 1)]), { missing: [], unexpected: ['1:1'], duplicated: ['0:4'] })
})
