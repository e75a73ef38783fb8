import test from 'ava'
import type { Aggregate } from '../../../../runtime/plan/nodes.ts'
import type { Emission } from '../../../../runtime/plan/nodes/windows.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, filter, keyBy, map, reduce, stageOf, tumbling } from '../../../support/stages.ts'
import type { Step, WindowOptions } from '../../../support/stages.ts'
import { records, run, schema } from '../../../support/timeline.ts'

const count: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' } }
const updates: Emission = { then: 'updates', earlyMs: null }

function counting(emit: Emission, options: WindowOptions = {}): readonly Step[] {
  return [eventTime('at'), keyBy(), aggregate('w', tumbling(10, { emit, ...options }), count)]
}

/** Results as `on-time a[0,10)=2`. */
function fired(made: StageRun): readonly string[] {
  return made.results.map(({ value }) => {
    const { firing, key, windowStart, windowEnd, n } = value as Record<string, string | number>
    return `${firing} ${key}[${windowStart},${windowEnd})=${n}`
  })
}

test('updates: a window fires at its end, and again behind each record that comes within the lateness', (t) => {
  //   lateness 5: fires at watermark 9, is dropped at 14
  //   at          1  9  b3   10        5         b4        13  8         15        7
  //   watermark   0  8  8    9 on time           late      12  late      14 drop   late record
  const made = run(counting(updates, { lateness: 5 }), records('a1', 'a9', 'b3', 'a10', 'a5', 'b4', 'c13', 'c8', 'a15', 'a7'))
  t.deepEqual(fired(made), ['on-time a[0,10)=2', 'on-time b[0,10)=1', 'late a[0,10)=3', 'late b[0,10)=2', 'late c[0,10)=1'])
  t.deepEqual(
    made.late.map(({ offset, window }) => [offset, ...window]),
    [[9, 0, 10]],
  )
  t.is(made.stage.counters.windowsClosed, 1)
  t.true(made.results.every(({ timestamp }) => timestamp === 9))
})

test('a window that has fired does not do so again after a crash, and is dropped without a result', (t) => {
  const made = new StageRun(stageOf(counting(updates, { lateness: 5 }), { schema }), records('a1', 'a10', 'b2', 'a12', 'a15', 'a20'))
  made.process(3).commit().crash()
  t.true(made.stage.closing)
  made.settle()
  t.deepEqual(fired(made), ['on-time a[0,10)=1', 'late b[0,10)=1'])
  made.process(2)
  t.deepEqual(fired(made), ['on-time a[0,10)=1', 'late b[0,10)=1'])
  made.process()
  t.deepEqual(fired(made).slice(2), ['on-time a[10,20)=3'])
})

test('a firing that is cut into slices is taken up where the last commit left it', (t) => {
  //   four keys in [0,10); the record at 10 fires them, one row a slice
  const made = new StageRun(stageOf(counting(updates, { lateness: 99 }), { schema }), records('a1', 'b2', 'c3', 'd4', 'e10', 'e11'), {
    sliceBytes: 1,
  })
  while (made.position < 5) made.slice(1)
  t.true(made.stage.closing)
  made.stage.resume()
  t.is(made.results.length, 2)
  made.commit()
  made.stage.resume()
  t.is(made.results.length, 3)
  made.crash().process()
  const keys = made.results.map(({ key }) => key ?? '')
  t.deepEqual(
    keys.toSorted((a, b) => (a < b ? -1 : 1)),
    ['a', 'b', 'c', 'd'],
  )
})

test('early: rows that have changed fire each time the watermark comes to a multiple of the interval, and a jump is one firing', (t) => {
  //   early every 3: at watermark 3, 6, 9; window [0,10) closes at 9
  //   at          1  b2  4      5   7      8    10
  //   watermark   0  1   3 a,b  4   6 a    7    9 final
  const made = run(counting({ then: 'final', earlyMs: 3 }), records('a1', 'b2', 'a4', 'a5', 'a7', 'b8', 'a10'))
  t.deepEqual(fired(made), ['early a[0,10)=2', 'early b[0,10)=1', 'early a[0,10)=4', 'final a[0,10)=4', 'final b[0,10)=2'])
  //   from 0 to 7: over 3 and 6
  t.deepEqual(fired(run(counting({ then: 'final', earlyMs: 3 }), records('a1', 'a8'))), ['early a[0,10)=2'])
})

test('early firings go on within the lateness where one final result follows it', (t) => {
  //   lateness 6: final at watermark 15; early every 4: at 4, 8, 12
  //   at          1   5 early   9 early   10   3    13 early      16 final
  //   watermark   0   4         8         9    9    12            15
  const made = run(counting({ then: 'final', earlyMs: 4 }, { lateness: 6 }), records('a1', 'a5', 'a9', 'a10', 'a3', 'a13', 'a16'))
  t.deepEqual(fired(made), ['early a[0,10)=2', 'early a[0,10)=3', 'early a[0,10)=4', 'early a[10,20)=2', 'final a[0,10)=4'])
})

test('early, then updates: every kind of firing, each with its name', (t) => {
  const made = run(counting({ then: 'updates', earlyMs: 5 }, { lateness: 5 }), records('a1', 'a6', 'a10', 'a2', 'a15'))
  t.deepEqual(fired(made), ['early a[0,10)=2', 'on-time a[0,10)=2', 'late a[0,10)=3'])
})

test('a reduce fires as aggregates do, and the name of the firing stands behind the bounds', (t) => {
  const sum = reduce('r', tumbling(10, { emit: updates, lateness: 5 }), (a: { v: number }, b: { v: number }) => ({ v: a.v + b.v }))
  const made = run([eventTime('at'), keyBy(), sum], records('a1=1', 'a2=2', 'a10=9', 'a3=4'))
  t.deepEqual(
    made.results.map(({ value }) => JSON.stringify(value)),
    [
      '{"key":"a","windowStart":0,"windowEnd":10,"firing":"on-time","value":{"v":3}}',
      '{"key":"a","windowStart":0,"windowEnd":10,"firing":"late","value":{"v":7}}',
    ],
  )
})

test('of updates, a second window takes what a filter leaves it', (t) => {
  const second = aggregate('second', tumbling(20), { n: { kind: 'sum', field: 'n' } })
  const steps = [...counting(updates, { lateness: 5 }), filter('value.firing == "on-time"'), keyBy('key'), second]
  const made = run(steps, records('a1', 'a10', 'a2', 'a11', 'a40')).endOfInput()
  t.deepEqual(made.results.map(({ value }) => value).slice(0, 1), [{ key: 'a', windowStart: 0, windowEnd: 20, n: 3 }])
})

test('a late firing that fails downstream is a dead letter by itself, and the record has counted', (t) => {
  const picky = map((result: { firing: string; n: number }) => {
    if (result.n === 2) throw new Error('no two')
    return result
  })
  const made = run([...counting(updates, { lateness: 9 }), picky], records('a1', 'a10', 'a2', 'a3'))
  t.deepEqual(
    made.made.map((one) => (one.to === 'dead' ? `${one.offset} ${one.message}` : one.to)),
    ['sink', 'null the result of window "w" [0, 10) for key "a" failed: map "map-3": no two', 'sink'],
  )
})

test('rows of a window that fires once are not those of one that fires more often', (t) => {
  const meanings = [counting(updates), counting({ then: 'final', earlyMs: 5 }), [eventTime('at'), keyBy(), aggregate('w', tumbling(10), count)]].map(
    (steps) => new StageRun(stageOf(steps, { schema }), []).stage.state['w'],
  )
  t.is(meanings[0], meanings[1])
  t.not(meanings[0], meanings[2])
})
