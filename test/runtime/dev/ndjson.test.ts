import test from 'ava'
import fc from 'fast-check'
import type { OutputRecord } from '../../../runtime/dev/ndjson.ts'
import { parseRecord, printRecord } from '../../../runtime/dev/ndjson.ts'

function text(line: string): { key: string | undefined; value: string | undefined } {
  const { key, value } = parseRecord(line)
  return { key: key?.toString(), value: value?.toString() }
}

test('only the value must be there', (t) => {
  t.deepEqual(parseRecord('{"value": 1}'), { key: null, value: Buffer.from('1'), timestamp: null, partition: null, headers: [] })
})

test('a value is sent as it is written, numbers with all their digits', (t) => {
  t.is(text('{"value": {"a": 1.0, "b": 12345678901234567890, "c": [1e3, -0, "x"]}}').value, '{"a":1.0,"b":12345678901234567890,"c":[1e3,-0,"x"]}')
  t.is(text('{"value": "text"}').value, '"text"')
})

test('null is a tombstone', (t) => {
  t.is(parseRecord('{"value": null}').value, null)
})

test('an object of base64 alone is raw bytes; with another field it is JSON', (t) => {
  t.deepEqual(parseRecord('{"value": {"base64": "AP8="}}').value, Buffer.from([0, 255]))
  t.is(text('{"value": {"base64": "AP8=", "more": 1}}').value, '{"base64":"AP8=","more":1}')
  t.throws(() => parseRecord('{"value": {"base64": "%%"}}'), { message: '"%%" is no base64' })
})

test('keys are text, numbers, booleans, lists of them or raw bytes', (t) => {
  t.is(text('{"key": "ä", "value": 1}').key, 'ä')
  t.is(text('{"key": 7, "value": 1}').key, '7')
  t.is(text('{"key": true, "value": 1}').key, 'true')
  t.is(text('{"key": ["a", 1], "value": 1}').key, '["a",1]')
  t.deepEqual(parseRecord('{"key": {"base64": "/w=="}, "value": 1}').key, Buffer.from([255]))
  t.throws(() => parseRecord('{"key": {"a": 1}, "value": 1}'), { message: /^key: .*base64/ })
})

test('a header that comes several times has a list', (t) => {
  t.deepEqual(parseRecord('{"value": 1, "headers": {"a": ["x", null], "b": {"base64": "AA=="}}}').headers, [
    { key: 'a', value: Buffer.from('x') },
    { key: 'a', value: null },
    { key: 'b', value: Buffer.from([0]) },
  ])
})

for (const [line, message] of [
  ['{"value": 1', /^no JSON: /],
  ['[1]', /^a record is an object/],
  ['{"key": "a"}', /^value is missing/],
  ['{"value": 1, "ts": 1}', /^unknown field ts: a record has value, key, timestamp, partition and headers$/],
  ['{"customer": "ada", "amount": 1}', /^unknown field customer, amount: .*; what the record holds is its value: \{"key": "ada", "value": \{/],
  ['{"value": 1, "timestamp": -1}', /^timestamp must be a whole number from 0, epoch milliseconds, not -1$/],
  ['{"value": 1, "timestamp": "2024-01-01"}', /^timestamp must be/],
  ['{"value": 1, "partition": 0.5}', /^partition must be a whole number from 0, not 0.5$/],
  ['{"value": 1, "headers": ["a"]}', /^headers must be an object/],
  ['{"value": 1, "headers": {"a": 1}}', /^the header a must be/],
] as const) {
  test(`${line} is refused`, (t) => {
    t.throws(() => parseRecord(line), { message })
  })
}

const bytes = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => Buffer.from(value)),
  fc.uint8Array().map((value) => Buffer.from(value)),
)
const json = fc.oneof(
  fc.json().map((value) => Buffer.from(value)),
  fc.json().map((value) => Buffer.from(JSON.stringify(JSON.parse(value), null, 2))),
  fc.constantFrom('null', '{"base64":"AA=="}', '"\u2028"', '1.0', ' 2 ', '{"a":1.50}').map((value) => Buffer.from(value)),
)
const record: fc.Arbitrary<OutputRecord> = fc.record({
  topic: fc.constant('t'),
  partition: fc.nat(100),
  offset: fc.nat(),
  timestamp: fc.nat(),
  key: fc.option(bytes),
  value: fc.option(fc.oneof(bytes, json)),
  headers: fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.option(bytes) }), { maxLength: 4 }),
})

test('what is printed stands on one line and reads back as the same record', (t) => {
  fc.assert(
    fc.property(record, (one) => {
      const line = printRecord(one)
      t.false(/[\r\n\u2028\u2029]/.test(line))
      const read = parseRecord(line)
      t.is(read.partition, one.partition)
      t.is(read.timestamp, one.timestamp)
      t.deepEqual(read.key, one.key)
      const byName = (headers: OutputRecord['headers']): unknown => Map.groupBy(headers, ({ key }) => key)
      t.deepEqual(byName(read.headers), byName(one.headers.map(({ key, value }) => ({ key, value }))))
      if (one.value === null) t.is(read.value, null)
      else if (!read.value?.equals(one.value)) t.deepEqual(JSON.parse(String(read.value)), JSON.parse(one.value.toString()))
    }),
    { numRuns: 500 },
  )
})
