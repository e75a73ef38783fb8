import test from 'ava'
import fc from 'fast-check'
import { kafka, stream, t as types } from '../../../runtime/index.ts'
import { stagesOf } from '../../../runtime/plan/structure/stages.ts'
import { newestWindowStart } from '../../../runtime/time/windows.ts'
import type { Stage, WindowSpec } from '../../../runtime/plan/nodes.ts'
import { StageRun } from '../../support/stage-run.ts'
import type { RunOptions } from '../../support/stage-run.ts'
import { aggregate, eventTime, filter, keyBy, map, processingTime, sliding, stageOf, tumbling } from '../../support/stages.ts'
import { records, schema, shown } from '../../support/timeline.ts'
import { windowOracle } from '../../support/window-oracle.ts'

const counts = { n: { kind: 'count' } } as const

function counting(window: WindowSpec): Stage {
  return stageOf([processingTime(), keyBy(), aggregate('n', window, counts)], { schema })
}

/** A stage, and a clock for it that a test sets. */
class Clocked {
  now = 0
  readonly run: StageRun

  constructor(stage: Stage, words: readonly string[], options: RunOptions = {}) {
    this.run = new StageRun(stage, records(...words), { clock: () => this.now, ...options })
  }

  /** At this time the next records come. */
  at(now: number, count = 1): this {
    this.now = now
    this.run.process(count)
    return this
  }

  /** At this time nothing comes. */
  tick(now: number): this {
    this.now = now
    this.run.stage.tick(now)
    this.run.settle()
    return this
  }
}

test('a record counts in the window in which it is worked on, whatever time it bears', (t) => {
  //   clock    3      9      12
  //   record   a50    a1     a7
  //            [0       10)  [10 ...
  const { run } = new Clocked(counting(tumbling(10)), ['a50', 'a1', 'a7']).at(3).at(9).at(12)
  t.deepEqual(shown(run), ['a[0,10)=2'])
  t.is(run.stage.watermark, 11)
})

test('a window closes when the clock is at its end, though no record comes', (t) => {
  //   clock    3    9    10
  //   record   a
  //   result             [0, 10)
  const clocked = new Clocked(counting(tumbling(10)), ['a1']).at(3)
  t.is(clocked.run.stage.dueAt, 10)
  t.deepEqual(shown(clocked.tick(9).run), [])
  t.deepEqual(shown(clocked.tick(10).run), ['a[0,10)=1'])
  t.is(clocked.run.stage.dueAt, Infinity)
  t.is(clocked.run.results[0]?.timestamp, 9)
})

test('time goes on with the clock, also while no window is open', (t) => {
  const clocked = new Clocked(counting(tumbling(10)), []).tick(33)
  t.is(clocked.run.stage.watermark, 32)
  t.is(clocked.tick(31).run.stage.watermark, 32)
})

test('sliding windows close one after another', (t) => {
  const { run } = new Clocked(counting(sliding(10, 5)), ['a1', 'a1']).at(3).at(7).tick(15)
  t.deepEqual(shown(run), ['a[-5,5)=1', 'a[0,10)=2', 'a[5,15)=1'])
})

test('a window of results closes by the same clock', (t) => {
  const stage = stageOf(
    [
      processingTime(),
      keyBy(),
      aggregate('n', tumbling(10), counts),
      keyBy('key'),
      aggregate('m', tumbling(20), { sum: { kind: 'sum', field: 'n' } }),
    ],
    { schema },
  )
  const clocked = new Clocked(stage, ['a1', 'a1', 'a1']).at(3).at(4).at(11)
  t.deepEqual(shown(clocked.tick(19).run, 'sum'), [])
  t.deepEqual(shown(clocked.tick(20).run, 'sum'), ['a[0,20)=3'])
})

test('functions see the time at which a record is worked on', (t) => {
  const stage = stageOf([processingTime(), map((_value: unknown, record) => ({ at: record.timestamp }))])
  const { run } = new Clocked(stage, ['a50']).at(7.9)
  t.deepEqual(
    run.results.map(({ value, timestamp }) => [value, timestamp]),
    [[{ at: 7 }, 7]],
  )
})

