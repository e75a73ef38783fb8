/** What a worker knows of partitions that others work on. */
import test from 'ava'
import type { JobRecord } from '../../../../runtime/protocol.ts'
import { Sightings } from '../../../../runtime/worker/alignment/sightings.ts'

const patienceMs = 1_000

function record(lineage: number, partitions: Readonly<Record<string, number>>): Pick<JobRecord, 'lineage' | 'stages'> {
  return { lineage, stages: Object.entries(partitions).map(([name, count]) => ({ name, sourceTopic: name, partitions: count, changelogId: 'c' })) }
}

const none: ReadonlySet<string> = new Set()
const isSource = (stage: string): boolean => stage !== 'by-customer'

function expecting(partitions: Readonly<Record<string, number>>): Sightings {
  const sightings = new Sightings(patienceMs)
  sightings.expect(record(1, partitions), isSource, 0)
  return sightings
}

function behind(sightings: Sightings, now: number, own = none): readonly unknown[] | null {
  const found = sightings.furthestBehind(own, now)
  return found && [found.task, found.watermark]
}

test('the partition that is furthest behind is found over all sources of the job, and no other stages', (t) => {
  const sightings = expecting({ web: 2, shop: 1, 'by-customer': 3 })
  for (const [task, watermark] of [
    ['web/0', 70],
    ['web/1', 50],
    ['shop/0', 60],
    ['by-customer/0', 1],
  ] as const)
    sightings.see(task, watermark, false, 0)
  t.deepEqual(behind(sightings, 0), ['web/1', 50])
  t.deepEqual(behind(sightings, 0, new Set(['web/1'])), ['shop/0', 60])
})

test('one that was never heard of is waited for, but not for ever', (t) => {
  const sightings = expecting({ web: 2 })
  sightings.see('web/0', 100, false, 900)
  t.deepEqual(behind(sightings, 1_000), ['web/1', -Infinity])
  t.deepEqual(behind(sightings, 1_001), ['web/0', 100])
  t.is(behind(sightings, 1_901), null)
})

test('one whose worker has died holds where it was, until somebody tells of it or the patience is over', (t) => {
  //   web/1 is at 50      dies       moves to a worker that restores it       is at 40: it was not committed beyond
  const sightings = expecting({ web: 2 })
  sightings.see('web/0', 100, false, 0)
  sightings.see('web/1', 50, false, 0)
  t.deepEqual(behind(sightings, 999), ['web/1', 50])
  t.true(sightings.keep('web/1', 1_000))
  t.deepEqual(behind(sightings, 1_900), ['web/1', 50])
  sightings.see('web/1', 40, false, 1_950)
  t.deepEqual(behind(sightings, 2_000), ['web/1', 40])
})

test('an idle one is not waited for until it is heard to be back', (t) => {
  const sightings = expecting({ web: 2 })
  sightings.see('web/0', 100, false, 0)
  sightings.see('web/1', 50, true, 0)
  t.deepEqual(behind(sightings, 0), ['web/0', 100])
  sightings.see('web/1', 50, false, 0)
  t.deepEqual(behind(sightings, 0), ['web/1', 50])
})

test('a new record keeps what is known, and forgets partitions that are no longer there', (t) => {
  const sightings = expecting({ web: 2 })
  sightings.see('web/0', 100, false, 0)
  sightings.see('web/1', 50, false, 0)
  sightings.expect(record(1, { web: 1, shop: 1 }), isSource, 10)
  sightings.see('web/1', 20, false, 10)
  t.false(sightings.keep('web/1', 10))
  t.deepEqual(behind(sightings, 10), ['shop/0', -Infinity])
  t.deepEqual(behind(sightings, 10, new Set(['shop/0'])), ['web/0', 100])
})

test('with a new lineage everything begins anew', (t) => {
  const sightings = expecting({ web: 1 })
  sightings.see('web/0', 100, false, 0)
  sightings.expect(record(2, { web: 1 }), isSource, 10)
  t.deepEqual(behind(sightings, 10), ['web/0', -Infinity])
})
