import test from 'ava'
import { Pace } from '../../../runtime/worker/pace.ts'

/** A task whose records cost as much as the clock is told; counts how many it is given at once. */
function costing(cost: (done: number) => number, records: number) {
  const clock = { now: 0 }
  const chunks: number[] = []
  let done = 0
  const task = {
    get busy() {
      return done < records
    },
    work(limit: number) {
      const now = Math.min(limit, records - done)
      chunks.push(now)
      for (let i = 0; i < now; i++) clock.now += cost(done++)
      return now
    },
  }
  return { task, chunks, pace: new Pace(() => clock.now), done: () => done }
}

test('the first slice of a slow function holds a record or two', (t) => {
  const { task, pace, done } = costing(() => 500, 1_000)
  t.is(
    pace.slice(task, () => false),
    500,
  )
  t.is(done(), 1)
})

test('a slice of records that cost 5 ms each takes about 10 ms', (t) => {
  const { task, pace } = costing(() => 5, 1_000)
  for (let i = 0; i < 20; i++) t.true(pace.slice(task, () => false) <= 15)
})

test('records that cost a microsecond go through by the thousand, with a look at the clock every 128', (t) => {
  const { task, pace, done, chunks } = costing(() => 0.001, 1_000_000)
  for (let i = 0; i < 10; i++) pace.slice(task, () => false)
  t.true(done() > 50_000)
  t.is(Math.max(...chunks), 128)
})

test('a function that turns slow is noticed within 128 records, and gets one at a time then', (t) => {
  const { task, pace, chunks } = costing((done) => (done < 10_000 ? 0.001 : 20), 11_000)
  let longest = 0
  for (let i = 0; i < 10; i++)
    longest = Math.max(
      longest,
      pace.slice(task, () => false),
    )
  t.true(longest <= 128 * 20 + 10)
  t.deepEqual(chunks.slice(-3), [1, 1, 1])
})

test('a slice ends when the producer is full', (t) => {
  const { task, pace, done } = costing(() => 0, 1_000_000)
  pace.slice(task, () => true)
  t.is(done(), 1)
})
