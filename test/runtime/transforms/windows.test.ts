import test from 'ava'
import type { Aggregate } from '../../../runtime/plan/nodes.ts'
import { StageRun } from '../../support/stage-run.ts'
import { aggregate, eventTime, filter, flatMap, keyBy, map, schemaOf, sliding, stageOf, tumbling } from '../../support/stages.ts'
import type { Step } from '../../support/stages.ts'
import { records, run, schema, shown } from '../../support/timeline.ts'

const count: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' } }

test('a window gives one row per key when the watermark has passed its last millisecond', (t) => {
  //   at          1  3  9   | 10 closes nothing: the watermark is 9 - 0 = 9 only behind it
  //   watermark   0  2  8   9 -> [0,10) closes behind the record 10
  const steps = [eventTime('at'), keyBy(), aggregate('w', tumbling(10), count)]
  t.deepEqual(shown(run(steps, records('a1', 'b3', 'a9'))), [])
  t.deepEqual(shown(run(steps, records('a1', 'b3', 'a9', 'a10'))), ['a[0,10)=2', 'b[0,10)=1'])
})

test('a result carries its key, the last millisecond of its window and its fields after key, windowStart and windowEnd', (t) => {
  const made = run(
    [eventTime('at'), keyBy(), aggregate('w', tumbling(10), { n: { kind: 'count' }, s: { kind: 'sum', field: 'v' } })],
    records('a1=2', 'a20'),
  )
  t.deepEqual(made.results, [{ to: 'sink', key: 'a', value: { key: 'a', windowStart: 0, windowEnd: 10, n: 1, s: 2 }, timestamp: 9 }])
  t.deepEqual(Object.keys(made.results[0]?.value as object), ['key', 'windowStart', 'windowEnd', 'n', 's'])
})

test('a straggler within the bound counts, one behind the watermark is late once its window closed', (t) => {
  //   bound 5
  //   at          8   12   9         16   9
  //   watermark   2    6   6         10 -> [0,10) closed
  //                        counts         late
  const made = run([eventTime('at', 5), keyBy(), aggregate('w', tumbling(10), count)], records('a8', 'a12', 'a9', 'a16', 'a9'))
  t.deepEqual(shown(made), ['a[0,10)=2'])
  t.deepEqual(made.late, [
    { to: 'late', offset: 4, key: 'a', value: { k: 'a', at: 9, v: null }, timestamp: 9, transform: 'w', window: [0, 10], watermark: 10 },
  ])
  t.is(made.stage.counters.dropped.late, 1)
})

test('a record behind the watermark counts while its window is open', (t) => {
  //   at          18   11
  //   watermark   17   [10,20) is open until 19
  const made = run([eventTime('at'), keyBy(), aggregate('w', tumbling(10), count)], records('a18', 'a11', 'a20'))
  t.deepEqual(shown(made), ['a[10,20)=2'])
  t.deepEqual(made.late, [])
})

test('lateness keeps a window open, and holds its result back', (t) => {
  //   lateness 3: [0,10) closes at watermark 12
  //   at          9   12   5        13 -> closes behind it
  //   watermark   8   11   counts   12
  const steps = [eventTime('at'), keyBy(), aggregate('w', tumbling(10, { lateness: 3 }), count)]
  t.deepEqual(shown(run(steps, records('a9', 'a12', 'a5'))), [])
  t.deepEqual(shown(run(steps, records('a9', 'a12', 'a5', 'a13'))), ['a[0,10)=2'])
})

test('a record counts in the sliding windows that are open, and is late only when all are closed', (t) => {
  //   size 10, slide 5
  //   a16, watermark 15: [0,10) and [5,15) are closed, [10,20) is open
  //   a12 is in [5,15) and [10,20): counts in the open one alone
  //   a9 is in [0,10) and [5,15): late, the newest is [5,15)
  const made = run([eventTime('at'), keyBy(), aggregate('w', sliding(10, 5), count)], records('a16', 'a12', 'a9')).endOfInput()
  t.deepEqual(shown(made), ['a[10,20)=2', 'a[15,25)=1'])
  t.deepEqual(
    made.late.map((late) => late.window),
    [[5, 15]],
  )
})

test('windows with an offset begin at it, also before the epoch', (t) => {
  const made = run([eventTime('at'), keyBy(), aggregate('w', tumbling(10, { offset: 4 }), count)], records('a2', 'a5')).endOfInput()
  t.deepEqual(shown(made), ['a[-6,4)=1', 'a[4,14)=1'])
})

