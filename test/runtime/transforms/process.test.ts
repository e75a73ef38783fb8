import test from 'ava'
import { kafka, state, stream, t as types } from '../../../runtime/index.ts'
import type { Plan } from '../../../runtime/index.ts'
import { stagesOf } from '../../../runtime/plan/structure/stages.ts'
import { StageRun } from '../../support/stage-run.ts'
import type { RunOptions } from '../../support/stage-run.ts'
import { records } from '../../support/timeline.ts'

const Input = types.object({ k: types.string, at: types.timestamp, v: types.number.optional() })
const source = stream.from(kafka({ topic: 'input', key: 'k', schema: Input }))
const keyed = source.eventTime('at', { outOfOrderness: '0s' }).keyBy('k')
const output = kafka({ topic: 'output' })

function runPlan(plan: Plan, input: ReturnType<typeof records>, options: RunOptions = {}): StageRun {
  return new StageRun(stagesOf(plan)[0]!, input, options)
}

/** Results as `key@timestamp value`. */
function told(run: StageRun): readonly string[] {
  return run.results.map(({ key, value, timestamp }) => `${key}@${timestamp} ${JSON.stringify(value)}`)
}

const running = keyed
  .process('running', {
    state: { total: state.value(types.number, { initial: 0 }) },
    onRecord(record, { key, state: { total }, emit }) {
      total.update((sum) => sum + (record.v ?? 0))
      emit({ key, total: total.get() })
    },
  })
  .to(output)

test('state is that of the key, and what is emitted has the key and the event time of the record', (t) => {
  const run = runPlan(running, records('a1=1', 'b2=10', 'a3=2', 'b3=20')).process()
  t.deepEqual(told(run), ['a@1 {"key":"a","total":1}', 'b@2 {"key":"b","total":10}', 'a@3 {"key":"a","total":3}', 'b@3 {"key":"b","total":30}'])
})

test('a record behind the watermark is processed like any other; the watermark tells that it is late', (t) => {
  const plan = keyed.process('p', { onRecord: ({ at }, { watermark, emit }) => emit({ late: at <= watermark }) }).to(output)
  t.deepEqual(told(runPlan(plan, records('a5', 'a4', 'b9')).process()), ['a@5 {"late":false}', 'a@4 {"late":true}', 'b@9 {"late":false}'])
})

const reminders = keyed
  .process('reminders', {
    onRecord({ at, v }, { timers }) {
      timers.set(at + 10)
      if (v !== null) timers.set(at + 10, `v${v}`)
    },
    onTimer(timestamp, { key, emit, watermark }, name) {
      emit({ key, timestamp, name, watermark })
    },
  })
  .to(output)

test('timers fire in order when the watermark reaches them, once each, at their own timestamps', (t) => {
  //  watermark  0     2     11           12
  const run = runPlan(reminders, records('a1', 'b3', 'a1', 'c12', 'c13')).process()
  t.deepEqual(told(run), ['a@11 {"key":"a","timestamp":11,"name":"","watermark":11}'])
  run.endOfInput()
  t.deepEqual(
    told(run).map((one) => one.slice(0, 5)),
    ['a@11 ', 'b@13 ', 'c@22 ', 'c@23 '],
  )
})

test('timers of one timestamp are told apart by their names', (t) => {
  const run = runPlan(reminders, records('a1=7', 'a1=7', 'a1=8'))
    .process()
    .endOfInput()
  t.deepEqual(run.results.map(({ value }) => (value as { name: string }).name).toSorted(), ['', 'v7', 'v8'])
})

test('a timer can be deleted, also by one of the same moment', (t) => {
  const plan = keyed
    .process('p', {
      onRecord({ at, v }, { timers }) {
        if (v === 0) return timers.delete(10)
        timers.set(10, 'x')
        timers.set(10)
        timers.set(at + 20)
      },
      onTimer(timestamp, { timers, emit }, name) {
        timers.delete(10, name === 'x' ? '' : 'x')
        emit({ timestamp })
      },
    })
    .to(output)
  t.deepEqual(told(runPlan(plan, records('a1=1')).process().endOfInput()), ['a@10 {"timestamp":10}', 'a@21 {"timestamp":21}'])
  t.deepEqual(told(runPlan(plan, records('a1=1', 'a2=0')).process().endOfInput()), ['a@10 {"timestamp":10}', 'a@21 {"timestamp":21}'])
})