test('timers of a function fire by the clock, though no record comes, and after a crash too', (t) => {
  //   clock    3   commit, crash   13   14
  //   timer    set for 13               fires: time has come to 13 when the clock is past it
  const plan = stream
    .from(kafka({ topic: 'input', key: 'k', schema: types.object({ k: types.string, at: types.timestamp }) }))
    .processingTime()
    .keyBy('k')
    .process('reminders', {
      onRecord: (_, { timers, timestamp }) => timers.set(timestamp + 10),
      onTimer: (timestamp, { key, emit }) => emit({ key, timestamp }),
    })
    .to(kafka({ topic: 'output' }))
  const clocked = new Clocked(stagesOf(plan)[0]!, ['a50']).at(3)
  t.is(clocked.run.stage.dueAt, 14)
  clocked.run.commit().crash()
  t.deepEqual(clocked.tick(13).run.results, [])
  t.deepEqual(
    clocked.tick(14).run.results.map(({ value }) => value),
    [{ key: 'a', timestamp: 13 }],
  )
})

test('a clock that goes back makes time stand still, and no record late', (t) => {
  //   clock    12    8     13
  //   time     12    12    13        [0, 10) is closed by 12
  const clocked = new Clocked(counting(tumbling(10)), ['a1', 'a1', 'a1', 'a1']).at(3).at(12).at(8).at(13).tick(20)
  t.deepEqual(shown(clocked.run), ['a[0,10)=1', 'a[10,20)=3'])
  t.deepEqual(clocked.run.late, [])
})

test('windows that ended while nobody worked close at once after a crash, before the next record counts', (t) => {
  //   clock    3   commit, crash   25
  //   record   a                   a
  const clocked = new Clocked(counting(tumbling(10)), ['a1', 'a1']).at(3)
  clocked.run.commit().crash()
  t.is(clocked.run.stage.dueAt, 10)
  clocked.tick(25)
  t.deepEqual(shown(clocked.run), ['a[0,10)=1'])
  clocked.at(26).tick(30)
  t.deepEqual(shown(clocked.run), ['a[0,10)=1', 'a[20,30)=1'])
})

test('on a machine whose clock is behind, time goes on where it stood', (t) => {
  const clocked = new Clocked(counting(tumbling(10)), ['a1', 'a1', 'a1']).at(3).at(12)
  clocked.run.commit().crash()
  clocked.at(5).tick(20)
  t.deepEqual(shown(clocked.run), ['a[0,10)=1', 'a[10,20)=2'])
})

test('a record that fails, or that a filter drops, keeps no window open and none shut', (t) => {
  const stage = stageOf(
    [
      processingTime(),
      filter((value: { at: number }) => value.at !== 1),
      map('value.at == 2 ? value.none : value'),
      keyBy(),
      aggregate('n', tumbling(10), counts),
    ],
    { schema: null },
  )
  const clocked = new Clocked(stage, ['a1', 'a2', 'a3']).at(3).at(4).at(5).tick(10)
  t.deepEqual(shown(clocked.run), ['a[0,10)=1'])
  t.deepEqual(
    clocked.run.dead.map(({ offset }) => offset),
    [1],
  )
})

test('in event time no clock is due', (t) => {
  const run = new StageRun(stageOf([eventTime('at'), keyBy(), aggregate('n', tumbling(10), counts)], { schema }), records('a1')).process()
  t.is(run.stage.dueAt, Infinity)
  run.stage.tick(1_000)
  t.is(run.stage.watermark, 0)
  t.deepEqual(shown(run), [])
})

test('rows by event time and rows by processing time are not taken for each other, nor are the times', (t) => {
  const byEvent = new StageRun(stageOf([eventTime('at'), keyBy(), aggregate('n', tumbling(10), counts)], { schema }), records('a77')).process()
  const byClock = new Clocked(counting(tumbling(10)), ['a1']).at(5)
  t.deepEqual(byEvent.stage.state, { n: 'count over 10 ms every 10 ms from 0 ms' })
  t.deepEqual(byClock.run.stage.state, { n: 'count over 10 ms every 10 ms from 0 ms by processing time' })
  t.deepEqual(byEvent.stage.snapshot(), { maxTimestamp: 77, watermarks: { n: 76 } })
  t.deepEqual(byClock.run.stage.snapshot(), { maxTimestamp: null, processingTime: 5, watermarks: { n: 4 } })
  const { stage } = new Clocked(counting(tumbling(10)), []).run
  stage.restore({ maxTimestamp: 77, watermarks: {} })
  t.is(stage.watermark, -Infinity)
})