test('windows that a jump of time closes together go in the order of their ends', (t) => {
  const made = run([eventTime('at', 50), keyBy(), aggregate('w', tumbling(10), count)], records('a21', 'a1', 'b11', 'a99'))
  t.deepEqual(shown(made), ['a[0,10)=1', 'b[10,20)=1', 'a[20,30)=1'])
  t.is(made.stage.counters.windowsClosed, 3)
})

test('aggregates skip absent values, and are null when there was none', (t) => {
  const fields: Readonly<Record<string, Aggregate>> = {
    n: { kind: 'count' },
    s: { kind: 'sum', field: 'v' },
    lo: { kind: 'min', field: 'v' },
    hi: { kind: 'max', field: 'v' },
    m: { kind: 'avg', field: 'v' },
  }
  const steps = [eventTime('at'), keyBy(), aggregate('w', tumbling(10), fields)]
  const made = run(steps, records('a1', 'b1', 'b2=4', 'b3=-1', 'c1=0', 'c1')).endOfInput()
  const window = { windowStart: 0, windowEnd: 10 }
  t.deepEqual(
    made.results.map((result) => result.value),
    [
      { key: 'a', ...window, n: 1, s: null, lo: null, hi: null, m: null },
      { key: 'b', ...window, n: 3, s: 3, lo: -1, hi: 4, m: 1.5 },
      { key: 'c', ...window, n: 2, s: 0, lo: 0, hi: 0, m: 0 },
    ],
  )
})

test('sums of integers are exact to 53 bits', (t) => {
  const made = run(
    [eventTime('at'), keyBy(), aggregate('w', tumbling(10), { s: { kind: 'sum', field: 'v' } })],
    records('a1=9007199254740990', 'a2=1'),
  ).endOfInput()
  t.deepEqual(shown(made, 's'), ['a[0,10)=9007199254740991'])
})

test('what is no number in an aggregated field fails the record', (t) => {
  const steps = [
    eventTime('at'),
    map((value: object) => ({ ...value, v: 'seven' })),
    keyBy(),
    aggregate('w', tumbling(10), { s: { kind: 'sum', field: 'v' } }),
  ]
  const made = run(steps, records('a1')).endOfInput()
  t.regex(made.dead[0]?.message ?? '', /aggregate "w": field "v" is the string "seven", not a finite number/)
  t.deepEqual(made.results, [])
})

test('the key of a result has its declared type', (t) => {
  for (const [kind, key, value] of [
    ['integer', '-17', -17],
    ['number', '1.5', 1.5],
    ['boolean', 'true', true],
    ['string', '17', '17'],
  ] as const) {
    const stage = stageOf([eventTime('at'), keyBy(), aggregate('w', tumbling(10), count)], { schema: schemaOf({ k: kind, at: 'timestamp' }) })
    const made = new StageRun(stage, [{ key, value: { k: value, at: 1 } }]).process().endOfInput()
    t.deepEqual(made.results[0]?.key, key)
    t.like(made.results[0]?.value, { key: value })
  }
})

test('a second window of equal size behind the first groups its results together', (t) => {
  //   first:   a[0,10)=2 at 9   b[0,10)=1 at 9   a[10,20)=1 at 19   a[30,40)=1 at 39
  //   second:  the rows of [0,10) together, before it closes by the same watermark
  const second = aggregate('second', tumbling(10), { rows: { kind: 'count' }, n: { kind: 'sum', field: 'n' } })
  const steps = [eventTime('at'), keyBy(), aggregate('first', tumbling(10), count), keyBy('key'), second]
  const made = run(steps, records('a1', 'b3', 'a7', 'a12', 'a30')).endOfInput()
  t.deepEqual(shown(made), ['a[0,10)=2', 'b[0,10)=1', 'a[10,20)=1', 'a[30,40)=1'])
  t.deepEqual(shown(made, 'rows'), ['a[0,10)=1', 'b[0,10)=1', 'a[10,20)=1', 'a[30,40)=1'])
  t.deepEqual([made.late, made.dead], [[], []])
})

