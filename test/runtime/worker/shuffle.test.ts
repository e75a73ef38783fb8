/** Records that go to other partitions, over virtual brokers: nothing is lost, doubled or late, whatever happens to workers, brokers and network. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { names } from '../../../runtime/protocol.ts'
import { orders } from '../../support/orders.ts'
import { shuffledResults, shuffledSteps, writtenResults } from '../../support/shuffle-model.ts'
import { epoch, partitions, VirtualJob } from '../testing/broker/virtual-job.ts'

/** The model knows of no partition that is not waited for. */
const patient = { idleTimeoutMs: 3_600_000 }

async function assertExact(t: ExecutionContext, job: VirtualJob, least = 100): Promise<void> {
  const expected = shuffledResults(await job.read(job.input), partitions)
  t.deepEqual(writtenResults(await job.read(job.output)), expected)
  t.true(expected.size > least)
  t.deepEqual(await job.read(names.lateTopic(job.applicationId)), [])
}

test('records go to the workers of their keys, and windows close by the slowest partition that writes', async (t) => {
  const job = new VirtualJob(1, { steps: shuffledSteps, processing: patient })
  await job.send(orders({ count: 12_000, partitions, from: epoch }))
  await job.start(2)
  await job.drained()
  await assertExact(t, job)
  await job.end()
})

test('a partition of the source that stays behind holds every window open', async (t) => {
  const job = new VirtualJob(2, { steps: shuffledSteps, processing: patient })
  const records = orders({ count: 12_000, partitions, from: epoch })
  const slow = records.filter(({ partition }) => partition === 3)
  await job.start(2)
  await job.send(records.filter(({ partition }) => partition !== 3))
  await job.drained()
  t.deepEqual(await job.read(job.output), [])
  await job.send(slow.slice(0, slow.length * 0.7))
  await job.drained()
  await assertExact(t, job, 10)
  await job.send(slow.slice(slow.length * 0.7))
  await job.drained()
  await assertExact(t, job)
  await job.end()
})

test('what stages have sent to each other is deleted once it is read and committed, and the job goes on behind it', async (t) => {
  const job = new VirtualJob(3, { steps: shuffledSteps, processing: patient })
  await job.start(2)
  const between = names.repartitionTopic(job.applicationId, 1, 'by-customer')
  const starts = (): readonly number[] => Array.from({ length: partitions }, (_, partition) => job.cluster.partition(between, partition).logStart)
  await job.send(orders({ count: 6_000, partitions, from: epoch }))
  await job.drained()
  const ends = Array.from({ length: partitions }, (_, partition) => job.cluster.partition(between, partition).highWatermark)
  t.deepEqual(starts(), [0, 0, 0, 0])
  const later = job.clock.now() + 40_000
  await job.clock.run(() => job.clock.now() >= later)
  t.deepEqual(starts(), ends)
  await job.passing(job.job.crash(0))
  job.job.startWorker(0)
  await job.send(orders({ count: 6_000, partitions, from: epoch + 6_000, seed: 2 }))
  await job.drained()
  await assertExact(t, job)
  await job.end()
})

for (const guarantee of ['ExactlyOnce', 'AtLeastOnce']) {
  test(`what stages send to each other is exact under faults: ${guarantee}`, async (t) => {
    for (let seed = 1; seed <= 8; seed++) {
      const job = new VirtualJob(seed, {
        nodes: 3,
        settings: { metadataLagMs: [0, 200] },
        steps: shuffledSteps,
        processing: { ...patient, guarantee },
      })
      await job.start(2)
      await job.disturbed(async (disturbances) => {
        for (let round = 0; round < 10; round++) {
          await job.send(orders({ count: 1_200, partitions, from: epoch + round * 1_200, seed: seed * 100 + round }))
          await disturbances.next()
        }
      })
      await job.drained()
      if (guarantee === 'ExactlyOnce') await assertExact(t, job)
      else await assertSame(t, job)
      await job.end()
    }
  })
}

/** Outputs may be repeated, and each time they are the same. */
async function assertSame(t: ExecutionContext, job: VirtualJob): Promise<void> {
  const output = await job.read(job.output)
  const once = [...new Map(output.map((record) => [record.value, record])).values()]
  const expected = shuffledResults(await job.read(job.input), partitions)
  t.deepEqual(writtenResults(once), expected)
}
