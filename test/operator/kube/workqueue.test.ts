import test from 'ava'
import fc from 'fast-check'
import { WorkQueue } from '../../../operator/kube/workqueue.ts'
import { ManualClock, settle } from './manual-clock.ts'

const never = new AbortController().signal
const make = () => {
  const clock = new ManualClock()
  return { clock, queue: new WorkQueue({ clock, random: () => 0, backoff: { baseMs: 5, capMs: 300_000 } }) }
}

test('a key that is added several times before it is taken comes once', async (t) => {
  const { queue } = make()
  queue.add('a')
  queue.add('a')
  queue.add('b')
  t.is(queue.depth, 2)
  t.is((await queue.take(never)).key, 'a')
  t.is((await queue.take(never)).key, 'b')
  t.is(queue.depth, 0)
})

test('a key that is added while it is worked on comes once more when that work is done', async (t) => {
  const { queue } = make()
  queue.add('a')
  await queue.take(never)
  queue.add('a')
  queue.add('a')
  t.is(queue.depth, 0)
  queue.done('a')
  t.is(queue.depth, 1)
  t.is((await queue.take(never)).key, 'a')
  queue.done('a')
  t.is(queue.depth, 0)
})

test('a taker that waits is given the next key, with the time that key waited', async (t) => {
  const { queue, clock } = make()
  const waiting = queue.take(never)
  await clock.advance(10)
  queue.add('a')
  t.deepEqual(await waiting, { key: 'a', waitedMs: 0 })
  queue.add('b')
  await clock.advance(7)
  t.deepEqual(await queue.take(never), { key: 'b', waitedMs: 7 })
})

test('a taker that was aborted takes no key with it', async (t) => {
  const { queue } = make()
  const stop = new AbortController()
  const first = queue.take(stop.signal)
  const second = queue.take(never)
  stop.abort(new Error('stopped'))
  await t.throwsAsync(first, { message: 'stopped' })
  queue.add('a')
  t.is((await second).key, 'a')
})

/**
 *   addAfter(a, 100)   |--------------------------> not before 40
 *   addAfter(a, 40)    |----------> a
 */
test('of several delayed additions of a key the earliest counts', async (t) => {
  const { queue, clock } = make()
  queue.addAfter('a', 100)
  queue.addAfter('a', 40)
  queue.addAfter('a', 70)
  await clock.advance(39)
  t.is(queue.depth, 0)
  await clock.advance(1)
  t.is(queue.depth, 1)
  t.is(clock.pending, 0)
})

test('the pause after failures doubles from 5 ms, stays at the longest, and starts again after success', (t) => {
  const { queue } = make()
  t.deepEqual(
    Array.from({ length: 4 }, () => queue.retry('a')),
    [5, 10, 20, 40],
  )
  for (let i = 0; i < 30; i++) queue.retry('a')
  t.is(queue.retry('a'), 300_000)
  t.is(queue.failures('a'), 35)
  queue.forget('a')
  t.is(queue.retry('a'), 5)
})

test('a pause that the server asked for is not cut short', async (t) => {
  const { queue, clock } = make()
  t.is(queue.retry('a', 2_000), 2_000)
  await clock.advance(1_999)
  t.is(queue.depth, 0)
  await clock.advance(1)
  t.is(queue.depth, 1)
})

test('a closed queue takes no keys and leaves no timer', async (t) => {
  const { queue, clock } = make()
  queue.addAfter('a', 10)
  queue.add('b')
  queue.close()
  queue.add('c')
  queue.addAfter('d', 10)
  await clock.advance(100)
  t.is(queue.depth, 0)
  t.is(clock.pending, 0)
})

test('whatever is added when, no key is worked on twice at once and each addition is followed by a whole run', async (t) => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('addAfter' as const), key: fc.constantFrom('a', 'b', 'c', 'd'), ms: fc.integer({ min: 0, max: 50 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 60 }) }) },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1 }),
      async (steps, workers, workTimes) => {
        const clock = new ManualClock()
        const queue = new WorkQueue({ clock, random: () => 0.5, backoff: { baseMs: 5, capMs: 100 } })
        const stop = new AbortController()
        const working = new Set<string>()
        const runs: { key: string; turn: number }[] = []
        const added: { key: string; turn: number }[] = []

        let overlaps = 0
        let turn = 0
        const work = async (): Promise<void> => {
          for (;;) {
            const taken = await queue.take(stop.signal).catch(() => null)
            if (taken === null) return
            if (working.has(taken.key)) overlaps++
            working.add(taken.key)
            runs.push({ key: taken.key, turn: turn++ })
            const busy = workTimes[turn % workTimes.length] ?? 0
            await new Promise<void>((resolve) => clock.after(busy, resolve))
            working.delete(taken.key)
            queue.done(taken.key)
          }
        }
        const all = Array.from({ length: workers }, work)
        for (const action of steps) {
          if (action.do !== 'time') added.push({ key: action.key, turn: turn++ })
          if (action.do === 'add') queue.add(action.key)
          if (action.do === 'addAfter') queue.addAfter(action.key, action.ms)
          if (action.do === 'retry') queue.retry(action.key)
          if (action.do === 'time') await clock.advance(action.ms)
        }
        await clock.advance(100_000)
        stop.abort(new Error('end'))
        await Promise.all(all)
        await settle()
        const unserved = added.filter((addition) => !runs.some((run) => run.key === addition.key && run.turn > addition.turn))
        return overlaps === 0 && unserved.length === 0 && queue.depth === 0 && clock.pending === 0 && runs.length <= added.length
      },
    ),
    { numRuns: 200 },
  )
  t.pass()
})
