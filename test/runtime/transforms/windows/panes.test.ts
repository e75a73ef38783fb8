import test from 'ava'
import fc from 'fast-check'
import type { Aggregate } from '../../../../runtime/plan/nodes.ts'
import type { TestRecord } from '../../../support/blocks.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, keyBy, schemaOf, sliding, stageOf } from '../../../support/stages.ts'
import type { Step } from '../../../support/stages.ts'
import { records, run, schema, shown } from '../../../support/timeline.ts'

const count: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' } }
const five = sliding(25, 5)

function counting(fields: Readonly<Record<string, Aggregate>> = count, window = five): readonly Step[] {
  return [eventTime('at', 3), keyBy(), aggregate('w', window, fields)]
}

test('a key has one row per pane until the oldest window of that closes, then one per window', (t) => {
  //   size 25, slide 5: a pane of 5 is in five windows; [20,25) is merged when [0,25) closes, at watermark 24
  const made = new StageRun(stageOf(counting(), { schema }), records('a20', 'a21', 'a24', 'b22', 'a27', 'a28'))
  made.process(4)
  t.is(made.store.rows, 2)
  made.process(1)
  t.deepEqual([made.store.rows, made.results.length], [3, 0])
  made.process(1)
  t.deepEqual(shown(made), ['a[0,25)=3', 'b[0,25)=1'])
  // Four windows each, and the pane [25,30).
  t.is(made.store.rows, 9)
  t.deepEqual(shown(made.endOfInput()).slice(2), [
    'a[5,30)=5',
    'b[5,30)=1',
    'a[10,35)=5',
    'b[10,35)=1',
    'a[15,40)=5',
    'b[15,40)=1',
    'a[20,45)=5',
    'b[20,45)=1',
    'a[25,50)=2',
  ])
  t.is(made.store.rows, 0)
})

test('a record whose pane has been merged counts in the windows that are still open', (t) => {
  //   watermark 31 behind a35: of the windows of 12, [-10,15) to [10,35), only the last is open
  const made = run(counting(), records('a12', 'a35', 'a12', 'a2')).endOfInput()
  t.true(shown(made).includes('a[10,35)=2'), shown(made).join(' '))
  t.true(shown(made).includes('a[5,30)=1'))
  t.deepEqual(
    made.late.map(({ offset, window }) => [offset, ...window]),
    [[3, 0, 25]],
  )
})

test('a crash in the middle of merging a pane loses nothing and doubles nothing', (t) => {
  const input = records('a20', 'b21', 'c22', 'd23', 'a28', 'a60')
  const made = new StageRun(stageOf(counting(), { schema }), input, { sliceBytes: 1 })
  while (made.position < 5) made.slice(1)
  t.true(made.stage.closing)
  t.is(made.results.length, 0)
  made.stage.resume()
  made.commit().crash()
  t.true(made.stage.closing)
  made.process().endOfInput()
  t.is(made.results.length, 26)
  for (const [key, results] of Map.groupBy(made.results, (result) => result.key)) t.is(results.length, key === 'a' ? 11 : 5)
})

test('windows share panes where at least four overlap and the order of records does not matter', (t) => {
  const sharing = (steps: readonly Step[]): boolean => new StageRun(stageOf(steps, { schema }), []).stage.state['w']?.endsWith(', in panes') ?? false
  t.true(sharing(counting(count, sliding(20, 5))))
  t.false(sharing(counting(count, sliding(19, 5))))
  t.false(sharing(counting(count, sliding(20, 5, { emit: { then: 'updates', earlyMs: null } }))))
  t.true(sharing(counting({ q: { kind: 'quantiles', field: 'v', at: [0.5] }, d: { kind: 'approxDistinct', field: 'v' } })))
  for (const kind of ['first', 'last'] as const) t.false(sharing(counting({ x: { kind, field: 'v' } })))
  t.false(sharing(counting({ x: { kind: 'collect', field: 'v', limit: 9 } })))
  t.false(sharing(counting({ x: { kind: 'topN', by: 'v', n: 2, field: null } })))
})

const shared: Readonly<Record<string, Aggregate>> = {
  n: { kind: 'count' },
  total: { kind: 'sum', field: 'v' },
  low: { kind: 'min', field: 'v' },
  high: { kind: 'max', field: 'v' },
  mean: { kind: 'avg', field: 'v' },
  spread: { kind: 'variance', field: 'v', of: 'population' },
}
const sketches: Readonly<Record<string, Aggregate>> = {
  ...shared,
  marks: { kind: 'quantiles', field: 'v', at: [0, 0.3, 1] },
  different: { kind: 'approxDistinct', field: 'v' },
}

type Result = Readonly<Record<string, unknown>> & { readonly key: string; readonly windowStart: number; readonly spread: number | null }

/** In the order of windows, keys in a fixed order; the variance, whose last digits depend on how it was put together, rounded. */
function resultsOf(made: StageRun): readonly unknown[] {
  // The aggregates above make them.
  const all = made.results.map(({ value }) => value as Result)
  const sorted = all.toSorted((a, b) => a.windowStart - b.windowStart || (a.key < b.key ? -1 : 1))
  return sorted.map(({ alone: _alone, spread, ...result }) => ({ ...result, spread: spread === null ? null : Math.round(spread * 1e6) }))
}

test('windows in panes come out as windows without, through slices, commits, lost transactions and crashes anywhere', (t) => {
  const windows = fc
    .record({
      slide: fc.integer({ min: 1, max: 6 }),
      times: fc.integer({ min: 4, max: 9 }),
      more: fc.oneof(fc.constant(0), fc.nat(5)),
      offset: fc.nat(5),
      lateness: fc.nat(10),
    })
    .map(({ slide, times, more, offset, lateness }) => sliding(slide * times + more, slide, { offset: offset % slide, lateness }))
  const input = fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(6), fc.oneof(fc.constant(0), fc.nat(40)), fc.option(fc.integer({ min: -9, max: 9 }))), {
      maxLength: 50,
    })
    .map((all) => {
      let now = 20
      return all.map(([k, step, behind, v]): TestRecord => ({ key: k, value: { k, at: Math.max(0, (now += step) - behind), v } }))
    })
  const interruption = fc.record({
    records: fc.integer({ min: 1, max: 9 }),
    then: fc.constantFrom('commit', 'commit', 'rollback', 'crash', 'nothing'),
  })
  const job = fc.record({ window: windows, fields: fc.constantFrom(shared, sketches), input, sliceBytes: fc.integer({ min: 1, max: 400 }) })
  fc.assert(
    fc.property(job, fc.array(interruption, { maxLength: 20 }), (one, interruptions) => {
      const stage = (fields: Readonly<Record<string, Aggregate>>): ReturnType<typeof stageOf> =>
        stageOf(counting(fields, one.window), { schema: schemaOf({ k: 'string', at: 'timestamp', v: 'integer?' }) })
      const alone = new StageRun(stage({ ...one.fields, alone: { kind: 'last', field: 'k' } }), one.input).process().endOfInput()
      const made = new StageRun(stage(one.fields), one.input, { sliceBytes: one.sliceBytes })
      for (const { records: some, then } of interruptions) {
        made.slice(some)
        if (then !== 'nothing') made[then]()
      }
      made.process().endOfInput().commit()
      t.deepEqual(resultsOf(made), resultsOf(alone))
      t.deepEqual(
        made.late.map(({ offset, window }) => [offset, ...window]),
        alone.late.map(({ offset, window }) => [offset, ...window]),
      )
      t.is(made.store.rows, 0)
    }),
    { numRuns: 300 },
  )
})
