import test from 'ava'
import type { Aggregate } from '../../../../runtime/plan/nodes.ts'
import type { Emission } from '../../../../runtime/plan/nodes/windows.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, flatMap, keyBy, session, sessionProcess, sessionReduce, stageOf, tumbling } from '../../../support/stages.ts'
import type { Step } from '../../../support/stages.ts'
import { records, run, schema } from '../../../support/timeline.ts'

const count: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' } }
const updates: Emission = { then: 'updates', earlyMs: null }

function counting(emit: Emission, lateness = 0, bound = 0): readonly Step[] {
  return [eventTime('at', bound), keyBy(), session('s', 10, count, lateness, emit)]
}

/** Results as `on-time a[0,10)=2`. */
function fired(made: StageRun): readonly string[] {
  return made.results.map(({ value }) => {
    const { firing, key, windowStart, windowEnd, n } = value as Record<string, string | number>
    return `${firing} ${key}[${windowStart},${windowEnd})=${n}`
  })
}

test('updates: a session fires at its end, again behind each late record that touches it, and is closed without a result', (t) => {
  //   lateness 20     [1,15) fires at watermark 14, and is closed at 34
  //   at          1  5   15           4          2           36        5
  //   watermark   0  4   14 on time   14 late    14 late     35 close  late record
  const made = run(counting(updates, 20), records('a1', 'a5', 'b15', 'a4', 'a2', 'b36', 'a5'))
  t.deepEqual(fired(made), ['on-time a[1,15)=2', 'late a[1,15)=3', 'late a[1,15)=4', 'on-time b[15,25)=1'])
  t.deepEqual(
    made.results.map(({ timestamp }) => timestamp),
    [14, 14, 14, 24],
  )
  t.deepEqual(
    made.late.map(({ offset }) => offset),
    [6],
  )
  t.is(made.stage.counters.windowsClosed, 1)
})

test('updates: a session that a late record makes longer than the watermark waits for its new end, and fires on time again', (t) => {
  //   at          1   16              9              19
  //   watermark   0   15 on time      15 [1,19)      18 on time again
  t.deepEqual(fired(run(counting(updates, 50), records('a1', 'b16', 'a9', 'b19'))), ['on-time a[1,11)=1', 'on-time a[1,19)=2'])
})

test('updates: a record that touches a session at exactly the gap is of it, before its first record and behind its last one', (t) => {
  const made = run(counting(updates, 50), records('a20', 'b50', 'a30', 'a10', 'c9', 'a41'))
  t.deepEqual(fired(made).slice(0, 3), ['on-time a[20,30)=1', 'late a[20,40)=2', 'late a[10,40)=3'])
  //   a41 is eleven behind 30
  t.deepEqual(
    fired(made.endOfInput()).filter((one) => one.includes('a[41')),
    ['on-time a[41,51)=1'],
  )
})

test('updates: a late record that bridges two sessions that have fired gives one result with the bounds of both, and none for either', (t) => {
  //   [1,11) and [20,30) have fired; 11 touches the first, 21 - 11 the second
  const made = run(counting(updates, 50), records('a1', 'a20', 'b40', 'a10', 'a11')).endOfInput()
  t.deepEqual(fired(made), ['on-time a[1,11)=1', 'on-time a[20,30)=1', 'late a[1,30)=3', 'late a[1,30)=4', 'on-time b[40,50)=1'])
})

test('updates: a late record that bridges a session that has fired and one that is open gives nothing until that ends', (t) => {
  //   across the border of two chunks at 640
  const made = run(counting(updates, 50), records('a630', 'a648', 'a639', 'b650')).endOfInput()
  t.deepEqual(fired(made), ['on-time a[630,640)=1', 'on-time a[630,658)=3', 'on-time b[650,660)=1'])
})

test('updates: a session of long ago that a late record touches in another chunk fires with all that it has', (t) => {
  //   pieces [635] and [641, 645] are one session
  const made = run(counting(updates, 100), records('a635', 'a641', 'b700', 'a640', 'a645', 'a630')).endOfInput()
  t.deepEqual(fired(made), ['on-time a[635,651)=2', 'late a[635,651)=3', 'late a[635,655)=4', 'late a[630,655)=5', 'on-time b[700,710)=1'])
  t.is(made.store.rows, 0)
})

test('updates: a late record does not fire a session that goes on in the next chunk, though what it touches there is over', (t) => {
  //   pieces [635] and [644]; at watermark 648 the first is over by itself, the session at 653
  t.deepEqual(fired(run(counting(updates, 50), records('a635', 'a644', 'b649', 'a632'))), [])
  t.deepEqual(fired(run(counting(updates, 50), records('a635', 'a644', 'b649', 'a632', 'b700'))).slice(0, 1), ['on-time a[632,654)=3'])
})

