import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../../operator/clock.ts'
import { connectJobKafka } from '../../../operator/kafka/connect.ts'
import type { JobKafka } from '../../../operator/kafka/job-kafka.ts'
import { connectKafka } from '../../../runtime/kafka/connect.ts'
import { StaleJobRecord } from '../../../runtime/kafka/job-topic.ts'
import { internalTopics } from '../../../runtime/kafka/internal-topics.ts'
import { type JobRecord, names } from '../../../runtime/protocol.ts'
import { eventually } from '../../support/eventually.ts'
import { brokers } from '../../support/kafka.ts'

interface Job extends AsyncDisposable {
  readonly applicationId: string
  readonly kafka: JobKafka
}

function openJob(applicationId = `test.${randomUUID().slice(0, 12)}`): Job {
  const access = { connection: { brokers: brokers() }, nameOf: (path: string) => path, [Symbol.asyncDispose]: () => Promise.resolve() }
  const kafka = connectJobKafka(access, applicationId, systemClock, AbortSignal.timeout(60_000))
  return { applicationId, kafka, [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose]() }
}

const topicsOf = (applicationId: string, partitions = 3) =>
  internalTopics({
    applicationId,
    lineage: 1,
    stages: [
      { stage: 'orders', sourcePartitions: partitions, repartitioned: false, aligned: true },
      { stage: 'by-region', sourcePartitions: 2, repartitioned: true },
    ],
    replicationFactor: -1,
    config: {},
    late: true,
    deadLetter: true,
  })

function record(epoch: number): JobRecord {
  const identity = { uid: 'u', kubernetesCluster: 'k', kafkaCluster: 'c' }
  const common = { formatVersion: 1 as const, identity, lineage: 1, planFingerprint: 'f', codeHash: 'c', parallelism: 1, stages: [] }
  return { ...common, epoch, mode: 'run', operationId: null, restoresDone: [], standbys: 0 }
}

test('topics are made once, grow when their source does, and go when they are deleted, however often that is asked', async (t) => {
  await using job = openJob()
  const { kafka, applicationId } = job
  for (let again = 0; again < 2; again++) await kafka.ensureTopics(topicsOf(applicationId))
  const changelog = names.changelogTopic(applicationId, 1, 'orders')
  const made = await eventually(async () => {
    const found = await kafka.describeTopics(topicsOf(applicationId).map(({ topic }) => topic))
    return found.size === 7 ? found : null
  })
  t.is(made.get(changelog)?.partitions, 3)
  t.is(made.get(names.jobTopic(applicationId))?.partitions, 1)
  await kafka.ensureTopics(topicsOf(applicationId, 5))
  const grown = await eventually(async () => {
    const found = (await kafka.describeTopics([changelog])).get(changelog)
    return found?.partitions === 5 ? found : null
  })
  t.is(made.get(changelog)?.id, grown.id)
  const own = [
    changelog,
    names.changelogTopic(applicationId, 1, 'by-region'),
    names.repartitionTopic(applicationId, 1, 'by-region'),
    names.jobTopic(applicationId),
    names.alignmentTopic(applicationId),
  ]
  t.deepEqual((await kafka.listInternalTopics()).toSorted(), own.toSorted())
  for (let again = 0; again < 2; again++) await kafka.deleteTopics(own)
  await eventually(async () => (await kafka.listInternalTopics()).length === 0)
})

async function withRecord(t: ExecutionContext, job: Job): Promise<void> {
  await job.kafka.ensureTopics(topicsOf(job.applicationId))
  t.is(await job.kafka.readJobRecord(), null)
  await job.kafka.writeJobRecord(record(1), null)
}

test('the newest record is read back, and a writer that has seen another one writes nothing', async (t) => {
  await using job = openJob()
  t.is(await job.kafka.readJobRecord(), null)
  await withRecord(t, job)
  await job.kafka.writeJobRecord(record(2), 1)
  t.is((await job.kafka.readJobRecord())?.epoch, 2)
  await t.throwsAsync(job.kafka.writeJobRecord(record(2), 1), { instanceOf: StaleJobRecord })
  await t.throwsAsync(job.kafka.writeJobRecord(record(1), null), { instanceOf: StaleJobRecord })
  t.is((await job.kafka.readJobRecord())?.epoch, 2)
})

test('writing the record fences the predecessor and aborts what it had open', async (t) => {
  await using job = openJob()
  await withRecord(t, job)
  await using old = connectKafka({ brokers: brokers() }, { clientId: 'old' })
  await using producer = old.transactionalProducer(names.operatorTransactionalId(job.applicationId))
  await producer.init()
  const value = Buffer.from(JSON.stringify(record(9)))
  producer.append(names.jobTopic(job.applicationId), 0, Buffer.from('job'), 0, 3, value, 0, value.length, Date.now(), [])
  await producer.flush()
  await job.kafka.writeJobRecord(record(2), 1)
  await t.throwsAsync(producer.commit([], { groupId: job.applicationId, generation: -1, memberId: '', instanceId: null }))
  t.is((await job.kafka.readJobRecord())?.epoch, 2)
})

test('a member is evicted by its instance id and the group can then be deleted; members that are unknown are fine', async (t) => {
  await using job = openJob()
  const groupId = names.group(job.applicationId)
  await using client = connectKafka({ brokers: brokers() }, { clientId: 'worker' })
  const assign = (members: readonly { readonly instanceId: string }[]) => new Map(members.map(({ instanceId }) => [instanceId, Buffer.alloc(0)]))
  const member = client.member({ groupId, instanceId: 'revenue-1', sessionTimeoutMs: 45_000, rebalanceTimeoutMs: 3_000, assign })
  await member.join(Buffer.alloc(0))
  // Without a leave: the session keeps the member for 45 s.
  await member[Symbol.asyncDispose]()
  await t.throwsAsync(job.kafka.deleteGroup(), { message: /still has members/ })
  for (let again = 0; again < 2; again++) await job.kafka.evict(['revenue-1', 'revenue-2'])
  for (let again = 0; again < 2; again++) await job.kafka.deleteGroup()
})

test('a transaction that a worker left open is aborted, so that no reader hangs behind it', async (t) => {
  await using job = openJob()
  await job.kafka.ensureTopics(topicsOf(job.applicationId))
  const topic = names.lateTopic(job.applicationId)
  await using client = connectKafka({ brokers: brokers() }, { clientId: 'worker' })
  await eventually(async () => (await job.kafka.describeTopics([topic])).has(topic))
  await using producer = client.transactionalProducer(names.workerTransactionalId(job.applicationId, 4))
  await producer.init()
  const value = Buffer.from('open')
  producer.append(topic, 0, null, 0, 0, value, 0, value.length, Date.now(), [])
  await producer.flush()
  await using fetcher = client.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const ends = await eventually(async () => {
    await fetcher.next(50)
    return fetcher.ends(topic, 0)
  })
  t.true(ends.lastStableOffset < ends.highWatermark)
  await job.kafka.resolveTransactions([4])
  await eventually(
    async () => {
      await fetcher.next(50)
      const now = fetcher.ends(topic, 0)
      return now !== undefined && now.lastStableOffset === now.highWatermark && now.highWatermark > 1
    },
    { what: 'the end of the transaction' },
  )
  await t.throwsAsync(producer.commit([], { groupId: job.applicationId, generation: -1, memberId: '', instanceId: null }))
})
