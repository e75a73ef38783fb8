import test from 'ava'
import { StageRun } from '../../support/stage-run.ts'
import type { TestRecord } from '../../support/blocks.ts'
import { eventTime, filter, flatMap, keyBy, map, schemaOf, stageOf } from '../../support/stages.ts'
import type { Step } from '../../support/stages.ts'

const schema = schemaOf({ k: 'string', n: 'integer' })

function run(steps: readonly Step[], records: readonly TestRecord[]): StageRun {
  return new StageRun(stageOf(steps, { schema }), records).process()
}

function numbers(...values: readonly number[]): readonly TestRecord[] {
  return values.map((n) => ({ key: 'a', value: { k: 'a', n }, timestamp: 1_000 + n }))
}

test('a record goes through an empty chain with its key, its declared fields and its timestamp', (t) => {
  const made = run([], [{ key: 'a', value: { k: 'a', n: 1, extra: true }, timestamp: 1_000 }])
  t.deepEqual(made.results, [{ to: 'sink', key: 'a', value: { k: 'a', n: 1 }, timestamp: 1_000 }])
})

test('a record without a key goes through a chain that needs none', (t) => {
  t.is(run([], [{ value: { k: 'a', n: 1 }, timestamp: 5 }]).results[0]?.key, null)
})

test('filter keeps what its predicate is true for, written as a function or in CEL', (t) => {
  for (const predicate of [(value: { n: number }) => value.n > 1, 'value.n > 1']) {
    t.deepEqual(
      run([filter(predicate)], numbers(1, 2, 3)).results.map((result) => result.value),
      [
        { k: 'a', n: 2 },
        { k: 'a', n: 3 },
      ],
    )
  }
})

test('a filter that answers neither true nor false fails the record', (t) => {
  const made = run([filter(() => 1)], numbers(1))
  t.is(made.dead[0]?.reason, 'processing')
  t.regex(made.dead[0]?.message ?? '', /^filter "filter-0": .*true or false/)
  t.deepEqual(made.results, [])
})

test('map replaces the value, by a function, a CEL map or one CEL expression per field', (t) => {
  for (const mapper of [(value: { n: number }) => ({ twice: value.n * 2 }), '{"twice": value.n * 2}', { twice: 'value.n * 2' }]) {
    t.deepEqual(run([map(mapper)], numbers(4)).results[0]?.value, { twice: 8 })
  }
})

test('functions see key, timestamp, topic, partition, offset and headers of the record', (t) => {
  const steps = [
    map((_, record) => [record.key, record.timestamp, record.topic, record.partition, record.offset, record.header('trace'), record.header('none')]),
  ]
  const made = run(steps, [{ key: 'ä', value: { k: 'a', n: 1 }, timestamp: 7, headers: [{ key: 'trace', value: Buffer.from('t-1') }] }])
  t.deepEqual(made.results[0]?.value, ['ä', 7, 'input', 0, 0, 't-1', null])
})

test('null becomes a tombstone', (t) => {
  t.deepEqual(run([map(() => null)], numbers(1)).results, [{ to: 'sink', key: 'a', value: null, timestamp: 1_001 }])
})

for (const [what, mapper, message] of [
  ['undefined', () => undefined, /undefined; use a filter/],
  ['a promise', () => Promise.resolve(1), /a promise/],
  ['what JSON cannot carry', () => ({ n: NaN }), /sink "sink": n: .*NaN/],
] as const) {
  test(`a map that gives ${what} fails the record`, (t) => {
    const made = run([map(mapper)], numbers(1))
    t.is(made.dead[0]?.reason, 'processing')
    t.regex(made.dead[0]?.message ?? '', message)
  })
}

test('flatMap gives any number of values, from any iterable, in order', (t) => {
  const repeat = function* (value: { n: number }): Generator<number> {
    for (let i = 0; i < value.n; i++) yield i
  }
  t.deepEqual(
    run([flatMap(repeat)], numbers(0, 2, 1)).results.map((result) => [result.value, result.timestamp]),
    [
      [0, 1_002],
      [1, 1_002],
      [0, 1_001],
    ],
  )
  t.deepEqual(
    run([flatMap('[value.n, value.n + 1]')], numbers(5)).results.map((result) => result.value),
    [5, 6],
  )
})

