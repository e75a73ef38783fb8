import test from 'ava'
import type { WindowSpec } from '../../../../runtime/plan/nodes.ts'
import { StageRun } from '../../../support/stage-run.ts'
import {
  aggregate,
  eventTime,
  flatMap,
  keyBy,
  map,
  processingTime,
  sessionProcess,
  sliding,
  stageOf,
  tumbling,
  windowProcess,
} from '../../../support/stages.ts'
import type { Step } from '../../../support/stages.ts'
import { records, run, schema } from '../../../support/timeline.ts'

interface Input {
  readonly k: string
  readonly at: number
  readonly v: number
}

/** Emits the bounds of each window, and its values `v` in the order in which it gets them. */
function listing(window: WindowSpec): Step {
  return windowProcess('w', window, list)
}

function list(values: Iterable<Input>, { key, windowStart, windowEnd, firing, emit }: Parameters<Parameters<typeof windowProcess>[2]>[1]): void {
  emit({ key, windowStart, windowEnd, ...(firing !== undefined && { firing }), all: Array.from(values, ({ v }) => v) })
}

/** Results as `a[0,10)=1,2`, with the firing behind where there is one. */
function listed(made: StageRun): readonly string[] {
  return made.results.map(({ value }) => {
    // The function above makes them.
    const { key, windowStart, windowEnd, firing, all } = value as {
      key: string
      windowStart: number
      windowEnd: number
      firing?: string
      all: number[]
    }
    return `${key}[${windowStart},${windowEnd})=${all.join()}${firing === undefined ? '' : ` ${firing}`}`
  })
}

test('the function of a window gets all its values in the order of arrival, once, when the watermark is at its end', (t) => {
  //   bound 5      [0, 10)        a7 a3 b9 a5   a15: watermark 9, which closes it
  const made = run([eventTime('at', 5), keyBy(), listing(tumbling(10))], records('a7=1', 'a3=2', 'b9=3', 'a5=4', 'a15=5'))
  t.deepEqual(listed(made), ['a[0,10)=1,2,4', 'b[0,10)=3'])
  t.deepEqual(listed(made.endOfInput()).slice(2), ['a[10,20)=5'])
  t.is(made.store.rows, 0)
})

test('what it emits has the key of the window and the last millisecond of it, however much that is', (t) => {
  const twice = windowProcess('w', tumbling(10), (values: Iterable<Input>, { key, emit }) => {
    for (const { v } of values) for (let i = 0; i < v; i++) emit({ to: key.toUpperCase(), v, i })
  })
  const made = run([eventTime('at'), keyBy(), twice], records('a1=2', 'b1=0', 'a3=1')).endOfInput()
  t.deepEqual(made.results, [
    { to: 'sink', key: 'a', value: { to: 'A', v: 2, i: 0 }, timestamp: 9 },
    { to: 'sink', key: 'a', value: { to: 'A', v: 2, i: 1 }, timestamp: 9 },
    { to: 'sink', key: 'a', value: { to: 'A', v: 1, i: 0 }, timestamp: 9 },
  ])
  t.is(made.stage.counters.windowsClosed, 1)
})

test('values may be gone through as often as one likes, and are made anew each time', (t) => {
  const spoiling = windowProcess('w', tumbling(10), (values: Iterable<{ v: number }>, { emit }) => {
    for (const value of values) value.v = 0
    emit({ rest: Array.from(values, ({ v }) => v) })
    const [first] = values
    emit({ first: first?.v })
  })
  const made = run([eventTime('at'), keyBy(), spoiling], records('a1=1', 'a2=2')).endOfInput()
  t.deepEqual(
    made.results.map(({ value }) => value),
    [{ rest: [1, 2] }, { first: 1 }],
  )
})

test('values come as they went in, also those that JSON has no form of', (t) => {
  const odd = map(({ v }: { v: number }) => ({ v, nan: NaN, bytes: Uint8Array.of(v, 255), at: new Date(v) }))
  const seen: unknown[] = []
  const looking = windowProcess('w', tumbling(10), (values) => void seen.push(...values))
  const made = run([eventTime('at'), keyBy(), odd, looking], records('a1=7')).endOfInput()
  t.deepEqual(made.dead, [])
  t.deepEqual(seen, [{ v: 7, nan: NaN, bytes: Uint8Array.of(7, 255), at: new Date(7) }])
})

test('a value counts in each of its sliding windows, and several values of one record one behind the other', (t) => {
  const both = flatMap((value: Input) => [value, { ...value, v: value.v + 1 }])
  const made = run([eventTime('at'), both, keyBy(), listing(sliding(10, 5))], records('a1=1', 'a6=10')).endOfInput()
  t.deepEqual(listed(made), ['a[-5,5)=1,2', 'a[0,10)=1,2,10,11', 'a[5,15)=10,11'])
})

