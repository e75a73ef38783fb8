import test from 'ava'
import fc from 'fast-check'
import { PartitionActivity } from '../../../runtime/time/activity.ts'
import type { Activity, PartitionSight } from '../../../runtime/time/activity.ts'

interface Moment {
  readonly at: number
  readonly position: number
  /** Of the newest answer; absent: there is none. */
  readonly end?: number
  readonly stable?: number
  readonly fetched?: number
  /** When it came; absent: just now. */
  readonly answered?: number
  /** When it was asked for; absent: when it came. */
  readonly asked?: number
  readonly paused?: boolean
}

function sightOf({ at, position, end, stable = end, fetched = position, answered = at, asked = answered, paused = false }: Moment): PartitionSight {
  if (end === undefined || stable === undefined) return { position, ends: undefined, paused }
  return { position, ends: { highWatermark: end, lastStableOffset: stable, fetchOffset: fetched, askedAt: asked, answeredAt: answered }, paused }
}

const timeout = 5_000

/** The time of day at a moment of the monotonic clock. */
const dayAt = (now: number): number => 1_700_000_000_000 + now

function states(...moments: readonly Moment[]): readonly Activity[] {
  const activity = new PartitionActivity(timeout)
  return moments.map((moment) => activity.observe(sightOf(moment), moment.at, dayAt(moment.at)))
}

test('a partition is idle when it was read to its end for the idle timeout', (t) => {
  //   position   3       5       5       5
  //   end        5       5       5       5
  //   time       0       1 s     5.9 s   6 s
  const moments = [
    { at: 0, position: 3, end: 5 },
    { at: 1_000, position: 5, end: 5 },
    { at: 5_999, position: 5, end: 5 },
    { at: 6_000, position: 5, end: 5 },
  ]
  t.deepEqual(states(...moments), ['active', 'active', 'active', 'idle'])
})

test('a partition that never had a record becomes idle like any other', (t) => {
  t.deepEqual(states({ at: 0, position: 0, end: 0 }, { at: timeout, position: 0, end: 0 }), ['active', 'idle'])
})

test('an idle partition is active again with the next record, and needs the whole timeout to become idle', (t) => {
  const moments = [
    { at: 0, position: 5, end: 5 },
    { at: 5_000, position: 5, end: 5 },
    { at: 5_100, position: 5, end: 6, fetched: 6 },
    { at: 5_200, position: 6, end: 6 },
    { at: 10_100, position: 6, end: 6 },
    { at: 10_200, position: 6, end: 6 },
  ]
  t.deepEqual(states(...moments), ['active', 'idle', 'active', 'active', 'active', 'idle'])
})

test('records that came and were worked on between two looks count as new', (t) => {
  t.deepEqual(states({ at: 0, position: 5, end: 5 }, { at: 4_900, position: 9, end: 9 }, { at: 5_100, position: 9, end: 9 }), [
    'active',
    'active',
    'active',
  ])
})

test('an open transaction at the end is not quiet, however long it is open', (t) => {
  const open = { position: 5, end: 7, stable: 5 }
  t.deepEqual(states({ at: 0, ...open }, { at: 60_000, ...open }, { at: 120_000, position: 7, end: 7 }, { at: 125_000, position: 7, end: 7 }), [
    'active',
    'active',
    'active',
    'idle',
  ])
})

test('an old answer makes nobody idle: only a new one proves that nothing came', (t) => {
  t.deepEqual(states({ at: 0, position: 5, end: 5 }, { at: 9_999, position: 5, end: 5, answered: 100 }), ['active', 'active'])
})

test('without an answer for ten seconds a partition is stalled, idle or not', (t) => {
  const moments = [
    { at: 0, position: 5, end: 5 },
    { at: 5_000, position: 5, end: 5 },
    { at: 14_999, position: 5, end: 5, answered: 5_000 },
    { at: 15_000, position: 5, end: 5, answered: 5_000 },
  ]
  t.deepEqual(states(...moments), ['active', 'idle', 'idle', 'stalled'])
  t.deepEqual(states({ at: 0, position: 0 }, { at: 9_999, position: 0 }, { at: 10_000, position: 0 }), ['active', 'active', 'stalled'])
})