test('updates: pieces on both sides of a border are one session at exactly the gap, and two beyond it', (t) => {
  t.deepEqual(fired(run(counting(updates), records('a639', 'a649', 'b700'))).slice(0, 1), ['on-time a[639,659)=2'])
  t.deepEqual(fired(run(counting(updates), records('a639', 'a650', 'b700'))).slice(0, 2), ['on-time a[639,649)=1', 'on-time a[650,660)=1'])
})

test('early: sessions that have changed and begun fire each time the watermark comes to a multiple of the interval, and a jump is one firing', (t) => {
  //   every 5      at          1  3   6             9   12                  30
  //                watermark   0  2   5 a           8   11 a: over 10       29 final
  const early: Emission = { then: 'final', earlyMs: 5 }
  t.deepEqual(fired(run(counting(early), records('a1', 'a3', 'a6', 'a9', 'a12', 'b30'))), ['early a[1,16)=3', 'early a[1,22)=5', 'final a[1,22)=5'])
  //   bound 20: 22 is ahead of the watermark until that is 25
  t.deepEqual(fired(run(counting(early, 0, 20), records('a22', 'b27', 'b41', 'b46'))), ['early a[22,32)=1'])
})

test('early results go on within the lateness where one final result follows, and stop at the end where updates do', (t) => {
  //   lateness 20     at          1   12           8               16               36
  //                   watermark   0   11           11              15               35
  const input = records('a1', 'b12', 'a8', 'b16', 'b38')
  t.deepEqual(
    fired(run(counting({ then: 'final', earlyMs: 5 }, 20), input)).filter((one) => one.includes('a[')),
    ['early a[1,11)=1', 'early a[1,18)=2', 'final a[1,18)=2'],
  )
  t.deepEqual(
    fired(run(counting({ then: 'updates', earlyMs: 5 }, 20), input)).filter((one) => one.includes('a[')),
    ['on-time a[1,11)=1', 'early a[1,18)=2', 'on-time a[1,18)=2'],
  )
})

test('a firing that is cut in the middle of a long session is taken up where the last commit left it, and gives one result', (t) => {
  //   a record each gap over four chunks: four parts; then a late one, into a part that holds nothing any more
  const long = Array.from({ length: 200 }, (_, i) => `a${i * 10}`)
  const made = new StageRun(stageOf(counting(updates, 100_000, 3_000), { schema }), records(...long, 'b6000', 'a995', 'b9000'), { sliceBytes: 1 })
  while (made.position < 201) made.slice(1)
  let slices = 0
  for (; made.stage.closing; slices++) {
    made.stage.resume()
    if (slices % 2 === 1) made.commit().crash()
  }
  t.true(slices > 3, `${slices} slices`)
  t.deepEqual(fired(made), ['on-time a[0,2000)=200'])
  made.process()
  t.deepEqual(fired(made).slice(1), ['late a[0,2000)=201'])
})

test('a session is closed in steps of which each may be the last of a process, and nothing of it is left', (t) => {
  const long = Array.from({ length: 400 }, (_, i) => `a${i * 10}`)
  const steps = [eventTime('at', 9_000), keyBy(), session('s', 10, count)]
  const made = new StageRun(stageOf(steps, { schema }), records(...long, 'b20000'), { sliceBytes: 1 })
  while (made.position < 401) made.slice(1)
  let slices = 0
  for (; made.stage.closing; slices++) {
    made.stage.resume()
    made.commit()
    if (slices % 3 === 0) made.crash()
  }
  t.true(slices > 10, `${slices} slices`)
  t.deepEqual(
    made.results.map(({ value }) => value),
    [{ key: 'a', windowStart: 0, windowEnd: 4_000, n: 400 }],
  )
  //   what is left is the session of b: what it holds, where it lies, its timer
  t.is(made.store.rows, 3)
})

test('parts of very different sizes are put together in their order', (t) => {
  //   64 values in the first chunk, one in the second, one in the third
  const times = Array.from({ length: 129 }, (_, i) => i * 10)
  const values = times.filter((at) => at <= 640 || at === 1_280)
  const valued = times.map((at) => (values.includes(at) ? `a${at}=${at}` : `a${at}`))
  const collected: Readonly<Record<string, Aggregate>> = { n: { kind: 'collect', field: 'v', limit: 1_000 } }
  const steps = [eventTime('at', 5_000), keyBy(), session('s', 10, collected)]
  for (const sliceBytes of [1, 1 << 20]) {
    const made = new StageRun(stageOf(steps, { schema }), records(...valued), { sliceBytes }).process().endOfInput()
    t.deepEqual(
      made.results.map(({ value }) => (value as { n: readonly number[] }).n),
      [values],
    )
  }
})