test('windows of so many records and global ones have a function as those in time do', (t) => {
  const input = records('a5=1', 'b6=9', 'a3=2', 'a9=4', 'a10=8', 'b11=9', 'a12=1')
  const steps = (window: WindowSpec): readonly Step[] => [eventTime('at', 5), keyBy(), listing(window)]
  t.deepEqual(listed(run(steps({ kind: 'count', size: 2 }), input)), ['a[3,6)=1,2', 'a[9,11)=4,8', 'b[6,12)=9,9'])
  const twos = { kind: 'count', count: 2 } as const
  t.deepEqual(listed(run(steps({ kind: 'global', trigger: twos, purge: false }), input)), ['a[3,6)=1,2', 'a[3,11)=1,2,4,8', 'b[6,12)=9,9'])
  //   watermark   -1   0 a, b        3 a   4    5    6 a, b
  const every = { kind: 'every', everyMs: 3 } as const
  const found = listed(run(steps({ kind: 'global', trigger: every, purge: true }), input))
  t.deepEqual(found, ['a[5,6)=1', 'b[6,7)=9', 'a[3,10)=2,4', 'a[10,13)=8,1', 'b[11,12)=9'])
})

test('a record that gives several values fills windows one after the other, each with its own', (t) => {
  const copies = flatMap((value: Input) => Array.from({ length: value.v }, (_, i) => ({ ...value, v: i })))
  const made = run([eventTime('at', 5), copies, keyBy(), listing({ kind: 'count', size: 3 })], records('a1=2', 'a2=6', 'a3=1'))
  t.deepEqual(listed(made), ['a[1,3)=0,1,0', 'a[2,3)=1,2,3', 'a[2,4)=4,5,0'])
  t.is(made.store.rows, 0)
})

test('a session has a function too; where it was joined, its parts come from the earliest to the latest', (t) => {
  //   gap 10     a40 a45 .. a20 a25    a32 joins both
  const made = run(
    [eventTime('at', 30), keyBy(), sessionProcess('w', 10, list)],
    records('a40=1', 'a45=2', 'a20=3', 'a25=4', 'b44=5', 'a32=6'),
  ).endOfInput()
  t.deepEqual(listed(made), ['b[44,54)=5', 'a[20,55)=3,4,6,1,2'])
  t.is(made.store.rows, 0)
})

test('with updates and early results it is called at each firing, with all values up to then, and told which firing it is', (t) => {
  //   [0, 10) lateness 20, early every 4      a1  a2  a5: watermark 4   a6   a12: watermark 11    a3 is late   a40 closes
  const emit = { then: 'updates', earlyMs: 4 } as const
  const made = run(
    [eventTime('at'), keyBy(), listing(tumbling(10, { lateness: 20, emit }))],
    records('a1=1', 'a2=2', 'a5=3', 'a6=4', 'a12=5', 'a3=6', 'a40=7'),
  )
  t.deepEqual(listed(made), ['a[0,10)=1,2,3 early', 'a[0,10)=1,2,3,4 on-time', 'a[0,10)=1,2,3,4,6 late', 'a[10,20)=5 on-time'])
})

test('a function that throws leaves nothing: its window is a dead letter without a record, and others go on', (t) => {
  const picky = windowProcess('w', tumbling(10), (values: Iterable<Input>, { key, emit }) => {
    for (const { v } of values) {
      emit({ key, v })
      if (v === 2) throw new RangeError('two')
    }
  })
  const made = run([eventTime('at'), keyBy(), picky], records('a1=1', 'a2=2', 'b3=3')).endOfInput()
  t.deepEqual(
    made.results.map(({ value }) => value),
    [{ key: 'b', v: 3 }],
  )
  const message = 'the result of window "w" [0, 10) for key "a" failed: onWindow of process "w": two'
  t.deepEqual(made.dead, [{ to: 'dead', offset: null, reason: 'processing', message }])
  t.is(made.store.rows, 0)
})

test('a session whose function throws is a dead letter, and gone', (t) => {
  const failing = sessionProcess('w', 10, () => {
    throw new Error('never')
  })
  const made = run([eventTime('at'), keyBy(), failing], records('a1=1')).endOfInput()
  t.deepEqual(
    made.dead.map(({ message }) => message),
    ['the result of session "w" [1, 11) for key "a" failed: onWindow of process "w": never'],
  )
  t.is(made.store.rows, 0)
})