const windows = fc
  .record({ slide: fc.integer({ min: 1, max: 12 }), extra: fc.nat(20), offset: fc.nat(11) })
  .map(({ slide, extra, offset }) => ({ slide, size: slide + extra, offset: offset % slide, lateness: 0 }))

/** What happens one after another; the clock may go back. */
const course = fc.array(
  fc.record({ pass: fc.integer({ min: -4, max: 9 }), then: fc.constantFrom('record', 'record', 'tick'), key: fc.constantFrom('a', 'b', 'c') }),
  { maxLength: 60 },
)

test('results are those of the plain model over the times at which records came, and come as soon as the clock is there', (t) => {
  fc.assert(
    fc.property(course, windows, fc.integer({ min: 1, max: 400 }), (steps, window, sliceBytes) => {
      const words = steps.filter(({ then }) => then === 'record').map(({ key }) => `${key}0`)
      const spec = { kind: 'sliding', sizeMs: window.size, slideMs: window.slide, offsetMs: window.offset, latenessMs: 0 } as const
      const clocked = new Clocked(counting(spec), words, { sliceBytes })
      const came: { key: string; timestamp: number; amount: null }[] = []
      let now = 100
      let time = -Infinity
      for (const { pass, then, key } of steps) {
        now += pass
        time = Math.max(time, now)
        if (then === 'tick') clocked.tick(now)
        else {
          clocked.at(now)
          came.push({ key, timestamp: time, amount: null })
        }
        const expected = windowOracle(came, window, 0, true).results.filter(({ windowEnd }) => windowEnd <= time)
        // A window closes behind the record or tick that brings the time there.
        t.deepEqual(shown(clocked.run).toSorted(), expected.map((one) => `${one.key}[${one.windowStart},${one.windowEnd})=${one.n}`).toSorted())
      }
      t.deepEqual(clocked.run.late, [])
      t.true(clocked.run.stage.dueAt > time)
    }),
    { numRuns: 300 },
  )
})

const interruptions = fc.array(
  fc.record({
    pass: fc.integer({ min: -3, max: 30 }),
    records: fc.nat(5),
    then: fc.constantFrom('nothing', 'tick', 'tick', 'commit', 'commit', 'rollback', 'crash'),
    settle: fc.boolean(),
  }),
  { maxLength: 40 },
)

test('whatever is lost and done again, each record counts once, each window of a key gives one result, and time alone closes all of them', (t) => {
  fc.assert(
    fc.property(interruptions, fc.integer({ min: 1, max: 300 }), (steps, sliceBytes) => {
      const words = Array.from({ length: 60 }, (_, i) => `${'abc'[i % 3]}0`)
      const clocked = new Clocked(counting(tumbling(10)), words, { sliceBytes })
      const { run } = clocked
      clocked.now = 100
      for (const { pass, records: count, then, settle } of steps) {
        clocked.now += pass
        if (count > 0) run.slice(count)
        if (settle) run.settle()
        if (then === 'tick') run.stage.tick(clocked.now)
        else if (then !== 'nothing') run[then]()
      }
      run.process()
      clocked.tick(100_000)
      run.commit()
      const rows = run.results.map(({ value }) => value as { key: string; windowStart: number; n: number })
      t.is(new Set(rows.map(({ key, windowStart }) => `${key} ${windowStart}`)).size, rows.length)
      for (const key of ['a', 'b', 'c'])
        t.is(
          rows.filter((row) => row.key === key).reduce((sum, { n }) => sum + n, 0),
          20,
        )
      for (const { windowStart } of rows) t.is(newestWindowStart(windowStart, { sizeMs: 10, slideMs: 10, offsetMs: 0 }), windowStart)
      t.deepEqual([run.late, run.dead, run.store.rows], [[], [], 0])
    }),
    { numRuns: 300 },
  )
})
