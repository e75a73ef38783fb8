/**
 * A job of two stages on a real cluster under load, while workers are killed, `kubectl scale` changes their number, and its source gets more partitions.
 * What must have been written is recomputed from what Kafka's own console consumer reads of the input.
 */
import test from 'ava'
import { readCommitted } from '../support/broker.ts'
import { testSystem } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { randomOf } from '../support/orders.ts'
import { killPodProcesses } from '../support/processes.ts'
import { stockKafka } from '../support/stock-kafka.ts'
import { shuffledResults, shuffledSteps, writtenResults } from '../support/shuffle-model.ts'
import { assertTopicsLeft } from '../support/topics-left.ts'
import { startOrders } from './orders-process.ts'
import { revenueJob } from './revenue-job.ts'
import { Site } from './site.ts'

const seed = Number(process.env['STREAMJOB_TEST_SEED'] ?? 1)
const partitions = 4
const partitionsLater = 6
const internalPartitions = 6
/** More than any of the orders is out of order. */
const disorderMs = 11_000
/** The console consumer ends when nothing comes for so long. */
const idleMs = 15_000

test('a job of two stages writes each result once while workers are killed, their number changes and its source grows', async (t) => {
  t.timeout(10 * 60_000)
  t.log(`seed ${seed}`)
  const random = randomOf(seed)
  await using site = await Site.open()
  const { namespace } = site
  const job = revenueJob({ namespace: namespace.name, name: 'shuffled', parallelism: 1 })
  await site.createTopics([job.input, job.output], partitions)
  const { spec } = job.manifest
  const kafka = { ...spec.kafka, internalTopics: { partitions: internalPartitions } }
  // No partition is idle: results shall follow from the records alone.
  const processing = { ...spec.processing, idleTimeout: '1d' }
  await namespace.apply({
    ...job.manifest,
    spec: { ...spec, kafka, processing, program: { steps: shuffledSteps(job.input, job.output, disorderMs) } },
  })
  await using orders = startOrders(job.input, 1_000, seed)
  const scale = async (workers: number): Promise<void> => {
    await namespace.kubectl(['scale', 'streamjob', job.name, `--replicas=${workers}`])
    await site.ready(job.name, workers)
  }
  const kill = async (ordinal: number): Promise<void> => {
    const name = `${job.name}-${ordinal}`
    const pod = await namespace.get('pod', name)
    if (pod === null) throw new Error(`there is no pod ${name}`)
    killPodProcesses(pod.metadata.uid)
    const restarts = (of: typeof pod | null): number => {
      const [container] = (of?.status?.['containerStatuses'] ?? []) as readonly { readonly restartCount: number }[]
      return container?.restartCount ?? 0
    }
    await eventually(async () => restarts(await namespace.get('pod', name)) > restarts(pod), { timeoutMs: 60_000, what: `${name} started again` })
  }

  await site.ready(job.name, 1)
  await scale(3)
  await kill(Math.floor(random() * 3))
  await site.ready(job.name, 3)
  await scale(2)
  await kill(Math.floor(random() * 2))
  await site.ready(job.name, 2)
  await orders.stop()

  // Whoever sends may know of new partitions before the job does, and what it finds there may be late. So this load waits until the job knows.
  await site.admin.createPartitions({ topicPartitions: [{ topic: job.input, count: partitionsLater }] })
  await scale(4)
  await using later = startOrders(job.input, 1_000, seed + 1)
  await kill(Math.floor(random() * 4))
  await site.ready(job.name, 4)
  await later.stop()

  const between = `${job.applicationId}.repartition.1.by-customer`
  // kafkajs goes on asking for each topic that it was asked about, and this one will be gone: nobody else may use this connection.
  const inner = stockKafka([testSystem.kafka()]).admin()
  await inner.connect()
  t.teardown(() => inner.disconnect())
  t.is((await inner.fetchTopicOffsets(between)).length, internalPartitions)
  await site.drained(job.applicationId, job.input, 120_000)
  await site.drained(job.applicationId, between, 120_000, inner)
  const expected = shuffledResults(await Array.fromAsync(readCommitted(job.input, idleMs)), partitionsLater, disorderMs)
  t.deepEqual(writtenResults(await Array.fromAsync(readCommitted(job.output, idleMs))), expected)
  t.log(`${expected.size} results`)
  t.true(expected.size > 500)
  t.deepEqual(await Array.fromAsync(readCommitted(`${job.applicationId}.late`, idleMs)), [])

  await namespace.kubectl(['delete', 'streamjob', job.name, '--timeout=120s'])
  await assertTopicsLeft(t, site.admin, job.applicationId)
})