test('values that are emitted go on together: where one fails in a later step, none of them has an effect', (t) => {
  const all = windowProcess('w', tumbling(10), (values: Iterable<Input>, { key, emit }) => {
    for (const { v } of values) emit({ k: key, v })
  })
  const positive = map((value: { v: number }) => {
    if (value.v < 0) throw new RangeError('less than nothing')
    return value
  })
  const steps = [eventTime('at'), keyBy(), all, positive, keyBy(), aggregate('sums', tumbling(100), { n: { kind: 'count' } })]
  const made = run(steps, records('a1=1', 'a2=-1', 'b3=1', 'b4=1')).endOfInput()
  t.deepEqual(
    made.results.map(({ value }) => value),
    [{ key: 'b', windowStart: 0, windowEnd: 100, n: 2 }],
  )
  t.deepEqual(
    made.dead.map(({ reason }) => reason),
    ['processing'],
  )
})

test('a function that gives a promise, or emits nothing at all or later on, fails', (t) => {
  const emits: ((value: unknown) => void)[] = []
  const odd = windowProcess('w', tumbling(10), (_values: Iterable<Input>, { key, emit }) => {
    emits.push(emit)
    emit(key === 'b' ? undefined : {})
    return key === 'a' ? Promise.reject(new Error('unheard')) : undefined
  })
  const made = run([eventTime('at'), keyBy(), odd], records('a1', 'b1', 'c1')).endOfInput()
  t.deepEqual(
    made.dead.map(({ message }) => message.replace(/.* failed: /, '')),
    [
      'onWindow of process "w": it gave a promise; functions of a transform are synchronous',
      'onWindow of process "w": it gave undefined; use a filter to drop records',
    ],
  )
  t.is(made.results.length, 1)
  t.throws(() => emits[2]?.({}), { message: 'emit belongs to the window in work: do not use it later' })
})

test('a record by which a window would grow beyond a row is a dead letter, and the others stay', (t) => {
  const wide = map((value: Input) => ({ ...value, text: 'x'.repeat(200_000) }))
  for (const step of [listing(tumbling(10)), sessionProcess('w', 10, list)]) {
    const made = run([eventTime('at'), keyBy(), wide, step], records('a1=1', 'a2=2', 'a3=3', 'a4=4', 'a5=5', 'b5=6')).endOfInput()
    t.deepEqual(
      made.results.map(({ value }) => (value as { all: unknown }).all),
      [[1, 2, 3, 4], [6]],
    )
    t.deepEqual(
      made.dead.map(({ offset, reason }) => [offset, reason]),
      [[4, 'processing']],
    )
    t.regex(made.dead[0]!.message, /^process "w": what it keeps for this key would take 1000\d{3} bytes, more than the 900000 of a row$/)
  }
})

test('a session that a record joins from parts that are more than a row together is a dead letter, and gone', (t) => {
  const wide = map((value: Input) => ({ ...value, text: 'x'.repeat(value.v === 3 ? 1 : 500_000) }))
  const made = run([eventTime('at', 30), keyBy(), wide, sessionProcess('w', 10, list)], records('a40=1', 'a20=2', 'a30=3', 'b40=4')).endOfInput()
  t.deepEqual(listed(made), ['b[40,50)=4'])
  const why = 'process "w": what it keeps for this key would take 1000xxx bytes, more than the 900000 of a row'
  t.deepEqual(
    made.dead.map(({ offset, message }) => [offset, message.replace(/1000\d{3}/, '1000xxx')]),
    [[null, `the result of session "w" [20, 50) for key "a" failed: ${why}`]],
  )
  t.is(made.store.rows, 0)
})

test('a value that has no form as bytes is a dead letter', (t) => {
  const broken = map((value: Input) => ({ ...value, more: value.v === 2 ? new Map() : null }))
  const made = run([eventTime('at'), keyBy(), broken, listing(tumbling(10))], records('a1=1', 'a2=2', 'a3=3')).endOfInput()
  t.deepEqual(listed(made), ['a[0,10)=1,3'])
  t.regex(made.dead[0]!.message, /^process "w": more: /)
})

test('it goes by processing time as other windows do', (t) => {
  let now = 5
  const made = new StageRun(stageOf([processingTime(), keyBy(), listing(tumbling(10))], { schema }), records('a900=1', 'a1=2'), { clock: () => now })
  made.process()
  now = 100
  made.endOfInput()
  t.deepEqual(listed(made), ['a[0,10)=1,2'])
})

test('rows of windows with a function mean something else than those of a reduce, of other windows, and with firings', (t) => {
  const meaning = (step: Step): object => new StageRun(stageOf([eventTime('at'), keyBy(), step], { schema }), []).stage.state
  t.deepEqual(meaning(listing(tumbling(10))), { w: 'all values over 10 ms every 10 ms from 0 ms' })
  t.deepEqual(meaning(listing(tumbling(10, { emit: { then: 'updates', earlyMs: null } }))), {
    w: 'all values over 10 ms every 10 ms from 0 ms, marked by firings',
  })
  t.deepEqual(meaning(listing({ kind: 'count', size: 3 })), { w: 'all values over 3 records', 'w/records': 'number, first, last, number when fired' })
})
