import test from 'ava'
import type { ValueState } from '../../../../runtime/plan/process.ts'
import type { TriggerContext, TriggerResult } from '../../../../runtime/plan/windows.ts'
import { StageRun } from '../../../support/stage-run.ts'
import {
  aggregate,
  eventTime,
  flatMap,
  keyBy,
  map,
  processingTime,
  reduce,
  stageOf,
  triggered,
  tumbling,
  windowProcess,
} from '../../../support/stages.ts'
import type { Step, TestTrigger } from '../../../support/stages.ts'
import { records, run, schema, shown } from '../../../support/timeline.ts'

interface Input {
  readonly k: string
  readonly at: number
  readonly v: number
}
type Context = TriggerContext<{ readonly spent: ValueState<number, never> }>

const spent = { kind: 'value', type: { type: { kind: 'number' }, optional: false, default: 0 }, ttlMs: null } as const

/** Steps of a window that sums up `v` and fires by this trigger. */
function summing(trigger: TestTrigger): readonly Step[] {
  return [eventTime('at', 5), keyBy(), aggregate('w', triggered(trigger), { n: { kind: 'count' }, s: { kind: 'sum', field: 'v' } })]
}

/** Gives `result` when the values since the last purge come to ten. */
function ten(result: TriggerResult): TestTrigger {
  return {
    state: { spent },
    onRecord({ v }: Input, { state }: Context) {
      state.spent.update((sum) => sum + v)
      return state.spent.get() >= 10 ? result : 'continue'
    },
  }
}

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

test('several values of one record: windows that are purged come one behind the other, and what fires without that fires once', (t) => {
  const copies = flatMap((value: Input) => Array.from({ length: value.v }, (_, i) => ({ ...value, v: i })))
  const [time, key, window] = summing(ten('fire-and-purge'))
  const made = run([time!, copies, key!, window!], records('a1=3', 'a2=8', 'a3=4'))
  t.deepEqual(shown(made, 's'), ['a[1,3)=13', 'a[2,3)=11', 'a[2,4)=10'])
  const [, , firing] = summing(ten('fire'))
  t.deepEqual(shown(run([time!, copies, key!, firing!], records('a1=6', 'a2=2')), 's'), ['a[1,2)=15', 'a[1,3)=16'])
})

test('what fires for a value of a record fires, whatever it decides for those behind', (t) => {
  const three = flatMap((value: Input) => [0, 1, 2].map((v) => ({ ...value, v })))
  const [time, key, window] = summing({ onRecord: ({ v }: Input) => (v === 0 ? 'fire' : 'continue') })
  t.deepEqual(shown(run([time!, three, key!, window!], records('a1', 'a2')), 's'), ['a[1,2)=3', 'a[1,3)=6'])
})

test('a record whose trigger throws, or decides nothing, leaves no effect, neither in the window nor in the state', (t) => {
  const picky: TestTrigger = {
    state: { spent },
    onRecord({ v }: Input, { state, timer }: Context) {
      state.spent.update((sum) => sum + v)
      timer.set(1_000)
      if (v === 2) throw new RangeError('two')
      if (v === 3) return undefined
      if (v === 4) return Promise.resolve('fire')
      if (v === 5) timer.set(0.5)
      return state.spent.get() >= 10 ? 'fire' : 'continue'
    },
    onTimer: () => 'continue',
  }
  const made = run(summing(picky), records('a1=2', 'a2=3', 'a3=4', 'a4=5', 'a5=1', 'a6=9'))
  t.deepEqual(shown(made, 's'), ['a[5,7)=10'])
  const gave = (what: string): string => `onRecord of the trigger of window "w": it gave ${what}; give continue, fire, purge or fire-and-purge`
  t.deepEqual(
    made.dead.map(({ offset, reason, message }) => [offset, reason, message]),
    [
      [0, 'processing', 'onRecord of the trigger of window "w": two'],
      [1, 'processing', gave('nothing')],
      [2, 'processing', gave('a promise')],
      [3, 'processing', 'onRecord of the trigger of window "w": a timer is set for whole epoch milliseconds, not 0.5'],
    ],
  )
})

test('a record of several values of which one fails has not been in its windows', (t) => {
  const copies = flatMap((value: Input) => Array.from({ length: value.v }, (_, i) => ({ ...value, v: i })))
  const fragile = map((value: Input) => {
    if (value.v === 6) throw new Error('six')
    return value
  })
  const [time, key, window] = summing(ten('fire-and-purge'))
  const made = run([time!, copies, fragile, key!, window!], records('a1=3', 'a2=8', 'a3=5'))
  t.deepEqual(shown(made, 's'), ['a[1,4)=13'])
  t.is(made.dead.length, 1)
})

test('a timer whose function throws is a dead letter without a record, and gone; the window stays', (t) => {
  const failing: TestTrigger = {
    state: { spent },
    onRecord({ v }: Input, { timestamp, timer, state }: Context) {
      if (v === 1) timer.set(timestamp + 5)
      return state.spent.get() > 0 ? 'purge' : v === 3 ? 'fire' : 'continue'
    },
    onTimer(timestamp, { state, timer }: Context) {
      state.spent.set(100)
      timer.set(timestamp)
      return 'continue'
    },
  }
  const made = run(summing(failing), records('a7=1', 'a30=2', 'a31=3'))
  t.deepEqual(shown(made, 's'), ['a[7,32)=6'])
  const why = 'onTimer of the trigger of window "w": onTimer may set the timer for later only: 12 is not later than 12'
  t.deepEqual(made.dead, [{ to: 'dead', offset: null, reason: 'processing', message: `the timer at 12 of window "w" for key "a" failed: ${why}` }])
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

test('what a trigger gets may not be used later', (t) => {
  const kept: Context[] = []
  const keeping: TestTrigger = { onRecord: (_: Input, context: Context) => (kept.push(context), 'continue'), onTimer: () => 'fire' }
  run(summing(keeping), records('a1'))
  t.throws(() => kept[0]?.timer.set(5), { message: 'the timer belongs to the record or timer in work: do not use it later' })
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
  const made = new StageRun(stageOf([processingTime(), key!, window!], { schema }), records('a1=1', 'a2=2'), { clock: () => now }).process()
  t.is(made.stage.dueAt, 151)
  made.stage.tick((now = 150))
  t.deepEqual(made.results, [])
  made.stage.tick((now = 151))
  t.deepEqual(shown(made, 's'), ['a[100,101)=3'])
})