test('a timer behind the watermark fires right behind the record that set it, not with the next watermark', (t) => {
  const plan = keyed
    .process('p', {
      onRecord({ v }, { timers, emit }) {
        emit({ v })
        if (v !== null) timers.set(v)
      },
      onTimer: (timestamp, { emit }) => emit({ timestamp }),
    })
    .to(output)
  const input = records('a50', 'a50=7', 'a50', 'a50=3', 'b50')
  const expected = [
    'a@50 {"v":null}',
    'a@50 {"v":7}',
    'a@7 {"timestamp":7}',
    'a@50 {"v":null}',
    'a@50 {"v":3}',
    'a@3 {"timestamp":3}',
    'b@50 {"v":null}',
  ]
  t.deepEqual(told(runPlan(plan, input).process()), expected)
  const sliced = runPlan(plan, input, { sliceBytes: 1 })
  while (sliced.position < input.length) {
    sliced.slice(1)
    sliced.commit().crash()
  }
  t.deepEqual(told(sliced.settle()), expected)
})

test('a timer that sets the next one goes on while the watermark does; at the end of the input it ends', (t) => {
  const plan = keyed
    .process('ticks', {
      onRecord: ({ at }, { timers }) => timers.set(at + 10),
      onTimer(timestamp, { timers, emit }) {
        timers.set(timestamp + 10)
        emit({ timestamp })
      },
    })
    .to(output)
  const run = runPlan(plan, records('a1', 'b42')).process()
  t.deepEqual(told(run), ['a@11 {"timestamp":11}', 'a@21 {"timestamp":21}', 'a@31 {"timestamp":31}', 'a@41 {"timestamp":41}'])
  run.endOfInput()
  t.deepEqual(told(run).slice(4), ['a@51 {"timestamp":51}', 'b@52 {"timestamp":52}'])
})

test('a timer that is set by a timer must be later: else it would never end', (t) => {
  const plan = keyed.process('p', { onRecord: ({ at }, { timers }) => timers.set(at), onTimer: (at, { timers }) => timers.set(at) }).to(output)
  const run = runPlan(plan, records('a5', 'b9')).process()
  t.deepEqual(
    run.dead.map(({ offset, message }) => [offset, message]),
    [[null, 'the timer at 5 of process "p" for key "a" failed: onTimer of process "p": onTimer may set later timers only: 5 is not later than 5']],
  )
})

test('timers fire before the watermark goes on: a window behind them counts what they emit', (t) => {
  const plan = keyed
    .process('p', {
      emits: types.object({ k: types.string, n: types.integer }),
      onRecord: ({ at }, { timers }) => timers.set(at + 5),
      onTimer: (_, { key, emit }) => emit({ k: key, n: 1 }),
    })
    .keyBy('k')
    .process('last', {
      onRecord: ({ n }, { timestamp, watermark, emit }) => emit({ n, late: timestamp <= watermark }),
    })
    .to(output)
  t.deepEqual(told(runPlan(plan, records('a1', 'a2', 'b30')).process()), ['a@6 {"n":1,"late":false}', 'a@7 {"n":1,"late":false}'])
})

const spoilt = keyed
  .process('p', {
    state: { seen: state.list(types.number), by: state.map(types.number, types.number), total: state.value(types.number, { initial: 0 }) },
    onRecord({ at, v }, { state: { seen, by, total }, timers, emit }) {
      const value = v ?? 0
      const before = [seen.get(), by.entries(), total.get()]
      seen.add(value)
      by.set(value % 2, value)
      if (value % 3 === 0) by.delete(1)
      total.set(total.get() + value)
      timers.set(at + 10)
      if (value === 5) timers.delete(11)
      emit({ before })
      if (value === 5) throw new RangeError('five')
      if (value === 6) emit({ bad: NaN })
    },
    onTimer: (_, { emit, state: { seen } }) => {
      seen.add(-1)
      emit({ seen: seen.get() })
      if (seen.get().length === 3) throw new Error('three')
    },
  })
  .to(output)

