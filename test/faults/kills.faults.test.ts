/** Workers that are killed in the middle of a transaction, restarted, bounced and stopped for longer than their session. */
import test from 'ava'
import { KafkaNodes, clusterBrokers } from '../support/kafka-nodes.ts'
import { eventually } from '../support/eventually.ts'
import { brokers } from '../support/kafka.ts'
import { pendingRecords } from '../support/pending.ts'
import { FaultJob } from './fault-job.ts'
import { assertExactly } from './verdict.ts'

test.serial('a worker that is killed in an open transaction and restarted, three times: nothing is lost, doubled or left open', async (t) => {
  await KafkaNodes.of(t)
  const processing = { commitIntervalMs: 1_000, transactionTimeoutMs: 30_000 }
  const job = await FaultJob.start(t, { brokers: clusterBrokers(), program: 'count', partitions: 5, processing }, 3)
  for (const ordinal of [0, 1, 2]) {
    await job.holdInTransaction(ordinal)
    await job.pod(ordinal).end('SIGKILL')
    t.true(await job.hasOpenTransaction(ordinal), 'the kill found an open transaction')
    job.pod(ordinal).start()
    await job.shared()
    await job.progressed(500)
  }
  await assertExactly(t, job, 5_000)
})

test.serial('a worker that is held beyond its session commits nothing of what it held, and joins again', async (t) => {
  const job = await FaultJob.start(t, { brokers: brokers(), program: 'copy', partitions: 4, processing: { commitIntervalMs: 1_000 } }, 2)
  const [before] = await job.shared()
  const pendingOf = () =>
    pendingRecords(
      brokers()[0]!,
      job.run.output,
      before!.tasks.map(({ partition }) => partition),
    )
  const pending = await job.holdInTransaction(0, async () => {
    const found = await pendingOf()
    return [...found.values()].some(({ from, to }) => to > from) && found
  })
  const taken = async (): Promise<boolean> => (await job.pod(1).status()).tasks.length === 4
  await eventually(taken, { what: 'The other worker with every task' })
  await job.progressed(1_000)
  job.pod(0).hold(false)
  const after = await eventually(async () => {
    const all = await job.shared()
    return all.every(({ generation }) => generation! > before!.generation!) && all
  })
  t.deepEqual(
    after.map(({ tasks }) => tasks.length),
    [2, 2],
  )
  await job.progressed(500)
  const made = await assertExactly(t, job, 3_000)
  const ofZombie = made.filter(({ partition, offset }) => {
    const { from, to } = pending.get(partition) ?? { from: 0, to: 0 }
    return offset >= from && offset < to
  })
  t.deepEqual(ofZombie, [], 'what was pending when it was held')
})

test.serial('three rolling restarts of three workers inside their session leave the generation as it is', async (t) => {
  const job = await FaultJob.start(t, { brokers: brokers(), program: 'count', partitions: 6, processing: { sessionTimeoutMs: 15_000 } }, 3)
  const tasksOf = (all: Awaited<ReturnType<FaultJob['statuses']>>) =>
    all.map(({ instanceId, generation, tasks }) => ({
      instanceId,
      generation,
      tasks: tasks.map(({ partition }) => partition).toSorted((a, b) => a - b),
    }))
  const before = tasksOf(await job.shared())
  for (let round = 0; round < 3; round++) {
    for (const ordinal of [0, 1, 2]) {
      t.is((await job.pod(ordinal).end('SIGTERM')).code, 0)
      job.pod(ordinal).start()
      await job.pod(ordinal).ready()
    }
    await job.progressed(200)
  }
  t.deepEqual(tasksOf(await job.shared()), before)
  await assertExactly(t, job, 2_000)
})
