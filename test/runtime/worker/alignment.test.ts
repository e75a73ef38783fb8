/** Partitions that are ahead of others in event time wait for them (`maxDrift`), over virtual brokers. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { names } from '../../../runtime/protocol.ts'
import type { WorkerStatus } from '../../../runtime/protocol.ts'
import { alignedSteps, customers, outOfOrdernessMs, seconds } from '../../support/skewed.ts'
import { shuffledResults, writtenResults } from '../../support/shuffle-model.ts'
import { epoch, partitions, VirtualJob } from '../testing/broker/virtual-job.ts'

/** Event time that the three quick partitions have in store, seconds. */
const stored = 300
const never = 3_600_000

interface Skewed {
  readonly maxDrift: string | null
  readonly parallelism: number
  readonly idleTimeoutMs?: number
}

/** A job of which partitions 0, 1 and 2 have a backlog, and partition 3 has nothing. */
async function skewed(t: ExecutionContext, { maxDrift, parallelism, idleTimeoutMs = never }: Skewed): Promise<VirtualJob> {
  const job = new VirtualJob(1, { steps: alignedSteps(maxDrift), processing: { idleTimeoutMs } })
  t.teardown(() => job.end())
  for (let partition = 0; partition < 3; partition++) await job.send(seconds(partition, epoch, { count: stored }))
  await job.start(parallelism)
  return job
}

type TaskStatus = WorkerStatus['tasks'][number]

/** Of each partition of the input. */
function sources(job: VirtualJob): readonly (TaskStatus | null)[] {
  const tasks = job.job.statuses.flatMap((status) => status.tasks).filter(({ topic }) => topic === job.input)
  return Array.from({ length: partitions }, (_, partition) => tasks.find((task) => task.partition === partition) ?? null)
}

/** How far each partition is, in seconds of event time; null: it has no watermark. */
function progress(job: VirtualJob): readonly (number | null)[] {
  return sources(job).map((task) => (task?.watermark == null ? null : Math.round((task.watermark + outOfOrdernessMs + 1 - epoch) / 1_000)))
}

function rows(job: VirtualJob): number {
  return job.job.statuses.flatMap(({ tasks }) => tasks).reduce((sum, { stateRows }) => sum + stateRows, 0)
}

async function assertExact(t: ExecutionContext, job: VirtualJob): Promise<void> {
  await job.drained()
  t.deepEqual(writtenResults(await job.read(job.output)), shuffledResults(await job.read(job.input), partitions, outOfOrdernessMs))
  t.deepEqual(await job.read(names.lateTopic(job.applicationId)), [])
}

/** Brings partition 3 from behind, ten seconds of event time in each second. Returns the most rows of state that there were. */
async function peakWhileItCatchesUp(job: VirtualJob): Promise<number> {
  let peak = 0
  for (let at = 0; at < stored; at += 10) {
    await job.send(seconds(3, epoch + at * 1_000, { count: 10 }))
    for (let i = 0; i < 10; i++) {
      await job.pass(100)
      peak = Math.max(peak, rows(job))
    }
  }
  return peak
}

for (const parallelism of [1, 2, 3]) {
  test(`the state of windows does not grow with the skew of a backlog, with ${parallelism} worker(s)`, async (t) => {
    const free = await skewed(t, { maxDrift: null, parallelism })
    const without = await peakWhileItCatchesUp(free)
    const held = await skewed(t, { maxDrift: '20s', parallelism })
    const bounded = await peakWhileItCatchesUp(held)
    t.log(`rows at peak: ${without} without, ${bounded} with maxDrift`)
    t.true(without >= stored * customers * 0.9, `${without}`)
    t.true(bounded <= 45 * customers, `${bounded}`)
    await assertExact(t, free)
    await assertExact(t, held)
    // The only worker has nobody to tell anything.
    t.is(held.cluster.partition(names.alignmentTopic(held.applicationId), 0).highWatermark > 0, parallelism > 1)
  })
}

