import test from 'ava'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, flatMap, keyBy, processingTime, reduce, stageOf, triggered, tumbling, windowProcess } from '../../../support/stages.ts'
import type { TestTrigger } from '../../../support/stages.ts'
import { records, run, schema, shown } from '../../../support/timeline.ts'
import { spent, summing, ten } from '../../../support/triggers.ts'
import type { Context, Input } from '../../../support/triggers.ts'

test('a window fires and begins anew when a sum comes to what its trigger waits for, and the state of the trigger with it', (t) => {
  const made = run(summing(ten('fire-and-purge')), records('a5=4', 'b6=9', 'a3=5', 'a9=3', 'a10=9', 'b11=1', 'a12=2'))
  t.deepEqual(shown(made, 's'), ['a[3,10)=12', 'b[6,12)=10', 'a[10,13)=11'])
  t.deepEqual(made.results[0], { to: 'sink', key: 'a', value: { key: 'a', windowStart: 3, windowEnd: 10, n: 3, s: 12 }, timestamp: 9 })
  t.is(made.stage.counters.windowsClosed, 3)
  t.is(made.store.rows, 0)
})

test('one that fires without a purge goes on with all it has; one that purges without firing forgets it', (t) => {
  t.deepEqual(shown(run(summing(ten('fire')), records('a1=4', 'a2=6', 'a3=1')), 's'), ['a[1,3)=10', 'a[1,4)=11'])
  const forgetful = run(summing(ten('purge')), records('a1=4', 'a2=6', 'a3=1'))
  t.deepEqual(shown(forgetful, 's'), [])
  t.is(forgetful.stage.counters.windowsClosed, 1)
  t.deepEqual(forgetful.stage.state, {
    w: 'count, sum(v) over all records since it was purged',
    'w/records': 'number, first, last, timer',
    'w/spent': 'value of number',
  })
})

test('a record closes a window, and is in it', (t) => {
  const closing: TestTrigger = { onRecord: ({ v }: Input) => (v === 0 ? 'fire-and-purge' : 'continue') }
  t.deepEqual(shown(run(summing(closing), records('a1=4', 'a2=6', 'a3=0', 'a4=1', 'a5=0'))), ['a[1,4)=3', 'a[4,6)=2'])
})

test('a timer fires in event time, so long after the first record', (t) => {
  //   bound 5, 20 behind the first   a7: timer at 27       a31: watermark 25      a33: 27 fires with all four    a40 begins anew: timer at 60
  const after: TestTrigger = {
    onRecord(_: Input, { count, timestamp, timer }: Context) {
      if (count === 1) timer.set(timestamp + 20)
      return 'continue'
    },
    onTimer: () => 'fire-and-purge',
  }
  const made = run(summing(after), records('a7=1', 'a20=2', 'a31=4', 'a33=8', 'a40=16'))
  t.deepEqual(shown(made, 's'), ['a[7,34)=15'])
  t.deepEqual(
    made.results.map(({ timestamp }) => timestamp),
    [33],
  )
  t.deepEqual(shown(made.endOfInput(), 's').slice(1), ['a[40,41)=16'])
  t.is(made.results[1]?.timestamp, 60)
  t.is(made.store.rows, 0)
})

test('a window has one timer: to set it again moves it, and clearing or purging takes it away', (t) => {
  //   v 1: in 10    v 2: clear    v 3: purge     fires at 22 for b, 31 for c
  const moving: TestTrigger = {
    onRecord({ v }: Input, { timestamp, timer }: Context) {
      if (v === 2) timer.clear()
      else timer.set(timestamp + 10)
      return v === 3 ? 'purge' : 'continue'
    },
    onTimer: () => 'fire',
  }
  const made = run(summing(moving), records('a1=1', 'a2=2', 'b11=1', 'b12=1', 'c1=1', 'c2=3', 'c21=1', 'd90')).endOfInput()
  t.deepEqual(
    made.results.map(({ key, timestamp }) => [key, timestamp]),
    [
      ['b', 22],
      ['c', 31],
      ['d', 100],
    ],
  )
})

test('a timer at or behind the watermark fires right behind the record that set it', (t) => {
  const overdue: TestTrigger = {
    onRecord(_: Input, { timer }: Context) {
      timer.set(20)
      return 'continue'
    },
    onTimer: () => 'fire-and-purge',
  }
  //   watermark behind b50: 44, so the result is later than that
  const made = run(summing(overdue), records('b50', 'a7=1', 'a8=2'))
  t.deepEqual(shown(made, 's'), ['b[50,51)=null', 'a[7,8)=1', 'a[8,9)=2'])
  t.deepEqual(
    made.results.map(({ timestamp }) => timestamp),
    [50, 45, 45],
  )
})

test('a timer may be set again when it fires, for later; at the end of the input those fire that are set', (t) => {
  const each: TestTrigger = {
    onRecord(_: Input, { count, timer }: Context) {
      if (count === 1) timer.set(10)
      return 'continue'
    },
    onTimer(timestamp, { timer }: Context) {
      timer.set(timestamp + 10)
      return 'fire'
    },
  }
  const made = run(summing(each), records('a1=1', 'a4=2', 'a36=4'))
  t.deepEqual(
    made.results.map(({ timestamp }) => timestamp),
    [36, 36, 36],
  )
  t.deepEqual(
    made
      .endOfInput()
      .results.slice(3)
      .map(({ timestamp }) => timestamp),
    [40],
  )
})

