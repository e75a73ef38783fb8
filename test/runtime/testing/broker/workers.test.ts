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
