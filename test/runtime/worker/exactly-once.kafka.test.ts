/** Whole jobs on a real broker, disturbed in every way that fits into one process; judged by the plain model of test/e2e/oracle.ts. */
import test from 'ava'
import { names } from '../../../runtime/protocol.ts'
import { compareResults, expectedOf } from '../../e2e/oracle.ts'
import { eventually } from '../../support/eventually.ts'
import { assertExact } from '../../support/exact.ts'
import { JobRun, countJob } from '../../support/job-run.ts'
import { orders, randomOf } from '../../support/orders.ts'

test('each result is written once: undisturbed', async (t) => {
  const run = await new JobRun(t).createTopics()
  await run.send(orders({ count: 20_000, partitions: 4 }))
  await run.start(2)
  await run.drained()
  await assertExact(t, run, 20_000)
})

test('dead letters keep key, value and headers, and say why and where from', async (t) => {
  const run = await new JobRun(t).createTopics()
  await run.send(orders({ count: 5_000, partitions: 4 }))
  await run.start(1)
  await run.drained()
  const input = new Map((await run.read(run.input)).map((record) => [`${record.partition}:${record.offset}`, record]))
  const dead = await run.read(names.deadLetterTopic(run.applicationId))
  t.true(dead.length > 0)
  const expected = expectedOf(countJob, [...input.values()], await run.committed()).dead
  for (const { key, value, headers } of dead) {
    const place = `${headers['streamjob.partition']}:${headers['streamjob.offset']}`
    t.is(headers['streamjob.reason'], expected.get(place))
    t.is(headers['streamjob.topic'], run.input)
    t.is(key, input.get(place)?.key ?? null)
    t.is(value, input.get(place)?.value ?? null)
  }
})

test('a worker that is cut off in the middle of a transaction leaves no trace of it', async (t) => {
  const run = await new JobRun(t, { processing: { commitIntervalMs: 1_000, outputLingerMs: 5 } }).createTopics()
  const random = randomOf(7)
  const job = await run.start(2)
  let from = 1_700_000_000_000
  for (let round = 0; round < 6; round++) {
    await run.send(orders({ count: 5_000, partitions: 4, from, seed: round }))
    from += 5_000
    const reached = Math.floor(random() * 4_000) + round * 5_000
    await eventually(() => job.statuses.reduce((sum, status) => sum + status.tasks.reduce((n, task) => n + Number(task.position), 0), 0) > reached)
    await job.crash(round % 2)
    job.startWorker(round % 2)
  }
  await run.drained()
  await assertExact(t, run, 30_000)
})

test('a restart inside the session timeout changes neither the generation nor anybody’s tasks', async (t) => {
  const run = await new JobRun(t).createTopics()
  const job = await run.start(3)
  await run.send(orders({ count: 3_000, partitions: 4 }))
  await run.drained()
  const tasksOf = (): number[] => job.statuses.filter(({ state }) => state === 'running').map(({ tasks }) => tasks.length)
  const allWork = (): boolean => tasksOf().length === 3 && Math.min(...tasksOf()) > 0 && tasksOf().reduce((a, b) => a + b, 0) === 4
  // Two of them may have done all the work before the third has joined.
  await eventually(allWork)
  const before = job.statuses.map(({ generation, tasks, instanceId }) => ({ generation, instanceId, tasks: tasks.map(({ partition }) => partition) }))
  const joins = job.workers.map((worker) => worker.telemetry.joins)
  for (const ordinal of [0, 1, 2]) {
    await job.crash(ordinal)
    job.startWorker(ordinal)
    await eventually(allWork)
  }
  const after = job.statuses.map(({ generation, tasks, instanceId }) => ({ generation, instanceId, tasks: tasks.map(({ partition }) => partition) }))
  const byId = (a: { instanceId: string }, b: { instanceId: string }): number => (a.instanceId < b.instanceId ? -1 : 1)
  t.deepEqual(after.toSorted(byId), before.toSorted(byId))
  t.true(
    job.workers.every((worker) => worker.telemetry.joins === 1),
    `joins before: ${joins.join()}`,
  )
  await assertExact(t, run, 3_000)
})

