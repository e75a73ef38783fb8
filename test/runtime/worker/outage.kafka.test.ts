/** The broker itself goes away under load: one of its own, so that no other test is hit. */
import test from 'ava'
import { brokerDown, brokerUp, restartBroker } from '../../../hack/infra/kafka/broker.ts'
import { assertExact } from '../../support/exact.ts'
import { eventually } from '../../support/eventually.ts'
import { JobRun } from '../../support/job-run.ts'
import { orders } from '../../support/orders.ts'

test.before(() => brokerDown('outage'))
test.after.always(() => brokerDown('outage'))

test('a broker that crashes and comes back under load costs nothing but time', async (t) => {
  t.timeout(180_000)
  const { address } = await brokerUp('outage')
  const processing = { commitIntervalMs: 500, outputLingerMs: 5, transactionTimeoutMs: 20_000, sessionTimeoutMs: 40_000 }
  const run = await new JobRun(t, { brokers: [address], processing }).createTopics()
  const job = await run.start(2)
  const start = 1_700_000_000_000
  for (const [round, signal] of (['SIGTERM', 'SIGKILL'] as const).entries()) {
    await run.send(orders({ count: 10_000, partitions: 4, from: start + round * 10_000, seed: round }))
    await eventually(() => job.statuses.some(({ tasks }) => tasks.some(({ position, committedOffset }) => position !== committedOffset)))
    await restartBroker('outage', signal)
  }
  await run.send(orders({ count: 5_000, partitions: 4, from: start + 20_000, seed: 9 }))
  await run.drained(90_000)
  await eventually(() => job.statuses.every(({ error, state }) => error === null && state === 'running'))
  await assertExact(t, run, 25_000)
})