test('a partition that gets nothing holds the others at their beginning, until it is idle', async (t) => {
  const job = await skewed(t, { maxDrift: '20s', parallelism: 2, idleTimeoutMs: 8_000 })
  await job.clock.run(() => progress(job).filter((at) => at !== null).length === 3)
  const began = job.clock.now()
  await job.pass(4_000)
  for (const at of progress(job).slice(0, 3)) t.true(at !== null && at <= 20, `${at}`)
  t.true(sources(job).every((task) => task?.partition === 3 || task?.heldBack?.waitsFor === 'orders/3'))
  await job.clock.run(() =>
    progress(job)
      .slice(0, 3)
      .every((at) => at === stored - 1),
  )
  t.true(job.clock.now() - began < 8_000 + stored * 100, `${job.clock.now() - began} ms`)
  t.is(sources(job)[3]?.activity, 'idle')
  t.is(progress(job)[3], null)
  await job.drained()
})

test('a partition that is held back is stalled and never idle, and says since when it waits for whom', async (t) => {
  const job = await skewed(t, { maxDrift: '20s', parallelism: 2 })
  await job.send(seconds(3, epoch, { count: 5 }))
  const held = (task: TaskStatus | null): boolean => task?.partition === 3 || task?.heldBack?.waitsFor === 'orders/3'
  await job.clock.run(() => sources(job).every((task) => task !== null && held(task)))
  await job.pass(30_000)
  for (const task of sources(job)) {
    t.is(task?.activity, task?.partition === 3 ? 'active' : 'stalled')
    const since = task?.heldBack?.since ?? null
    t.true(since === null ? task?.partition === 3 : since > epoch && since < epoch + job.clock.now() - 30_000, `${since}`)
  }
  // 20 seconds, and what was worked on before a look at the clock.
  for (const at of progress(job).slice(0, 3)) t.true(at !== null && at >= 24 && at <= 24 + 7, `${at}`)
  await job.send(seconds(3, epoch + 5_000, { count: stored - 5 }))
  await assertExact(t, job)
  t.true(sources(job).every((task) => task?.heldBack === null && task.activity === 'active'))
})

test('the partitions of a worker that has died hold the others until somebody has taken them over, and then go on with them', async (t) => {
  const job = await skewed(t, { maxDrift: '20s', parallelism: 2 })
  await job.send(seconds(3, epoch, { count: 50 }))
  await job.clock.run(() => sources(job)[3]?.position === String(50 * customers))
  const slow = job.job.statuses.findIndex(({ tasks }) => tasks.some(({ topic, partition }) => topic === job.input && partition === 3))
  await job.passing(job.job.crash(slow))
  await job.send(seconds(3, epoch + 50_000, { count: stored - 50 }))
  await job.pass(5_000)
  for (const task of sources(job)) if (task !== null) t.true(task.watermark! <= epoch + 49_000 + 20_000 + 7_000, `${task.watermark}`)
  // The session of the dead one ends, and the other goes on alone.
  await assertExact(t, job)
  job.job.startWorker(slow)
  await job.clock.run(() => job.job.statuses.filter(({ tasks }) => tasks.length > 0).length === 2)
})

test('a job goes on aligned when its parallelism changes, and when it was suspended', async (t) => {
  const job = await skewed(t, { maxDrift: '20s', parallelism: 3 })
  let at = 0
  let peak = 0
  for (const change of [() => job.job.scale(1), () => job.job.scale(2), () => job.job.suspend(), () => job.job.scale(3)]) {
    await job.send(seconds(3, epoch + at * 1_000, { count: 50 }))
    at += 50
    await job.pass(3_000)
    peak = Math.max(peak, rows(job))
    await job.passing(change())
    await job.pass(3_000)
    peak = Math.max(peak, rows(job))
  }
  t.true(peak <= 45 * customers, `${peak}`)
  await job.send(seconds(3, epoch + at * 1_000, { count: stored - at }))
  await assertExact(t, job)
})

test('what nobody can tell holds nobody up for ever', async (t) => {
  const job = await skewed(t, { maxDrift: '20s', parallelism: 2 })
  job.cluster.deleteTopic(names.alignmentTopic(job.applicationId))
  await job.send(seconds(3, epoch, { count: stored }))
  await job.clock.run(() => sources(job).every((task) => task?.partition === 3 || task?.heldBack != null))
  await job.pass(15_000)
  t.true(progress(job).some((at) => at !== null && at < 30))
  await assertExact(t, job)
})