test('parts of a session that can not be merged make a dead letter of each of its firings, and stay until it is closed', (t) => {
  const picky = (a: { v: number }, b: { v: number }): unknown => {
    if (a.v + b.v > 10) throw new RangeError('too much')
    return { v: a.v + b.v }
  }
  const steps = [eventTime('at', 2_000), keyBy(), sessionReduce('s', 10, picky, 100, updates)]
  //   parts of 6 in two chunks; then 1 more to each
  const made = run(steps, records('a635=6', 'a645=6', 'b2700=1', 'a636=1', 'a646=1', 'b3000=1')).endOfInput()
  t.deepEqual(
    made.dead.map(({ message }) => message),
    [655, 655, 656].map((end) => `the result of session "s" [635, ${end}) for key "a" failed: reduce "s": too much`),
  )
  t.is(made.store.rows, 0)
})

test('a second window takes the results that sessions give on time', (t) => {
  const second = aggregate('second', tumbling(100), { n: { kind: 'sum', field: 'n' } })
  const made = run([...counting(updates, 5), keyBy('key'), second], records('a1', 'a20', 'a85', 'a95', 'a120')).endOfInput()
  t.deepEqual(
    made.results.map(({ value }) => value),
    [
      { key: 'a', windowStart: 0, windowEnd: 100, n: 2 },
      { key: 'a', windowStart: 100, windowEnd: 200, n: 3 },
    ],
  )
})

test('rows of sessions that fire once, give updates, or early results, are told apart; the interval may change', (t) => {
  const meaning = (emit?: Emission): string | undefined =>
    new StageRun(stageOf([eventTime('at'), keyBy(), session('s', 10, count, 0, emit)], { schema }), []).stage.state['s']
  const early = (earlyMs: number): Emission => ({ then: 'final', earlyMs })
  t.is(new Set([meaning(), meaning(updates), meaning(early(5)), meaning({ ...updates, earlyMs: 5 })]).size, 4)
  t.is(meaning(early(5)), meaning(early(9)))
})

test('values of one record at different times are each in the session of their own time', (t) => {
  //   a628   a636 as 636 and 651   b672   a641 is late: [628, 646) and [651, 661) are closed
  const apart = flatMap((value: { v: number; at: number }) => (value.v === 3 ? [value, { ...value, at: value.at + 15 }] : [value]))
  for (const emit of [undefined, updates]) {
    const steps = [apart, eventTime('at', 0), keyBy(), session('s', 10, count, 0, emit)]
    const made = run(steps, records('a628=1', 'a636=3', 'b672=1', 'a641=7', 'b712=1')).endOfInput()
    const ofA = made.results.filter(({ key }) => key === 'a').map(({ value }) => value as { windowStart: number; windowEnd: number; n: number })
    t.deepEqual(
      ofA.map(({ windowStart, windowEnd, n }) => [windowStart, windowEnd, n]),
      [
        [628, 646, 2],
        [651, 661, 1],
      ],
    )
    t.deepEqual(
      made.late.map(({ offset }) => offset),
      [3],
    )
    t.is(made.store.rows, 0)
  }
})

test('values of one record at one time are in one session, and move its end once', (t) => {
  const twice = flatMap((value: { v: number }) => (value.v === 3 ? [value, value] : [value]))
  const made = run([twice, eventTime('at', 0), keyBy(), session('s', 10, count)], records('a1=1', 'a6=3', 'a14=3', 'b30=1')).endOfInput()
  t.deepEqual(
    made.results.map(({ value }) => value),
    [
      { key: 'a', windowStart: 1, windowEnd: 24, n: 5 },
      { key: 'b', windowStart: 30, windowEnd: 40, n: 1 },
    ],
  )
  t.is(made.store.rows, 0)
})

test('the function of a session is called at each firing, with all values that there are then, and told which it is', (t) => {
  //   lateness 20     [1,15) fires at watermark 14; a15 is late and bridges it with [25,35), which is open, so that both fire as one at 34
  const each = sessionProcess(
    's',
    10,
    (values, { key, windowStart, windowEnd, firing, emit }) =>
      emit({ firing, key, windowStart, windowEnd, n: [...(values as Iterable<{ at: number }>)].map(({ at }) => at).join() }),
    20,
    updates,
  )
  const made = run([eventTime('at', 0), keyBy(), each], records('a1', 'a5', 'b15', 'a4', 'a25', 'a15', 'b40'))
  t.deepEqual(fired(made), ['on-time a[1,15)=1,5', 'late a[1,15)=1,5,4', 'on-time b[15,25)=15', 'on-time a[1,35)=1,5,4,15,25'])
})