test('a flatMap that gives no list, text included, fails the record', (t) => {
  for (const result of ['text', 3, null, undefined]) {
    const made = run([flatMap(() => result)], numbers(1))
    t.regex(made.dead[0]?.message ?? '', /^flatMap "flatMap-0": it gave .*not a list/)
    t.deepEqual(made.results, [])
  }
})

test('a record that fails leaves no effect of its whole chain, and the next goes on', (t) => {
  //   1 -> 1             through
  //   3 -> 1, 2, fails   nothing
  //   2 -> 1, 2          through
  const steps = [
    flatMap((value: { n: number }) => Array.from({ length: value.n }, (_, i) => i + 1)),
    map((n: number) => {
      if (n === 3) throw new Error('three is too many')
      return n
    }),
  ]
  const made = run(steps, numbers(1, 3, 2))
  t.deepEqual(
    made.made.map((one) => (one.to === 'sink' ? one.value : `${one.to} ${one.offset} ${'message' in one ? one.message : ''}`)),
    [1, 'dead 1 map "map-1": three is too many', 1, 2],
  )
})

test('what is not JSON, does not fit the schema or has no value is undecodable', (t) => {
  const values = ['{"k":"a","n":1', { k: 'a' }, { k: 'a', n: 'one' }, null]
  const made = run(
    [],
    values.map((value) => ({ key: 'a', value })),
  )
  t.deepEqual(
    made.dead.map((dead) => [dead.offset, dead.reason]),
    [0, 1, 2, 3].map((offset) => [offset, 'undecodable']),
  )
  t.true(made.dead.every((dead) => dead.message.length > 0))
})

test('keyBy refuses records without a key, and those whose key is not the field', (t) => {
  const value = { k: 'a', n: 1 }
  const made = run(
    [keyBy('k')],
    [
      { key: 'a', value },
      { key: null, value },
      { key: 'b', value },
      { key: '', value: { k: '', n: 2 } },
    ],
  )
  t.deepEqual(
    made.dead.map((dead) => [dead.offset, dead.reason]),
    [
      [1, 'null-key'],
      [2, 'key-mismatch'],
    ],
  )
  t.is(made.results.length, 2)
})

test('keyBy compares numbers as their JSON text, and takes no object or null for a key', (t) => {
  const stage = stageOf([keyBy('k')], { schema: null })
  const keys = ['17', '17', 'true', '1.5', '{}', 'null', '["a",1]', '[null]']
  const values = [17, '17', true, 1.5, {}, null, ['a', 1], [null]]
  const records = values.map((k, i) => ({ key: keys[i]!, value: { k } }))
  t.deepEqual(
    new StageRun(stage, records).process().dead.map((dead) => [dead.offset, dead.reason]),
    [
      [4, 'key-mismatch'],
      [5, 'key-mismatch'],
      [7, 'key-mismatch'],
    ],
  )
})

test('counters tell what came in, went out and was dropped for which reason', (t) => {
  const { counters } = run([filter((value: { n: number }) => value.n > 1)], [...numbers(1, 2, 3), { value: 'x' }]).stage
  t.deepEqual(
    [counters.recordsIn, counters.recordsOut, counters.dropped],
    [4, 2, { undecodable: 1, 'null-key': 0, 'key-mismatch': 0, 'bad-timestamp': 0, 'future-timestamp': 0, processing: 0, late: 0 }],
  )
})

test('a record that makes a slice of output ends the slice', (t) => {
  const run = new StageRun(stageOf([], { schema }), numbers(1, 2, 3), { sliceBytes: 1 })
  t.false(run.slice(3))
  t.is(run.position, 1)
  t.false(run.stage.closing)
  t.is(run.process().results.length, 3)
})

test('a promise that a function gives against the rules, and that fails, ends nothing but its record', async (t) => {
  const failing = async (): Promise<never> => {
    throw new Error('too late')
  }
  for (const step of [filter(failing), map(failing), flatMap(failing), flatMap(() => [failing(), failing()]), eventTime(failing)]) {
    t.is(run([step], numbers(1)).dead.length, 1)
  }
  // A rejection that nobody has taken would fail the test run by now.
  await new Promise((resolve) => setImmediate(resolve))
})
