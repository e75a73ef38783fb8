import test from 'ava'
import fc from 'fast-check'
import type { Aggregate } from '../../../runtime/plan/nodes.ts'
import { sessionOracle } from '../../support/session-oracle.ts'
import type { OracleSessions } from '../../support/session-oracle.ts'
import { interrupt, interruptions, wandering } from '../../support/interruptions.ts'
import { StageRun } from '../../support/stage-run.ts'
import { eventTime, flatMap, keyBy, schemaOf, session, sessionReduce, stageOf, tumbling, aggregate } from '../../support/stages.ts'
import { records, run, schema, shown } from '../../support/timeline.ts'
import type { OracleRecord } from '../../support/window-oracle.ts'

const count: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' } }
const counting = [eventTime('at'), keyBy(), session('s', 10, count)]

test('records no more than the gap apart are one session, which ends a gap behind the last', (t) => {
  //  a   1 . 5 . . . . . . . . 15      26                     10 apart: together; 11 apart: not
  const made = run(counting, records('a1', 'a5', 'a15', 'a26')).endOfInput()
  t.deepEqual(shown(made), ['a[1,25)=3', 'a[26,36)=1'])
  t.deepEqual(
    made.results.map(({ key, timestamp }) => [key, timestamp]),
    [
      ['a', 24],
      ['a', 35],
    ],
  )
})

test('a session gives its result when the watermark has reached its end - 1 + lateness, and not before', (t) => {
  const steps = [eventTime('at'), keyBy(), session('s', 10, count, 5)]
  t.deepEqual(shown(run(steps, records('a1', 'b15'))), [])
  t.deepEqual(shown(run(steps, records('a1', 'b16'))), ['a[1,11)=1'])
})

test('a record that comes between two sessions makes one of them, in whatever order they began', (t) => {
  const disordered = [eventTime('at', 100), keyBy(), session('s', 10, count)]
  t.deepEqual(shown(run(disordered, records('a1', 'a21', 'a11')).endOfInput()), ['a[1,31)=3'])
  t.deepEqual(shown(run(disordered, records('a21', 'a1', 'a11', 'b12')).endOfInput()), ['b[12,22)=1', 'a[1,31)=3'])
})

test('a record behind the watermark counts when it touches an open session, however old it is alone; else it is late', (t) => {
  //  watermark 24 behind a25: [15, 35) is open
  const made = run(counting, records('a15', 'a25', 'a6', 'a3', 'b14', 'b16')).endOfInput()
  t.deepEqual(shown(made), ['b[16,26)=1', 'a[3,35)=4'])
  t.deepEqual(
    made.late.map(({ offset, window, watermark }) => [offset, ...window, watermark]),
    [[4, 14, 24, 24]],
  )
})

test('a late record joins two open sessions across the borders of chunks', (t) => {
  //  chunks are 64 gaps long: [0, 640), [640, 1280)
  const steps = [eventTime('at', 2_000), keyBy(), session('s', 10, count)]
  const made = run(steps, records('a630', 'a650', 'a641', 'a639', 'a20', 'a1270', 'a1280', 'a1290')).endOfInput()
  t.deepEqual(shown(made), ['a[20,30)=1', 'a[630,660)=4', 'a[1270,1300)=3'])
})

test('aggregates of sessions that were merged are those of all their records', (t) => {
  const all: Readonly<Record<string, Aggregate>> = {
    n: { kind: 'count' },
    total: { kind: 'sum', field: 'v' },
    low: { kind: 'min', field: 'v' },
    high: { kind: 'max', field: 'v' },
    mean: { kind: 'avg', field: 'v' },
  }
  const steps = [eventTime('at', 100), keyBy(), session('s', 10, all)]
  const made = run(steps, records('a1', 'a21=4', 'a41=-1', 'a31=9', 'a11')).endOfInput()
  t.deepEqual(
    made.results.map(({ value }) => value),
    [{ key: 'a', windowStart: 1, windowEnd: 51, n: 5, total: 12, low: -1, high: 9, mean: 4 }],
  )
})

test('a reduce folds the records of a session, and what began apart from the earlier to the later', (t) => {
  const join = (a: { seen?: number[]; v: number }, b: { seen?: number[]; v: number }): unknown => ({
    seen: [...(a.seen ?? [a.v]), ...(b.seen ?? [b.v])],
  })
  const steps = [eventTime('at', 100), keyBy(), sessionReduce('s', 10, join)]
  const made = run(steps, records('a21=3', 'a1=1', 'a22=4', 'a11=2')).endOfInput()
  t.deepEqual(shown(made, 'value'), ['a[1,32)={"seen":[1,2,3,4]}'])
})

