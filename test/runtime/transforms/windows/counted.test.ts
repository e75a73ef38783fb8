import test from 'ava'
import fc from 'fast-check'
import type { Aggregate, Stage, WindowSpec } from '../../../../runtime/plan/nodes.ts'
import type { TestRecord } from '../../../support/blocks.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, filter, flatMap, keyBy, reduce, stageOf, tumbling, windowProcess } from '../../../support/stages.ts'
import type { Step } from '../../../support/stages.ts'
import { records, run, schema, shown } from '../../../support/timeline.ts'

const sum: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' }, s: { kind: 'sum', field: 'v' } }
const three: WindowSpec = { kind: 'count', size: 3 }

function every(everyMs: number, purge = false): WindowSpec {
  return { kind: 'global', trigger: { kind: 'every', everyMs }, purge }
}

function counting(window: WindowSpec, fields = sum): readonly Step[] {
  return [eventTime('at', 5), keyBy(), aggregate('w', window, fields)]
}

test('a count window is full with so many records of a key, and names the time from the first to the last', (t) => {
  const made = run(counting(three), records('a5=1', 'b6=9', 'a3=2', 'a9=4', 'a10=8', 'b11=9', 'a12=1'))
  t.deepEqual(shown(made, 's'), ['a[3,10)=7'])
  t.deepEqual(made.results[0], { to: 'sink', key: 'a', value: { key: 'a', windowStart: 3, windowEnd: 10, n: 3, s: 7 }, timestamp: 9 })
  t.is(made.stage.counters.windowsClosed, 1)
  t.deepEqual(shown(made.endOfInput(), 's'), ['a[3,10)=7'])
})

test('no record is too late for a count window, and no result for what is behind it', (t) => {
  //   watermark behind a50: 44; the window of a7, a8, a9 is full behind it, its result is at 45
  const steps = [...counting(three), keyBy('key'), aggregate('second', tumbling(10), { n: { kind: 'sum', field: 'n' } })]
  const made = run(steps, records('b50', 'a7', 'a8', 'a9')).endOfInput()
  t.deepEqual(shown(made), ['a[40,50)=3'])
  t.deepEqual(made.late, [])
})

test('a record that gives several values fills windows one after the other', (t) => {
  const copies = flatMap((value: { v: number }) => Array.from({ length: value.v }, (_, i) => ({ ...value, v: i })))
  for (const fields of [sum, { ...sum, all: { kind: 'collect', field: 'v', limit: 9 } }] as const) {
    const made = run([eventTime('at', 5), copies, keyBy(), aggregate('w', three, fields)], records('a1=2', 'a2=6', 'a3=1'))
    t.deepEqual(shown(made, 's'), ['a[1,3)=1', 'a[2,3)=6', 'a[2,4)=9'])
    t.is(made.store.rows, 0)
  }
})

test('a reduce may be over a count window, and over one without event time', (t) => {
  const join = reduce('r', { kind: 'count', size: 2 }, (a: { v: number }, b: { v: number }) => ({ v: a.v + b.v }))
  const input = records('a1=1', 'a2=2', 'a3=4').map((record, i) => ({ ...record, timestamp: 100 + i }))
  const made = new StageRun(stageOf([keyBy(), join], { schema }), input).process()
  t.deepEqual(
    made.results.map(({ value, timestamp }) => [value, timestamp]),
    [[{ key: 'a', windowStart: 100, windowEnd: 102, value: { v: 3 } }, 101]],
  )
})

test('a global window with a count fires each time so many records have come, with all there were', (t) => {
  const made = run(
    counting({ kind: 'global', trigger: { kind: 'count', count: 2 }, purge: false }),
    records('a1=1', 'b1', 'a2=2', 'a3=4', 'a4=8', 'a5=16'),
  )
  t.deepEqual(shown(made, 's'), ['a[1,3)=3', 'a[1,5)=15'])
})