test('at the end of the input those timers fire too that results of a window before it set', (t) => {
  const after: TestTrigger = {
    onRecord(_: unknown, { count, timestamp, timer }: Context) {
      if (count === 1) timer.set(timestamp + 20)
      return 'continue'
    },
    onTimer: () => 'fire-and-purge',
  }
  const first = aggregate('first', tumbling(10), { n: { kind: 'count' } })
  const made = run(
    [eventTime('at'), keyBy(), first, keyBy('key'), aggregate('w', triggered(after), { n: { kind: 'sum', field: 'n' } })],
    records('a1', 'a2', 'a15'),
  )
  made.endOfInput()
  t.deepEqual(shown(made), ['a[9,20)=3'])
  t.is(made.results[0]?.timestamp, 29)
  t.is(made.store.rows, 0)
})

test('several values of one record: windows that are purged come one behind the other, and what fires without that fires once', (t) => {
  const copies = flatMap((value: Input) => Array.from({ length: value.v }, (_, i) => ({ ...value, v: i })))
  const [time, key, window] = summing(ten('fire-and-purge'))
  const made = run([time, copies, key, window], records('a1=3', 'a2=8', 'a3=4'))
  t.deepEqual(shown(made, 's'), ['a[1,3)=13', 'a[2,3)=11', 'a[2,4)=10'])
  const [, , firing] = summing(ten('fire'))
  t.deepEqual(shown(run([time, copies, key, firing], records('a1=6', 'a2=2')), 's'), ['a[1,2)=15', 'a[1,3)=16'])
})

test('what fires for a value of a record fires, whatever it decides for those behind', (t) => {
  const three = flatMap((value: Input) => [0, 1, 2].map((v) => ({ ...value, v })))
  const [time, key, window] = summing({ onRecord: ({ v }: Input) => (v === 0 ? 'fire' : 'continue') })
  t.deepEqual(shown(run([time, three, key, window], records('a1', 'a2')), 's'), ['a[1,2)=3', 'a[1,3)=6'])
})

test('a new version of the program may have another trigger, with more state or no timer: windows, and what is kept of the old state, go on', (t) => {
  const first: TestTrigger = {
    ...ten('fire'),
    onTimer: () => 'fire-and-purge',
    onRecord({ v }: Input, { state, timer, timestamp }: Context) {
      state.spent.update((sum) => sum + v)
      timer.set(timestamp + 5)
      return 'continue'
    },
  }
  const second: TestTrigger = {
    state: { spent, last: spent },
    onRecord: ({ v }: Input, { state }: Context) => (state.spent.get() === 4 && v === 3 ? 'fire-and-purge' : 'continue'),
  }
  const made = new StageRun(stageOf(summing(first), { schema }), records('a1=4', 'a30=2', 'a31=3')).process(1).commit()
  made.crash(stageOf(summing(second), { schema })).process()
  t.deepEqual(shown(made, 's'), ['a[1,32)=9'])
  t.is(made.store.rows, 0)
})

test('contents of every kind may be in such a window', (t) => {
  const trigger = triggered({ onRecord: (_: Input, { count }: Context) => (count === 2 ? 'fire-and-purge' : 'continue') })
  const input = records('a1=1', 'a2=2', 'a3=4', 'a4=8')
  const summary = aggregate('w', trigger, { all: { kind: 'collect', field: 'v', limit: 9 } })
  t.deepEqual(shown(run([eventTime('at'), keyBy(), summary], input), 'all'), ['a[1,3)=[1,2]', 'a[3,5)=[4,8]'])
  const folding = reduce('w', trigger, (a: { v: number }, b: { v: number }) => ({ v: a.v + b.v }))
  t.deepEqual(shown(run([eventTime('at'), keyBy(), folding], input), 'value'), ['a[1,3)={"v":3}', 'a[3,5)={"v":12}'])
  const listing = windowProcess('w', trigger, (values: Iterable<Input>, { emit }) => emit(Array.from(values, ({ v }) => v)))
  const made = run([eventTime('at'), keyBy(), listing], input)
  t.deepEqual(
    made.results.map(({ value }) => value),
    [
      [1, 2],
      [4, 8],
    ],
  )
})

test('no result is too late for a window behind', (t) => {
  const steps = [...summing(ten('fire-and-purge')), keyBy('key'), aggregate('second', tumbling(10), { n: { kind: 'sum', field: 'n' } })]
  //   watermark behind b50: 44; the result of a7, a8 is at 45
  const made = run(steps, records('b50=1', 'a7=5', 'a8=5')).endOfInput()
  t.deepEqual(shown(made), ['a[40,50)=2'])
  t.deepEqual(made.late, [])
})

test('by processing time its timer goes by the clock', (t) => {
  let now = 100
  const after: TestTrigger = {
    onRecord(_: Input, { count, timestamp, timer }: Context) {
      if (count === 1) timer.set(timestamp + 50)
      return 'continue'
    },
    onTimer: () => 'fire-and-purge',
  }
  const [, key, window] = summing(after)
  const made = new StageRun(stageOf([processingTime(), key, window], { schema }), records('a1=1', 'a2=2'), { clock: () => now }).process()
  t.is(made.stage.dueAt, 151)
  made.stage.tick((now = 150))
  t.deepEqual(made.results, [])
  made.stage.tick((now = 151))
  t.deepEqual(shown(made, 's'), ['a[100,101)=3'])
})

test('state that a version of the trigger had dropped is not that of a later window', (t) => {
  //   a1 a2 | a version without state, that fires each record: a3 | the first version again: a4 a5 a6
  const three = stageOf(summing(ten('fire-and-purge')), { schema })
  const each = stageOf(summing({ onRecord: () => 'fire-and-purge' }), { schema })
  const made = new StageRun(three, records('a1=4', 'a2=4', 'a3=4', 'a4=4', 'a5=4', 'a6=4'))
  made.process(2).commit().crash(each).process(1).commit().crash(three).process()
  t.deepEqual(shown(made), ['a[1,4)=3', 'a[4,7)=3'])
})
