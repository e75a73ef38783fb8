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