test('tasks move when the parallelism changes under load, and nothing is lost or doubled', async (t) => {
  const run = await new JobRun(t).createTopics()
  const job = await run.start(1)
  let from = 1_700_000_000_000
  for (const [round, parallelism] of [3, 2, 4, 1].entries()) {
    await run.send(orders({ count: 4_000, partitions: 4, from, seed: round }))
    from += 4_000
    await job.scale(parallelism)
    const tasks = (): number[] => job.statuses.map((status) => status.tasks.length)
    await eventually(() => tasks().reduce((a, b) => a + b, 0) === 4 && Math.max(...tasks()) - Math.min(...tasks()) <= 1)
  }
  await run.drained()
  await assertExact(t, run, 16_000)
})

test('a producer that was fenced goes back to the confirmed commit and goes on', async (t) => {
  const run = await new JobRun(t).createTopics()
  const job = await run.start(1)
  let from = 1_700_000_000_000
  for (let round = 0; round < 5; round++) {
    await run.send(orders({ count: 2_000, partitions: 4, from, seed: round }))
    from += 2_000
    await run.kafka.reader.fence(names.workerTransactionalId(run.applicationId, 0))
  }
  await run.drained()
  t.true((job.workers[0]?.telemetry.rewinds ?? 0) > 0)
  await assertExact(t, run, 10_000)
})

test('a suspended job commits what it has read and holds still; resumed it goes on', async (t) => {
  const run = await new JobRun(t).createTopics()
  const job = await run.start(2)
  await run.send(orders({ count: 2_000, partitions: 4 }))
  await run.drained()
  await job.suspend()
  await eventually(() => job.statuses.every(({ state, tasks }) => state === 'waiting' && tasks.length === 0))
  await run.send(orders({ count: 2_000, partitions: 4, from: 1_700_000_002_000, seed: 2 }))
  t.is(
    [...(await run.committed()).values()].reduce((a, b) => a + b, 0),
    2_000,
  )
  await job.scale(2)
  await run.drained()
  await assertExact(t, run, 4_000)
})

test('at least once: outputs may repeat, state stays exact', async (t) => {
  const run = await new JobRun(t, { processing: { guarantee: 'AtLeastOnce', outputLingerMs: 5 } }).createTopics()
  const job = await run.start(1)
  await run.send(orders({ count: 6_000, partitions: 4 }))
  await eventually(() => job.statuses[0]?.tasks.some((task) => Number(task.position) > 500) ?? false)
  await job.crash(0)
  job.startWorker(0)
  await run.drained()
  const expected = expectedOf(countJob, await run.read(run.input), await run.committed())
  const { missing, unexpected, wrong } = compareResults(expected, await run.read(run.output))
  t.deepEqual({ missing, unexpected, wrong }, { missing: [], unexpected: [], wrong: [] })
})

test('with the policy Skip no late and dead-letter topics are needed', async (t) => {
  const run = await new JobRun(t, { errors: { undecodable: 'Skip', processing: 'Skip', late: 'Skip' } }).createTopics()
  const job = await run.start(1)
  await job.stopWorker(0)
  const unused = [names.lateTopic(run.applicationId), names.deadLetterTopic(run.applicationId)]
  await run.admin.deleteTopics(unused)
  await eventually(async () => (await run.kafka.reader.describeTopics(unused)).size === 0)
  job.startWorker(0)
  await run.send(orders({ count: 2_000, partitions: 4 }))
  await run.drained()
  const expected = expectedOf(countJob, await run.read(run.input), await run.committed())
  t.true(expected.dead.size > 0 && expected.late.size > 0)
  t.deepEqual(compareResults(expected, await run.read(run.output)), { missing: [], unexpected: [], duplicated: [], wrong: [] })
})