test('a global window that purges begins anew', (t) => {
  const made = run(counting({ kind: 'global', trigger: { kind: 'count', count: 2 }, purge: true }), records('a1=1', 'a2=2', 'a3=4', 'a4=8', 'a5=16'))
  t.deepEqual(shown(made, 's'), ['a[1,3)=3', 'a[3,5)=12'])
})

test('a global window with an interval fires for the keys that have changed when the watermark comes to a multiple of it', (t) => {
  //   bound 5, every 10
  //   at          7   b8   16         17    27         60: a jump fires once, and nothing has changed for b
  //   watermark   1   2    10 a, b    11    21 a       54 a
  const made = run(counting(every(10)), records('a7=1', 'b8=1', 'a16=2', 'a17=4', 'a27=8', 'a60=16'))
  t.deepEqual(shown(made, 's'), ['a[7,17)=3', 'b[8,9)=1', 'a[7,28)=15', 'a[7,61)=31'])
  t.deepEqual(
    made.results.map(({ timestamp }) => timestamp),
    [16, 8, 27, 60],
  )
})

test('one that purges keeps nothing when it has fired; the end of the input fires it once more', (t) => {
  const made = run(counting(every(10, true)), records('a7=1', 'b8=1', 'a16=2', 'a17=4'))
  t.deepEqual(shown(made, 's'), ['a[7,17)=3', 'b[8,9)=1'])
  made.endOfInput()
  t.deepEqual(shown(made, 's').slice(2), ['a[17,18)=4'])
  t.is(made.store.rows, 0)
})

test('rows of windows of other numbers, and what stands beside them, mean something else', (t) => {
  const meaning = (window: WindowSpec): object => new StageRun(stageOf(counting(window), { schema }), []).stage.state
  t.deepEqual(meaning(three), { w: 'count, sum(v) over 3 records', 'w/records': 'number, first, last, number when fired' })
  t.notDeepEqual(meaning({ kind: 'count', size: 4 }), meaning(three))
  t.notDeepEqual(meaning(every(10)), meaning(every(10, true)))
})

interface Found {
  readonly key: string
  readonly windowStart: number
  readonly windowEnd: number
  readonly n: number
  readonly s: number
}

/** The plain model: the records of each key in a list, and a look at all lists behind each record. */
function oracle(input: readonly (readonly [key: string, at: number, v: number])[], window: WindowSpec, bound: number): readonly Found[] {
  const open = new Map<string, { list: (readonly [at: number, v: number])[]; fired: number }>()
  const found: Found[] = []
  const purge = window.kind === 'count' || (window.kind === 'global' && window.purge)
  const fire = (key: string): void => {
    const { list } = open.get(key)!
    const ats = list.map(([at]) => at)
    found.push({ key, windowStart: Math.min(...ats), windowEnd: Math.max(...ats) + 1, n: list.length, s: list.reduce((s, [, v]) => s + v, 0) })
    open.set(key, { list: purge ? [] : list, fired: purge ? 0 : list.length })
  }
  let [watermark, reached] = [-Infinity, -Infinity]
  for (const [key, at, v] of input) {
    const { list, fired } = open.get(key) ?? { list: [], fired: 0 }
    list.push([at, v])
    open.set(key, { list, fired })
    const count =
      window.kind === 'count' ? window.size : window.kind === 'global' && window.trigger?.kind === 'count' ? window.trigger.count : Infinity
    if (list.length % count === 0) fire(key)
    watermark = Math.max(watermark, at - bound - 1)
    if (window.kind !== 'global' || window.trigger?.kind !== 'every') continue
    const multiple = Math.floor(watermark / window.trigger.everyMs) * window.trigger.everyMs
    if (reached !== -Infinity && multiple > reached) for (const [one, state] of open) if (state.list.length > state.fired) fire(one)
    reached = multiple
  }
  return found
}