test('a longer window behind a shorter one sums up its results', (t) => {
  //   first:   a[0,5)=1 at 4   a[5,10)=2 at 9   a[10,15)=1 at 14
  //   second:  [0,10)=3                         [10,20)=1
  const second = aggregate('second', tumbling(10), { n: { kind: 'sum', field: 'n' } })
  const steps = [eventTime('at'), keyBy(), aggregate('first', tumbling(5), count), keyBy('key'), second]
  const going = new StageRun(stageOf(steps, { schema }), records('a1', 'a6', 'a7', 'a10', 'a15'))
  going.process(3)
  t.deepEqual(shown(going), [])
  going.process(1)
  t.deepEqual(shown(going), ['a[0,10)=3'])
  going.process().endOfInput()
  t.deepEqual(shown(going), ['a[0,10)=3', 'a[10,20)=2'])
})

test('lateness of the first window does not make its results late for the second', (t) => {
  //   first: lateness 20, so a[0,10) leaves at watermark 29 with timestamp 9; the second must still be waiting for it
  const steps = [
    eventTime('at'),
    keyBy(),
    aggregate('first', tumbling(10, { lateness: 20 }), count),
    keyBy('key'),
    aggregate('second', tumbling(10), count),
  ]
  const going = new StageRun(stageOf(steps, { schema }), records('a1', 'a29', 'a30'))
  going.process(2)
  t.deepEqual(shown(going), [])
  going.process(1)
  t.deepEqual(shown(going), ['a[0,10)=1'])
  t.deepEqual(going.late, [])
})

test('a record that fails in front of a window leaves no trace in it', (t) => {
  //   the values of one record stand or fall together: 1 counts nowhere, because 2 fails
  const fails = (value: { at: number; v: number }): object => {
    if (value.v === 2) throw new Error('two')
    return value
  }
  const split = flatMap((value: object) => [
    { ...value, v: 1 },
    { ...value, v: 2 },
  ])
  const steps = [eventTime('at'), split, map(fails), keyBy(), aggregate('w', tumbling(10), count)]
  const made = run(steps, records('a1')).endOfInput()
  t.deepEqual(made.results, [])
  t.is(made.dead.length, 1)
  t.is(made.store.rows, 0)
})

test('several values of a record count each, late ones beside', (t) => {
  const split = flatMap((value: { k: string; at: number }) => [value, { ...value, at: value.at - 30 }, { ...value, at: value.at - 1 }])
  const steps = [split, eventTime('at'), keyBy(), aggregate('w', tumbling(10), count)]
  const made = run(steps, records('a39', 'a45')).endOfInput()
  //   39, 9, 38 with no watermark; 45, 15 (closed by 38), 44
  t.deepEqual(shown(made), ['a[0,10)=1', 'a[30,40)=2', 'a[40,50)=2'])
  t.deepEqual(
    made.late.map((late) => [late.offset, late.timestamp]),
    [[1, 15]],
  )
})

test('a result that fails behind the window is a dead letter by itself', (t) => {
  const picky = map((result: { key: string; n: number }) => {
    if (result.key === 'b') throw new Error('no b')
    return result.n
  })
  const made = run([eventTime('at'), keyBy(), aggregate('w', tumbling(10), count), picky], records('a1', 'b2', 'c3', 'a10'))
  t.deepEqual(
    made.results.map((result) => [result.key, result.value]),
    [
      ['a', 1],
      ['c', 1],
    ],
  )
  t.deepEqual(made.dead, [
    { to: 'dead', offset: null, reason: 'processing', message: 'the result of window "w" [0, 10) for key "b" failed: map "map-3": no b' },
  ])
  t.is(made.store.rows, 1)
})

test('results can be filtered and mapped, with CEL too', (t) => {
  const made = run(
    [eventTime('at'), keyBy(), aggregate('w', tumbling(10), count), filter('value.n > 1'), map({ who: 'value.key' })],
    records('a1', 'a2', 'b3', 'a10'),
  )
  t.deepEqual(
    made.results.map((result) => [result.key, result.value, result.timestamp]),
    [['a', { who: 'a' }, 9]],
  )
})

test('a window without event time or key is refused', (t) => {
  const compile =
    (...steps: Step[]) =>
    () =>
      new StageRun(stageOf(steps, { schema }), [])
  t.throws(compile(keyBy(), aggregate('w', tumbling(10), count)), { code: 'program-invalid', message: /event time/ })
  t.throws(compile(eventTime('at'), aggregate('w', tumbling(10), count)), { code: 'program-invalid', message: /key/ })
  t.throws(compile(eventTime('at'), eventTime('at')), { code: 'not-supported-yet' })
})