test('a reducer that fails when sessions are joined makes a dead letter of the session, and no more of it is left', (t) => {
  const picky = (a: { v: number }, b: { v: number }): unknown => {
    if (a.v + b.v > 10) throw new RangeError('too much')
    return { v: a.v + b.v }
  }
  const made = run([eventTime('at', 100), keyBy(), sessionReduce('s', 10, picky)], records('a1=6', 'a21=6', 'a11=1', 'b1=2')).endOfInput()
  t.deepEqual(shown(made, 'value'), ['b[1,11)={"k":"b","at":1,"v":2}'])
  t.deepEqual(
    made.dead.map(({ offset, message }) => [offset, message]),
    [[null, 'the result of session "s" [1, 31) for key "a" failed: reduce "s": too much']],
  )
  t.is(made.store.rows, 0)
})

test('a record that fails behind its first value leaves no trace in a session', (t) => {
  const twice = flatMap((value: { v: number | null }) => (value.v === null ? [value] : [value, 'no object']))
  const made = run([eventTime('at'), twice, keyBy(), session('s', 10, count)], records('a1', 'a5=1', 'a2')).endOfInput()
  t.deepEqual(shown(made), ['a[1,12)=2'])
  t.is(made.dead.length, 1)
})

test('a window behind sessions groups them by their ends', (t) => {
  const steps = [eventTime('at'), keyBy(), session('s', 10, count), keyBy('key'), aggregate('w', tumbling(100), { sessions: { kind: 'count' } })]
  const made = run(steps, records('a1', 'a20', 'a85', 'a95', 'a120')).endOfInput()
  t.deepEqual(shown(made, 'sessions'), ['a[0,100)=2', 'a[100,200)=2'])
})

test('a session of any length, and any number of sessions, change one row of the directory per record and leave nothing', (t) => {
  const steps = [eventTime('at', 1_000_000), keyBy(), session('s', 10, count)]
  const long = Array.from({ length: 2_000 }, (_, i) => `a${i * 10}`)
  const many = Array.from({ length: 2_000 }, (_, i) => `b${i * 11}`)
  const made = run(steps, records(...long, ...many)).commit()
  const before = made.store.rows
  const last = new StageRun(stageOf(steps, { schema }), records(...long, ...many, 'b5'), { sliceBytes: 1 }).process(4_000).commit()
  last.process(1)
  t.deepEqual(
    Array.from(last.store.changes(), ({ value }) => (value?.length ?? 0) < 3_000),
    [true, true],
  )
  last.endOfInput()
  t.is(last.results.length, 2_000)
  t.deepEqual(
    shown(last).find((one) => one.startsWith('a')),
    'a[0,20000)=2000',
  )
  t.is(last.store.rows, 0)
  t.true(before > 2_000 && before < 2_300, `${before} rows`)
})

const sums: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' }, total: { kind: 'sum', field: 'amount' } }

const shapes = fc.record({ gap: fc.integer({ min: 1, max: 15 }), lateness: fc.nat(20) })

/** Over several chunks. */
const paces = fc.oneof({ weight: 5, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(70) })
const inputs = wandering(['a', 'b', 'a longer key than fits into a row'], paces, 80)

const sessionSchema = schemaOf({ k: 'string', at: 'timestamp', amount: 'integer?' })

function runOf(input: readonly OracleRecord[], { gap, lateness }: OracleSessions, bound: number, sliceBytes: number): StageRun {
  const stage = stageOf([eventTime('at', bound), keyBy('k'), session('s', gap, sums, lateness)], { schema: sessionSchema })
  const values = input.map(({ key, timestamp, amount }) => ({ key, value: { k: key, at: timestamp, ...(amount !== null && { amount }) } }))
  return new StageRun(stage, values, { sliceBytes })
}

test('sessions and late records are those of the plain model, through slices, commits, lost transactions and crashes anywhere', (t) => {
  fc.assert(
    fc.property(
      inputs,
      shapes,
      fc.nat(60),
      fc.boolean(),
      fc.integer({ min: 1, max: 400 }),
      interruptions,
      (input, shape, bound, flush, sliceBytes, between) => {
        const made = runOf(input, shape, bound, sliceBytes)
        interrupt(made, between)
        made.process()
        if (flush) made.endOfInput()
        made.commit()
        const expected = sessionOracle(input, shape, bound, flush)
        const results = made.results.map(({ value }) => value as { readonly windowEnd: number; readonly key: string })
        const wanted = expected.results.map(({ key, windowStart, windowEnd, amounts }) => {
          const values = amounts.filter((amount) => amount !== null)
          const total = values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0)
          return { key, windowStart, windowEnd, n: amounts.length, total }
        })
        const byEnd = (a: { windowEnd: number; key: string }, b: { windowEnd: number; key: string }): number =>
          a.windowEnd - b.windowEnd || (a.key < b.key ? -1 : 1)
        t.deepEqual(results.toSorted(byEnd) as unknown, wanted.toSorted(byEnd))
        t.deepEqual(
          results.map(({ windowEnd }) => windowEnd),
          results.map(({ windowEnd }) => windowEnd).toSorted((a, b) => a - b),
        )
        t.deepEqual(
          made.late.map(({ offset }) => offset),
          expected.late,
        )
        if (flush) t.is(made.store.rows, 0)
      },
    ),
    { numRuns: 500 },
  )
})