test('count and global windows are those of the plain model, through slices, commits, lost transactions and crashes anywhere', (t) => {
  const input = fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(6), fc.nat(20), fc.integer({ min: -9, max: 9 })), { maxLength: 60 })
    .map((all) => {
      let now = 20
      return all.map(([key, step, behind, v]) => [key, (now += step) - behind, v] as const)
    })
  const windows: fc.Arbitrary<WindowSpec> = fc.oneof(
    fc.record({ kind: fc.constant('count' as const), size: fc.integer({ min: 1, max: 5 }) }),
    fc.record({
      kind: fc.constant('global' as const),
      trigger: fc.oneof(
        fc.record({ kind: fc.constant('count' as const), count: fc.integer({ min: 1, max: 5 }) }),
        fc.record({ kind: fc.constant('every' as const), everyMs: fc.integer({ min: 1, max: 30 }) }),
      ),
      purge: fc.boolean(),
    }),
  )
  const interruption = fc.record({
    records: fc.integer({ min: 1, max: 9 }),
    then: fc.constantFrom('commit', 'commit', 'rollback', 'crash', 'nothing'),
  })
  const summaries = { ...sum, l: { kind: 'last', field: 'v' } } as const
  const contents: readonly ((window: WindowSpec) => Step)[] = [
    (window) => aggregate('w', window, sum),
    (window) => aggregate('w', window, summaries),
    (window) =>
      windowProcess('w', window, (values: Iterable<{ v: number }>, { emit, ...bounds }) => {
        const all = Array.from(values, ({ v }) => v)
        emit({ ...bounds, n: all.length, s: all.reduce((s, v) => s + v, 0) })
      }),
  ]
  const steps = (step: Step): readonly Step[] => [eventTime('at', 4), filter('true'), keyBy(), step]
  fc.assert(
    fc.property(
      input,
      windows,
      fc.constantFrom(...contents),
      fc.integer({ min: 1, max: 300 }),
      fc.array(interruption, { maxLength: 20 }),
      (all, window, stepOf, sliceBytes, interruptions) => {
        const given = all.map(([key, at, v]): TestRecord => ({ key, value: { k: key, at, v } }))
        const made = new StageRun(stageOf(steps(stepOf(window)), { schema }), given, { sliceBytes })
        for (const { records: some, then } of interruptions) {
          made.slice(some)
          if (then !== 'nothing') made[then]()
        }
        made.process().commit()
        const found = made.results.map(({ value }) => {
          // The contents above make them.
          const { l: _l, ...result } = value as Found & { readonly l?: number }
          return result
        })
        const byKey = (results: readonly Found[]): unknown => [...Map.groupBy(results, ({ key }) => key)].toSorted(([a], [b]) => (a < b ? -1 : 1))
        t.deepEqual(byKey(found), byKey(oracle(all, window, 4)))
        t.deepEqual([made.late, made.dead], [[], []])
      },
    ),
    { numRuns: 400 },
  )
})

test('a new version may purge a global window at fewer records than a key has by now', (t) => {
  //   a1 .. a5  | commit, another version, that purges at 2 records |  a6 twice: the first fills the window, the second begins one; a7 fills that
  const copies = flatMap((value: { v: number }) => (value.v === 10 ? [value, value] : [value]))
  const plan = (trigger: NonNullable<Extract<WindowSpec, { kind: 'global' }>['trigger']>): Stage =>
    stageOf([eventTime('at', 5), copies, keyBy(), aggregate('w', { kind: 'global', trigger, purge: true }, sum)], { schema })
  for (const before of [{ kind: 'count', count: 100 } as const, { kind: 'every', everyMs: 1_000 } as const]) {
    const made = new StageRun(plan(before), records('a1=1', 'a2=1', 'a3=1', 'a4=1', 'a5=1', 'a6=10', 'a7=100'))
    made
      .process(5)
      .commit()
      .crash(plan({ kind: 'count', count: 2 }))
      .process()
    t.deepEqual(shown(made, 's'), ['a[1,7)=15', 'a[6,8)=110'])
    t.is(made.store.rows, 0)
  }
})
