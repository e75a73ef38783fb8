/**
 * Whole jobs on a real broker whose workers keep copies: standbys that take over, joiners that warm up, and crashes around both. One at a time: sessions are
 * short, and all workers of a job share this process.
 */
import test from 'ava'
import { names } from '../../../runtime/protocol.ts'
import type { WorkerStatus } from '../../../runtime/protocol.ts'
import { eventually } from '../../support/eventually.ts'
import { assertExact } from '../../support/exact.ts'
import { JobRun } from '../../support/job-run.ts'
import { orders } from '../../support/orders.ts'

const start = 1_700_000_000_000
const processing = { commitIntervalMs: 100, outputLingerMs: 5, transactionTimeoutMs: 4_000, sessionTimeoutMs: 4_000 }

const upToDate = (status: WorkerStatus, copies: number): boolean =>
  status.warm.length === copies && status.warm.every(({ warm, lag }) => warm && lag === '0')

function shares(statuses: readonly WorkerStatus[]): readonly number[] {
  return statuses.map(({ tasks, state }) => (state === 'running' ? tasks.length : 0))
}

/** Four tasks for three workers. */
function isShared(statuses: readonly WorkerStatus[]): boolean {
  return (
    shares(statuses)
      .toSorted((a, b) => a - b)
      .join() === '1,1,2'
  )
}

/** So many orders, in an event time of their own. */
async function send(run: JobRun, round: number, count = 2_000): Promise<void> {
  await run.send(orders({ count, partitions: 4, from: start + round * 2_000, seed: round }))
}

/** Records that ever came to the changelog; compaction aside. */
async function changelogRecords(run: JobRun): Promise<number> {
  const topic = names.changelogTopic(run.applicationId, 1, run.input)
  const ends = await Promise.all([0, 1, 2, 3].map((partition) => run.kafka.reader.listOffset(topic, partition, 'highWatermark')))
  return ends.reduce((sum, end) => sum + end, 0)
}

test.serial('a standby takes over from a worker that is gone, and reads nothing of the changelog that it has already', async (t) => {
  const run = await new JobRun(t, { processing, standbys: 1 }).createTopics()
  const job = await run.start(2)
  for (let round = 0; round < 5; round++) {
    await send(run, round)
    await run.drained()
  }
  await eventually(() => shares(job.statuses).every((count) => count === 2), { what: 'Two tasks for each worker' })
  await eventually(() => job.statuses.every((status) => upToDate(status, 2)), { what: 'Standbys that are up to date' })
  const written = await changelogRecords(run)
  t.true(written > 100, `${written} records in the changelog`)

  const [, standby] = job.workers
  const { restores, warmRestores, restoredRows } = standby!.telemetry
  await job.crash(0)
  await eventually(() => job.statuses[0]?.tasks.length === 4, { timeoutMs: 30_000, what: 'All tasks at the standby' })
  t.like(standby!.telemetry, { restores: restores + 2, warmRestores: warmRestores + 2, restoredRows })

  await send(run, 5)
  await run.drained()
  await assertExact(t, run, 12_000)
})

test.serial('a joiner warms up while the owner keeps working, then the tasks move', async (t) => {
  const run = await new JobRun(t, { processing }).createTopics()
  const job = await run.start(1)
  for (let round = 0; round < 5; round++) await send(run, round)
  await run.drained()
  const [owner] = job.workers
  const kept = job.statuses[0]!.tasks
  const pausedBefore = owner!.telemetry.pausedMs

  await job.scale(2)
  let round = 5
  while (shares(job.statuses).join() !== '2,2' && round < 200) await send(run, round++, 500)
  t.is(shares(job.statuses).join(), '2,2')
  const joiner = job.workers[1]!.telemetry
  t.like(joiner, { restores: 2, warmRestores: 2, snapshotRestores: 0 })
  const since = new Map(kept.map((task) => [task.partition, task.since]))
  for (const task of job.statuses[0]!.tasks) t.deepEqual(task.since, since.get(task.partition))
  const pauses = owner!.telemetry.joins - 1
  const pausedMs = owner!.telemetry.pausedMs - pausedBefore
  t.log(`the owner stood still for ${Math.round(pausedMs)} ms in ${pauses} rebalances; the joiner read ${joiner.restoredRows} rows to take over`)
  t.true(pausedMs < 3_000 * pauses)

  await send(run, round++)
  await run.drained()
  await assertExact(t, run, 12_000)
})

const moments: Readonly<Record<string, (joiner: WorkerStatus) => boolean>> = {
  'while it warms up': ({ warm }) => warm.length > 0,
  'when tasks have moved': ({ tasks }) => tasks.length > 0,
}

for (const [when, reached] of Object.entries(moments)) {
  for (const [who, ordinals] of [
    ['the joiner', [2]],
    ['an owner', [0]],
    ['the joiner and an owner', [0, 2]],
  ] as const) {
    test.serial(`a joiner comes to a job with standbys, and ${who} crashes ${when}: nothing is lost or doubled`, async (t) => {
      const run = await new JobRun(t, { processing, standbys: 1 }).createTopics()
      const job = await run.start(2)
      for (let round = 0; round < 3; round++) await send(run, round)
      await run.drained()
      await job.scale(3)
      const joiner = (): WorkerStatus | undefined => job.statuses.find(({ instanceId }) => instanceId === 'worker-2')
      let round = 3
      for (let status = joiner(); status === undefined || !reached(status); status = joiner()) await send(run, round++, 200)
      for (const ordinal of ordinals) await job.crash(ordinal)
      await send(run, round++)
      for (const ordinal of ordinals) job.startWorker(ordinal)
      await run.drained()
      await eventually(() => isShared(job.statuses), { timeoutMs: 30_000, what: 'Tasks for all three' })
      await send(run, round++)
      await run.drained()
      await assertExact(t, run, 8_000)
    })
  }
}
