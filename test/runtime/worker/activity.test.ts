/** What workers make of partitions that are quiet, on a virtual broker in virtual time. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { countSteps } from '../../support/job-run.ts'
import { names } from '../../../runtime/protocol.ts'
import { orders } from '../../support/orders.ts'
import { shuffledResults, shuffledSteps, writtenResults } from '../../support/shuffle-model.ts'
import { epoch, partitions, VirtualJob } from '../testing/broker/virtual-job.ts'
import type { VirtualJobOptions } from '../testing/broker/virtual-job.ts'

async function drained(t: ExecutionContext, options: VirtualJobOptions): Promise<VirtualJob> {
  const job = new VirtualJob(1, options)
  t.teardown(() => job.end())
  await job.send(orders({ count: 100, partitions, from: epoch }))
  await job.start(1)
  await job.drained()
  return job
}

/** Of each partition of the input. */
function activities(job: VirtualJob): readonly string[] {
  const tasks = job.job.statuses.flatMap((status) => status.tasks).filter(({ topic }) => topic === job.input)
  return Array.from({ length: partitions }, (_, partition) => tasks.find((task) => task.partition === partition)?.activity ?? 'nobody')
}

test('partitions that are read to their end are idle after the idle timeout of the job, and active again with the next record', async (t) => {
  const job = await drained(t, { processing: { idleTimeoutMs: 5_000 } })
  t.deepEqual(activities(job), ['active', 'active', 'active', 'active'])
  await job.pass(6_000)
  t.deepEqual(activities(job), ['idle', 'idle', 'idle', 'idle'])
  const watermarks = (): readonly unknown[] =>
    job.job.statuses.flatMap((status) => status.tasks.map(({ partition, watermark }) => [partition, watermark]))
  const before = watermarks()
  await job.send(orders({ count: 1, partitions: 1, from: epoch }))
  await job.pass(1_000)
  t.deepEqual(activities(job), ['active', 'idle', 'idle', 'idle'])
  t.deepEqual(watermarks().slice(1), before.slice(1))
  await job.pass(6_000)
  t.deepEqual(activities(job), ['idle', 'idle', 'idle', 'idle'])
})

test('a source may have an idle timeout of its own', async (t) => {
  const steps = (input: string, output: string): readonly object[] => {
    const [source, ...rest] = countSteps(input, output) as [{ from: object }, ...object[]]
    return [{ ...source, from: { ...source.from, idleTimeout: '2s' } }, ...rest]
  }
  const job = await drained(t, { processing: { idleTimeoutMs: 600_000 }, steps })
  await job.pass(3_000)
  t.deepEqual(activities(job), ['idle', 'idle', 'idle', 'idle'])
})

test('an open transaction at the end of a partition keeps it active, until it ends', async (t) => {
  const job = await drained(t, { processing: { idleTimeoutMs: 5_000 } })
  const producer = job.observer.transactionalProducer('another job')
  await job.passing(producer.init())
  const [record] = orders({ count: 1, partitions: 1, from: epoch })
  const value = Buffer.from(record!.value)
  producer.append(job.input, 2, null, 0, 0, value, 0, value.length, epoch, [])
  await job.passing(producer.flush())
  await job.pass(20_000)
  t.deepEqual(activities(job), ['idle', 'idle', 'active', 'idle'])
  await job.passing(producer.abort())
  await job.pass(6_000)
  t.deepEqual(activities(job), ['idle', 'idle', 'idle', 'idle'])
})

test('while no broker answers partitions are stalled, and afterwards they need the whole timeout to become idle', async (t) => {
  const job = await drained(t, { processing: { idleTimeoutMs: 5_000, sessionTimeoutMs: 30_000 } })
  await job.pass(6_000)
  t.deepEqual(activities(job), ['idle', 'idle', 'idle', 'idle'])
  job.cluster.stopNode(1, 'hard')
  await job.pass(11_000)
  t.deepEqual(activities(job), ['stalled', 'stalled', 'stalled', 'stalled'])
  job.cluster.startNode(1)
  await job.clock.run(() => activities(job).every((activity) => activity === 'active'))
  const back = job.clock.now()
  await job.clock.run(() => activities(job).includes('idle'))
  t.true(job.clock.now() - back >= 4_500, `idle after ${job.clock.now() - back} ms`)
  await job.drained()
})

/** A second of a job whose partition 3 has no records, while each other partition has some. */
async function second(job: VirtualJob, round: number): Promise<void> {
  await job.send(orders({ count: 1_500, partitions, from: epoch + round * 1_500, seed: round }).filter(({ partition }) => partition !== 3))
  await job.pass(1_000)
}

async function shuffling(t: ExecutionContext, seed: number): Promise<VirtualJob> {
  const job = new VirtualJob(seed, { steps: shuffledSteps, processing: { idleTimeoutMs: 5_000 } })
  t.teardown(() => job.end())
  await job.start(2)
  return job
}

/** Event times of the late records. */
async function lateOf(job: VirtualJob): Promise<readonly number[]> {
  return (await job.read(names.lateTopic(job.applicationId))).map(({ value }) => (JSON.parse(value!) as { at: number }).at)
}

test('a partition that gets nothing holds the windows behind a keyBy until it is idle; when all are, the largest watermark counts', async (t) => {
  //   partition 3 has no record, the others some for 12 s
  //   3 idle after 5 s: windows close by the least of 0, 1, 2      then all idle: by the largest
  const job = await shuffling(t, 5)
  for (let round = 0; round < 12; round++) {
    await second(job, round)
    if (round === 3) t.deepEqual(await job.read(job.output), [])
  }
  t.deepEqual(activities(job), ['active', 'active', 'active', 'idle'])
  await job.drained()
  const input = await job.read(job.input)
  t.deepEqual(writtenResults(await job.read(job.output)), shuffledResults(input, 3))
  await job.pass(7_000)
  t.deepEqual(activities(job), ['idle', 'idle', 'idle', 'idle'])
  const all = shuffledResults(input, 3, undefined, Math.max)
  t.deepEqual(writtenResults(await job.read(job.output)), all)
  t.true(all.size > 300)
  t.deepEqual(await lateOf(job), [])
})

test('a partition that comes back holds the windows behind a keyBy again, once it is not behind', async (t) => {
  //   3 idle, the others at 12 s     3: one record of -5 s, which is late, and one of 14 s     the others at 18 s: 14 s counts
  const job = await shuffling(t, 6)
  let round = 0
  while (activities(job)[3] !== 'idle') await second(job, round++)
  await second(job, round++)
  const closed = (await job.read(job.output)).length
  t.true(closed > 0)
  const third = orders({ count: 40_000, partitions, from: epoch, seed: 99 }).filter(({ partition }) => partition === 3)
  const late = third.find(({ timestamp }) => timestamp < epoch - 1_000)!
  const next = third.find(({ timestamp }) => timestamp > epoch + round * 1_500 + 2_000)!
  await job.send([late, next])
  for (let more = 0; more < 4; more++) await second(job, round++)
  await job.drained()
  t.deepEqual(activities(job), ['active', 'active', 'active', 'active'])
  const counted = (await job.read(job.input)).filter(({ value }) => value !== late.value)
  const expected = shuffledResults(counted, partitions)
  t.deepEqual(writtenResults(await job.read(job.output)), expected)
  t.true(expected.size > closed && expected.size < shuffledResults(counted, partitions, undefined, Math.max).size)
  t.deepEqual(await lateOf(job), [late.timestamp])
})
