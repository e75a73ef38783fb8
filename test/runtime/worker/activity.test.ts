/** What workers make of partitions that are quiet, on a virtual broker in virtual time. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { countSteps } from '../../support/job-run.ts'
import { orders } from '../../support/orders.ts'
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
  const tasks = job.job.statuses.flatMap((status) => status.tasks)
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
  const job = await drained(t, { processing: { idleTimeoutMs: 5_000 } })
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
