import test from 'ava'
import { eventTime, flatMap, keyBy, reduce, sliding, tumbling } from '../../support/stages.ts'
import { records, run, shown } from '../../support/timeline.ts'

test('reduce folds the values of a window with a function, beginning with the first', (t) => {
  const join = reduce('r', tumbling(10), (all: { v: number; seen?: number[] }, next: { v: number }) => {
    all.seen = [...(all.seen ?? [all.v]), next.v]
    return all
  })
  const made = run([eventTime('at'), keyBy(), join], records('a1=1', 'b1=7', 'a2=2', 'a3=3')).endOfInput()
  t.deepEqual(
    made.results.map((result) => result.value),
    [
      { key: 'a', windowStart: 0, windowEnd: 10, value: { k: 'a', at: 1, v: 1, seen: [1, 2, 3] } },
      { key: 'b', windowStart: 0, windowEnd: 10, value: { k: 'b', at: 1, v: 7 } },
    ],
  )
})

test('reduce keeps one accumulator per sliding window, also for several values of one record', (t) => {
  const sum = reduce('r', sliding(10, 5), (a: { v: number }, b: { v: number }) => ({ v: a.v + b.v }))
  const twice = flatMap((value: object) => [value, value])
  const made = run([eventTime('at'), twice, keyBy(), sum], records('a1=1', 'a6=10')).endOfInput()
  t.deepEqual(shown(made, 'value'), ['a[-5,5)={"v":2}', 'a[0,10)={"v":22}', 'a[5,15)={"v":20}'])
})

test('a reducer that throws, or gives nothing, fails the record and keeps the accumulator', (t) => {
  const picky = reduce('r', tumbling(10), (a: { v: number }, b: { v: number }) => {
    if (b.v === 2) throw new Error('two')
    return b.v === 3 ? undefined : { v: a.v + b.v }
  })
  const made = run([eventTime('at'), keyBy(), picky], records('a1=1', 'a2=2', 'a3=3', 'a4=4')).endOfInput()
  t.deepEqual(shown(made, 'value'), ['a[0,10)={"v":5}'])
  t.deepEqual(
    made.dead.map((dead) => dead.message),
    ['reduce "r": two', 'reduce "r": it gave undefined; use a filter to drop records'],
  )
})

test('an accumulator that JSON would change silently fails the record, with the field and what is wrong with it', (t) => {
  const bad: Record<number, unknown> = { 2: NaN, 3: new Map([['a', 1]]), 4: Promise.resolve(1), 5: [1, Infinity], 6: () => 1, 7: 1n }
  const picky = reduce('r', tumbling(10), (all: { v: number }, { v }: { v: number }) => (v in bad ? { v: all.v, more: bad[v] } : { v: all.v + v }))
  const made = run([eventTime('at'), keyBy(), picky], records('a1=1', 'a1=2', 'a1=3', 'a1=4', 'a1=5', 'a1=6', 'a1=7', 'a2=8')).endOfInput()
  t.deepEqual(shown(made, 'value'), ['a[0,10)={"v":9}'])
  t.deepEqual(
    made.dead.map((dead) => [dead.reason, dead.message]),
    [
      'expected something that JSON can hold, found NaN',
      "JSON can't hold a Map or Set; make an object or a list of it",
      "JSON can't hold a promise; functions of a transform are synchronous",
      'expected something that JSON can hold, found Infinity',
      'expected something that JSON can hold, found a function',
      'expected something that JSON can hold, found the bigint 1',
    ].map((message, i) => ['processing', `reduce "r": more${i === 3 ? '[1]' : ''}: ${message}`]),
  )
})

test('a value that JSON would change silently does not begin a window either', (t) => {
  const sum = reduce('r', tumbling(10), (a: { v: number }, b: { v: number }) => ({ v: a.v + b.v }))
  const broken = flatMap((value: { v: number }) => [value.v === 1 ? { ...value, v: NaN } : value])
  const made = run([eventTime('at'), broken, keyBy(), sum], records('a1=1', 'a2=2', 'a3=3')).endOfInput()
  t.deepEqual(shown(made, 'value'), ['a[0,10)={"v":5}'])
  t.deepEqual(
    made.dead.map((dead) => dead.message),
    ['reduce "r": v: expected something that JSON can hold, found NaN'],
  )
})