test('a function that throws, or emits what can not be written, leaves nothing of its record: no state, no timer, no result', (t) => {
  const run = runPlan(spoilt, records('a1=1', 'a2=5', 'a3=6', 'a4=2')).process()
  t.deepEqual(told(run), ['a@1 {"before":[[],[],0]}', 'a@4 {"before":[[1],[[1,1]],1]}'])
  t.deepEqual(
    run.dead.map(({ offset, reason, message }) => [offset, reason, message]),
    [
      [1, 'processing', 'onRecord of process "p": five'],
      [2, 'processing', 'sink "sink-1": bad: expected something that JSON can hold, found NaN'],
    ],
  )
})

test('a timer that throws is a dead letter without offset; it is gone, and what it did to state too', (t) => {
  const run = runPlan(spoilt, records('a1=1', 'a4=2', 'b11', 'c40')).process()
  t.deepEqual(
    run.dead.map(({ offset, reason, message }) => [offset, reason, message]),
    [
      [null, 'processing', 'the timer at 11 of process "p" for key "a" failed: onTimer of process "p": three'],
      [null, 'processing', 'the timer at 14 of process "p" for key "a" failed: onTimer of process "p": three'],
    ],
  )
  t.deepEqual(told(run).at(-1), 'b@21 {"seen":[0,-1]}')
})

test('functions are synchronous, and what they get is for the record in work', (t) => {
  let kept: (() => void) | null = null
  const plan = keyed
    .process('p', {
      state: { n: state.value(types.number) },
      onRecord({ v }, { state: { n }, emit }) {
        if (v === 1) return Promise.resolve() as unknown as void
        if (v === 2) emit(Promise.reject(new Error('never')) as never)
        if (v === 3) n.set('text' as never)
        if (v === 4) n.set(NaN)
        kept = () => n.get()
      },
    })
    .to(output)
  const run = runPlan(plan, records('a1=1', 'a1=2', 'a1=3', 'a1=4', 'a1=5')).process()
  t.deepEqual(
    run.dead.map(({ message }) => message),
    [
      'onRecord of process "p": it gave a promise; functions of a transform are synchronous',
      'onRecord of process "p": it gave a promise; functions of a transform are synchronous',
      'onRecord of process "p": n: expected a number, found the string "text"',
      'onRecord of process "p": n: expected a number, found NaN',
    ],
  )
  t.throws(() => kept?.(), { message: /belong to the record or timer in work/ })
})

test('without event time a process function keeps state, and may set no timer', (t) => {
  const plan = source
    .keyBy('k')
    .process('p', {
      state: { n: state.value(types.integer, { initial: 0 }) },
      onRecord(_, { state: { n }, timers, emit, watermark }) {
        n.update((count) => count + 1)
        if (n.get() === 2) (timers as unknown as { set(at: number): void }).set(1)
        emit({ n: n.get(), watermark: String(watermark) })
      },
    })
    .to(output)
  const run = runPlan(plan, records('a1', 'a2', 'b3'))
    .process()
    .endOfInput()
  t.deepEqual(
    run.results.map(({ value }) => value),
    [
      { n: 1, watermark: '-Infinity' },
      { n: 1, watermark: '-Infinity' },
    ],
  )
  t.regex(run.dead[0]?.message ?? '', /a timer needs event time/)
})

test('timers fire in slices that stay small', (t) => {
  const input = records(...Array.from({ length: 40 }, (_, i) => `${'k'.repeat(i + 1)}1`), 'z100')
  const run = runPlan(reminders, input, { sliceBytes: 200 })
  let slices = 0
  while (run.position < input.length || run.stage.closing) {
    const before = run.results.length
    run.slice(1)
    if (run.position === input.length) slices++
    t.true(run.results.length - before < 8)
  }
  t.is(run.results.length, 40)
  t.true(slices > 5)
})
