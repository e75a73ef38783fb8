/** The real worker on the virtual broker: if either does not do as Kafka does, this ends badly, or never. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { names } from '../../../../runtime/protocol.ts'
import { compareCoordinates, compareResults, expectedOf } from '../../../e2e/oracle.ts'
import { countJob } from '../../../support/job-run.ts'
import { orders } from '../../../support/orders.ts'
import { epoch, VirtualJob } from './virtual-job.ts'

const nothing = { missing: [], unexpected: [], duplicated: [] }

async function assertExact(t: ExecutionContext, job: VirtualJob, records: number): Promise<void> {
  const expected = expectedOf(countJob, await job.read(job.input), job.committed)
  t.is(expected.records, records)
  t.deepEqual(compareResults(expected, await job.read(job.output)), { ...nothing, wrong: [] })
  t.deepEqual(compareCoordinates(expected.late, await job.read(names.lateTopic(job.applicationId))), nothing)
  t.deepEqual(compareCoordinates(expected.dead.keys(), await job.read(names.deadLetterTopic(job.applicationId))), nothing)
}

test('two workers process each record once', async (t) => {
  const job = new VirtualJob(1)
  await job.send(orders({ count: 5_000, partitions: 4, from: epoch }))
  await job.start(2)
  await job.drained()
  await assertExact(t, job, 5_000)
  const group = job.cluster.group(names.group(job.applicationId))
  t.is(group?.state, 'Stable')
  t.deepEqual(group?.members.map(({ instanceId }) => instanceId).toSorted(), ['worker-0', 'worker-1'])
  await job.end()
})

test('results are exact though connections break, requests come late, brokers stop and workers are cut off', async (t) => {
  const seen = new Map<string, number>()
  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
  for (let seed = 1; seed <= 8; seed++) {
    const job = new VirtualJob(seed, { nodes: 3, settings: { metadataLagMs: [0, 200] } })
    job.cluster.onDecided(({ outcome }) => count(outcome))
    job.cluster.onGroup(({ kind }) => count(kind))
    await job.start(2)
    await job.disturbed(async (disturbances) => {
      for (let round = 0; round < 10; round++) {
        await job.send(orders({ count: 500, partitions: 4, from: epoch + round * 500, seed: seed * 100 + round }))
        await disturbances.next()
      }
    })
    await job.drained()
    await assertExact(t, job, 5_000)
    await job.end()
  }
  // The disturbances have hit.
  for (const what of ['commit', 'abort', 'rebalance', 'expired', 'fenced']) t.true((seen.get(what) ?? 0) > 2, what)
})

test('with the same seed everything happens the same way', async (t) => {
  const course = async (): Promise<readonly [number, number, readonly string[]]> => {
    const job = new VirtualJob(3, { nodes: 3 })
    const told: string[] = []
    job.cluster.onDecided((decided) => told.push(JSON.stringify(decided)))
    job.cluster.onGroup((event) => told.push(JSON.stringify(event)))
    await job.start(2)
    await job.disturbed(async (disturbances) => {
      for (let round = 0; round < 4; round++) {
        await job.send(orders({ count: 200, partitions: 4, from: epoch + round * 500, seed: round }))
        await disturbances.next()
      }
    })
    await job.drained()
    await job.end()
    return [job.clock.now(), job.clock.scheduled, told]
  }
  t.deepEqual(await course(), await course())
})
