/** Which partition waits for which: the decision alone. */
import test from 'ava'
import fc from 'fast-check'
import { furthestBehind, isAhead } from '../../../runtime/time/alignment.ts'
import type { Progress } from '../../../runtime/time/alignment.ts'

interface Case {
  readonly title: string
  /** Watermarks; those in brackets are idle. */
  readonly partitions: readonly (number | readonly [number])[]
  readonly maxDriftMs: number
  /** Places of those that wait. */
  readonly waiting: readonly number[]
}

const cases: readonly Case[] = [
  { title: 'one that is as far ahead as it may be goes on', partitions: [100, 110], maxDriftMs: 10, waiting: [] },
  { title: 'one that is further ahead waits', partitions: [100, 111, 105], maxDriftMs: 10, waiting: [1] },
  { title: 'all that are ahead wait for the one behind', partitions: [500, 100, 300], maxDriftMs: 10, waiting: [0, 2] },
  { title: 'an idle one is not waited for', partitions: [[100], 500, 505], maxDriftMs: 10, waiting: [] },
  { title: 'an idle one that is ahead waits, should it get something', partitions: [100, [500]], maxDriftMs: 10, waiting: [1] },
  { title: 'when all are idle nobody waits', partitions: [[100], [500]], maxDriftMs: 10, waiting: [] },
  { title: 'one that has nothing yet holds those that have', partitions: [-Infinity, 100], maxDriftMs: 10, waiting: [1] },
  { title: 'of several that have nothing none waits', partitions: [-Infinity, -Infinity], maxDriftMs: 10, waiting: [] },
  { title: 'one that has nothing and is idle holds nobody', partitions: [[-Infinity], 100], maxDriftMs: 10, waiting: [] },
  { title: 'the only one goes on', partitions: [100], maxDriftMs: 1, waiting: [] },
]

function progressOf(partition: Case['partitions'][number]): Progress {
  return typeof partition === 'number' ? { watermark: partition, idle: false } : { watermark: partition[0], idle: true }
}

function waitingOf(partitions: readonly Progress[], maxDriftMs: number): readonly number[] {
  const behind = furthestBehind(partitions)
  return partitions.flatMap(({ watermark }, place) => (isAhead(watermark, behind, maxDriftMs) ? [place] : []))
}

for (const { title, partitions, maxDriftMs, waiting } of cases) {
  test(title, (t) => t.deepEqual(waitingOf(partitions.map(progressOf), maxDriftMs), waiting))
}

test('whatever the partitions are, one of those that are not idle goes on', (t) => {
  const watermark = fc.oneof(fc.constant(-Infinity), fc.integer({ min: -1_000, max: 1_000 }))
  const partitions = fc.array(fc.record({ watermark, idle: fc.boolean() }), { minLength: 1 })
  fc.assert(
    fc.property(partitions, fc.integer({ min: 1, max: 100 }), (all, maxDriftMs) => {
      const waiting = new Set(waitingOf(all, maxDriftMs))
      t.true(all.every(({ idle }) => idle) || all.some(({ idle }, place) => !idle && !waiting.has(place)))
    }),
  )
})