test('when reading begins anew, the first answer is waited for as at the start', (t) => {
  const activity = new PartitionActivity(timeout)
  t.is(activity.observe(sightOf({ at: 0, position: 5, end: 5 }), 0, dayAt(0)), 'active')
  t.is(activity.observe(sightOf({ at: 60_000, position: 5 }), 60_000, dayAt(60_000)), 'active')
  t.is(activity.observe(sightOf({ at: 70_000, position: 5 }), 70_000, dayAt(70_000)), 'stalled')
})

test('after a silence the idle timeout begins anew', (t) => {
  //   answers   0 ......... none ......... 60 s, the same end as before
  const moments = [
    { at: 0, position: 5, end: 5 },
    { at: 30_000, position: 5, end: 5, answered: 0 },
    { at: 60_000, position: 5, end: 5 },
    { at: 64_999, position: 5, end: 5 },
    { at: 65_000, position: 5, end: 5 },
  ]
  t.deepEqual(states(...moments), ['active', 'stalled', 'active', 'active', 'idle'])
})

test('a partition with much to work on is active though nothing more is asked for', (t) => {
  t.deepEqual(states({ at: 0, position: 5, end: 900, fetched: 700 }, { at: 60_000, position: 600, end: 900, fetched: 700, answered: 0 }), [
    'active',
    'active',
  ])
})

test('a partition that we have stopped reading is stalled, and its timeout begins anew afterwards', (t) => {
  const moments = [
    { at: 0, position: 5, end: 5 },
    { at: 5_000, position: 5, end: 5 },
    { at: 5_100, position: 5, end: 5, paused: true },
    { at: 5_200, position: 5, end: 5 },
    { at: 10_200, position: 5, end: 5 },
  ]
  t.deepEqual(states(...moments), ['active', 'idle', 'stalled', 'active', 'idle'])
})

test('it is known since when a partition is what it is', (t) => {
  const activity = new PartitionActivity(timeout)
  t.is(activity.since, null)
  const since = [
    { at: 100, position: 5, end: 5 },
    { at: 5_050, position: 5, end: 5 },
    { at: 5_200, position: 5, end: 5 },
    { at: 5_300, position: 5, end: 5 },
    { at: 5_400, position: 5, end: 6 },
  ].map((moment) => (activity.observe(sightOf(moment), moment.at, dayAt(moment.at)), activity.since))
  t.deepEqual(since, [100, 100, 5_200, 5_200, 5_400].map(dayAt))
})

/** A log that grows, is read and answers as it likes. */
const course = fc.array(
  fc.record({
    pass: fc.integer({ min: 1, max: 4_000 }),
    written: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) }),
    answers: fc.boolean(),
    works: fc.boolean(),
    open: fc.boolean(),
  }),
  { maxLength: 60 },
)

test('an answer that lay unread while the process was held up makes nobody idle', (t) => {
  //   position   5                 5          5
  //   asked      0                 0.2 s      60.1 s
  //   time       0   held up …     60 s       60.2 s
  const moments = [
    { at: 0, position: 5, end: 5 },
    { at: 60_000, position: 5, end: 5, asked: 200 },
    { at: 60_200, position: 5, end: 5, asked: 60_100 },
  ]
  t.deepEqual(states(...moments).slice(0, 2), ['active', 'active'])
})

test('whoever is idle was at the end of the log for the timeout, by answers alone', (t) => {
  let idle = 0
  fc.assert(
    fc.property(course, (steps) => {
      const activity = new PartitionActivity(timeout)
      let now = 0
      let end = 0
      let position = 0
      let ends: PartitionSight['ends']
      /** When the log last grew. */
      let grewAt = 0
      for (const { pass, written, answers, works, open } of steps) {
        now += pass
        if (written > 0) grewAt = now
        end += written
        if (answers)
          ends = { highWatermark: end, lastStableOffset: open ? Math.min(position, end) : end, fetchOffset: end, askedAt: now, answeredAt: now }
        if (works && ends !== undefined) position = ends.lastStableOffset
        if (activity.observe({ position, ends, paused: false }, now, dayAt(now)) !== 'idle') continue
        idle++
        t.true(ends !== undefined && position === ends.highWatermark && ends.lastStableOffset === position && now - ends.answeredAt < 10_000)
        // What was written behind the newest answer is not known of.
        t.true(grewAt > ends!.answeredAt || ends!.answeredAt - grewAt >= timeout)
      }
    }),
    { numRuns: 500 },
  )
  t.true(idle > 100)
})
