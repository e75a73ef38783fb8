/** Positions that are lost, moved or out of range: repaired where that is certain, else the job stops and says what to do. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { Admin } from 'kafkajs'
import type { LocalJob } from '../../../../runtime/dev/local-job.ts'
import { names } from '../../../../runtime/protocol.ts'
import { compareResults, expectedOf } from '../../../e2e/oracle.ts'
import { eventually } from '../../../support/eventually.ts'
import { JobRun, countJob } from '../../../support/job-run.ts'
import { brokers } from '../../../support/kafka.ts'
import { orders } from '../../../support/orders.ts'
import { withStockAdmin } from '../../../support/stock-kafka.ts'

async function stoppedRun(t: ExecutionContext, count = 2_000): Promise<JobRun> {
  const run = await new JobRun(t, { processing: { sessionTimeoutMs: 6_000 } }).createTopics()
  await run.send(orders({ count, partitions: 4 }))
  const job = await run.start(1)
  await run.drained()
  await job[Symbol.asyncDispose]()
  return run
}

const admin = <A>(work: (admin: Admin) => Promise<A>): Promise<A> => withStockAdmin(brokers(), work)

async function deleteAllRecords({ kafka: { reader } }: JobRun, topic: string, partition: number): Promise<void> {
  await reader.deleteRecords(topic, partition, await reader.listOffset(topic, partition, 'highWatermark'))
}

/** The group can be deleted only when its last member's session has ended. */
async function deleteGroup(run: JobRun): Promise<void> {
  await eventually(() => run.admin.deleteGroup(names.group(run.applicationId)).then(() => true))
}

async function failure(run: JobRun): Promise<{ code: string; message: string }> {
  const job = await run.start(1)
  return errorOf(job)
}

function errorOf(job: LocalJob): Promise<{ code: string; message: string }> {
  return eventually(() => job.statuses[0]?.error ?? null, { what: 'An error in the worker’s status' })
}

test('group offsets that are gone are committed again from the changelog', async (t) => {
  const run = await stoppedRun(t)
  await deleteGroup(run)
  await run.start(1)
  await run.drained()
  await run.send(orders({ count: 2_000, partitions: 4, from: 1_700_000_002_000, seed: 2 }))
  await run.drained()
  const expected = expectedOf(countJob, await run.read(run.input), await run.committed())
  t.is(expected.records, 4_000)
  t.deepEqual(compareResults(expected, await run.read(run.output)), { missing: [], unexpected: [], duplicated: [], wrong: [] })
})

test('an offset that somebody moved stops the job', async (t) => {
  const run = await stoppedRun(t)
  const groupId = names.group(run.applicationId)
  await eventually(() => admin((a) => a.setOffsets({ groupId, topic: run.input, partitions: [{ partition: 0, offset: '1' }] })).then(() => true))
  const { code, message } = await failure(run)
  t.is(code, 'position-mismatch')
  t.regex(message, /partition 0 of .*disagree.*changed by hand/)
})

test('records that were deleted before they were read stop the job', async (t) => {
  const run = await stoppedRun(t)
  await run.send(orders({ count: 1_000, partitions: 4, from: 1_700_000_002_000, seed: 2 }))
  await deleteAllRecords(run, run.input, 2)
  const { code, message } = await failure(run)
  t.is(code, 'position-out-of-range')
  t.regex(message, /partition 2 of .* out of range: the next offset to read is \d+, the topic has \[\d+, \d+\).*retention/)
})

test('records that are deleted under a running job stop it', async (t) => {
  const run = await new JobRun(t).createTopics()
  const job = await run.start(1)
  await run.send(orders({ count: 500, partitions: 4 }))
  await run.drained()
  await job.suspend()
  await eventually(() => job.statuses.every(({ state }) => state === 'waiting'))
  await run.send(orders({ count: 500, partitions: 4, from: 1_700_000_000_500, seed: 2 }))
  await deleteAllRecords(run, run.input, 1)
  await job.scale(1)
  const { code } = await errorOf(job)
  t.is(code, 'position-out-of-range')
})

test('a changelog that was deleted and made again stops the job', async (t) => {
  const run = await stoppedRun(t)
  const job = await run.start(1)
  const topic = names.changelogTopic(run.applicationId, 1, run.input)
  await job.stopWorker(0)
  await run.admin.deleteTopics([topic])
  await eventually(async () => !(await run.kafka.reader.describeTopics([topic])).has(topic))
  await run.admin.createTopic({ topic, partitions: 4, replicationFactor: 1, config: { 'cleanup.policy': 'compact' } })
  await eventually(async () => (await run.kafka.reader.describeTopics([topic])).has(topic))
  job.startWorker(0)
  const { code, message } = await errorOf(job)
  t.is(code, 'topic-replaced')
  t.regex(message, /changelog.*deleted and made again.*lost.*savepoint or start afresh/)
})

test('a position that neither the group nor the changelog knows any more stops the job', async (t) => {
  const run = await stoppedRun(t)
  await deleteGroup(run)
  const topic = names.changelogTopic(run.applicationId, 1, run.input)
  // Compacted topics take no DeleteRecords; what is left is to make this one deletable for a moment.
  await admin((a) =>
    a.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries: [{ name: 'cleanup.policy', value: 'delete' }] }] }),
  )
  await eventually(() => deleteAllRecords(run, topic, 3).then(() => true))
  const { code, message } = await failure(run)
  t.is(code, 'position-lost')
  t.regex(message, /partition 3 of .* is lost: it was read before/)
})

test('a source topic that was deleted and made again stops the job', async (t) => {
  const run = await stoppedRun(t)
  await run.admin.deleteTopics([run.input])
  await eventually(async () => !(await run.kafka.reader.describeTopics([run.input])).has(run.input))
  await run.admin.createTopic({ topic: run.input, partitions: 4, replicationFactor: 1, config: { 'retention.ms': '-1' } })
  await eventually(async () => (await run.kafka.reader.describeTopics([run.input])).has(run.input))
  t.is((await failure(run)).code, 'topic-replaced')
})

test('policy Fail stops the job at the record and says where it is', async (t) => {
  const run = await new JobRun(t, { errors: { undecodable: 'Fail' } }).createTopics()
  await run.send([{ key: 'a', value: '{"customer":', partition: 1 }])
  const { code, message } = await failure(run)
  t.is(code, 'record-failed')
  t.regex(message, /partition 1, offset 0 failed \(undecodable\)/)
  t.true((await run.committed()).get(1)! <= 0, 'its position was not passed; the start may have been committed')
})
