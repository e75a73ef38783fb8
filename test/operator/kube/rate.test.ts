import test from 'ava'
import fc from 'fast-check'
import { backoffMs, TokenBucket } from '../../../operator/kube/rate.ts'
import { ManualClock, settle } from './manual-clock.ts'

const never = new AbortController().signal

test('a bucket gives its burst at once and then as many as it gains', async (t) => {
  const clock = new ManualClock()
  const bucket = new TokenBucket({ perSecond: 10, burst: 3, clock })
  const at: number[] = []
  for (let i = 0; i < 6; i++) void bucket.take(never).then(() => at.push(clock.monotonic()))
  await clock.advance(1_000)
  t.deepEqual(at.map(Math.round), [0, 0, 0, 100, 200, 300])
})

test('a wait that was aborted gives its place to those behind it', async (t) => {
  const clock = new ManualClock()
  const bucket = new TokenBucket({ perSecond: 10, burst: 1, clock })
  await bucket.take(never)
  const stop = new AbortController()
  const aborted = bucket.take(stop.signal)
  stop.abort(new Error('stopped'))
  await t.throwsAsync(aborted, { message: 'stopped' })
  let taken = false
  void bucket.take(never).then(() => (taken = true))
  await clock.advance(100)
  t.true(taken)
})

test('tryTake never waits and never overdraws', async (t) => {
  const clock = new ManualClock()
  const bucket = new TokenBucket({ perSecond: 1, burst: 2, clock })
  t.deepEqual([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()], [true, true, false])
  await clock.advance(999)
  t.false(bucket.tryTake())
  await clock.advance(1)
  t.true(bucket.tryTake())
})

test('in no stretch of time does a bucket give more than its burst and what it gained', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 10 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 }),
      async (perSecond, burst, gaps) => {
        const clock = new ManualClock()
        const bucket = new TokenBucket({ perSecond, burst, clock })
        const at: number[] = []
        for (const gap of gaps) {
          void bucket.take(never).then(() => at.push(clock.monotonic()))
          await clock.advance(gap)
        }
        await clock.advance(120_000)
        await settle()
        const within = at.every((from, i) => at.slice(i).every((to, n) => n + 1 <= burst + ((to - from) * perSecond) / 1_000 + 1e-6))
        return at.length === gaps.length && within
      },
    ),
    { numRuns: 50 },
  )
  t.pass()
})

test('the pause doubles with each failure up to its longest, less at most a quarter', (t) => {
  fc.assert(
    fc.property(fc.nat({ max: 5_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, chance) => {
      const full = Math.min(300_000, 5 * 2 ** failures)
      const pause = backoffMs(failures, { baseMs: 5, capMs: 300_000 }, () => chance)
      return pause <= full && pause >= full * 0.75
    }),
  )
  t.pass()
})
