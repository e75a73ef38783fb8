/** Whole jobs on a real broker behind connections that lose answers, break and freeze. */
import test from 'ava'
import { apiKey, FaultyBroker } from '../../support/faulty-broker.ts'
import { eventually } from '../../support/eventually.ts'
import { assertExact } from '../../support/exact.ts'
import { JobRun } from '../../support/job-run.ts'
import { brokers } from '../../support/kafka.ts'
import { orders, randomOf } from '../../support/orders.ts'

const start = 1_700_000_000_000

for (const [what, request] of Object.entries(apiKey)) {
  test(`a lost answer to ${what} loses and doubles nothing`, async (t) => {
    const proxy = await FaultyBroker.before(t, brokers()[0]!)
    const run = await new JobRun(t, { brokersOf: () => [proxy.address] }).createTopics()
    const job = await run.start(2)
    let due = 0
    proxy.lose = (seen) => seen === request && due-- > 0
    for (let round = 0; round < 6; round++) {
      due = 1
      await run.send(orders({ count: 1_000, partitions: 4, from: start + round * 1_000, seed: round }))
      await eventually(() => proxy.lost > round, { what: 'A lost answer' })
      await run.drained()
    }
    if (request === apiKey.EndTxn) t.true(job.workers.reduce((sum, worker) => sum + worker.telemetry.rewinds, 0) >= 6)
    await assertExact(t, run, 6_000)
  })
}

test('connections that break at any moment cost nothing but time', async (t) => {
  const random = randomOf(11)
  const proxy = await FaultyBroker.before(t, brokers()[0]!)
  const run = await new JobRun(t, { brokersOf: () => [proxy.address], processing: { commitIntervalMs: 100, outputLingerMs: 5 } }).createTopics()
  const job = await run.start(2)
  const passed = (): number => job.statuses.reduce((sum, status) => sum + status.tasks.reduce((n, task) => n + Number(task.position), 0), 0)
  for (let round = 0; round < 15; round++) {
    await run.send(orders({ count: 1_000, partitions: 4, from: start + round * 1_000, seed: round }))
    const at = Math.min(round * 1_000, passed()) + random() * 1_000
    await eventually(() => passed() >= at, { timeoutMs: 30_000, what: `${at} records` })
    proxy.cut()
  }
  await run.drained()
  await assertExact(t, run, 15_000)
})

test('a worker that was frozen beyond its session commits nothing of what it held, and joins again', async (t) => {
  const proxy = await FaultyBroker.before(t, brokers()[0]!)
  const processing = { commitIntervalMs: 1_000, outputLingerMs: 5, transactionTimeoutMs: 4_000, sessionTimeoutMs: 4_000 }
  const brokersOf = (client: string): readonly string[] => (client === 'worker-0' ? [proxy.address] : brokers())
  const run = await new JobRun(t, { brokersOf, processing }).createTopics()
  const job = await run.start(2)
  await run.send(orders({ count: 4_000, partitions: 4 }))
  await run.drained()
  const shared = (): boolean => job.statuses.every(({ tasks, state }) => state === 'running' && tasks.length === 2)
  await eventually(shared, { what: 'Two tasks for each worker' })
  const generation = job.statuses[0]?.generation ?? Infinity

  await run.send(orders({ count: 4_000, partitions: 4, from: start + 4_000, seed: 2 }))
  await eventually(() =>
    job.statuses.some(
      ({ instanceId, tasks }) => instanceId === 'worker-0' && tasks.some(({ position, committedOffset }) => position !== committedOffset),
    ),
  )
  proxy.freeze()
  await run.send(orders({ count: 4_000, partitions: 4, from: start + 8_000, seed: 3 }))
  await run.drained()
  const other = job.statuses.find(({ instanceId }) => instanceId === 'worker-1')
  t.is(other?.tasks.length, 4)

  proxy.thaw()
  await run.send(orders({ count: 4_000, partitions: 4, from: start + 12_000, seed: 4 }))
  const anew = (): boolean => shared() && job.statuses.every((status) => (status.generation ?? 0) > generation)
  await eventually(anew, { timeoutMs: 30_000, what: 'Two tasks for each worker of a new generation' })
  await run.drained()
  await assertExact(t, run, 16_000)
})

test('a worker that is asked to stop while no broker answers ends within a few seconds', async (t) => {
  const proxy = await FaultyBroker.before(t, brokers()[0]!)
  const run = await new JobRun(t, { brokersOf: () => [proxy.address], processing: { commitIntervalMs: 3_000, outputLingerMs: 5 } }).createTopics()
  const job = await run.start(1)
  await run.send(orders({ count: 2_000, partitions: 4 }))
  await eventually(() => job.statuses[0]?.tasks.some(({ position }) => Number(position) > 100))
  proxy.freeze()
  const before = performance.now()
  await job.stopWorker(0)
  t.true(performance.now() - before < 6_000, `it took ${Math.round(performance.now() - before)} ms`)
  proxy.cut()
  proxy.thaw()
  job.startWorker(0)
  await run.drained()
  await assertExact(t, run, 2_000)
})
