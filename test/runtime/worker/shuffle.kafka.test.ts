/** Records that go to other partitions, on a real broker. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { names } from '../../../runtime/protocol.ts'
import { eventually } from '../../support/eventually.ts'
import { JobRun } from '../../support/job-run.ts'
import { orders, randomOf } from '../../support/orders.ts'
import { shuffledResults, shuffledSteps, writtenResults } from '../../support/shuffle-model.ts'

const start = 1_700_000_000_000

/** Waits until the results are those of the model, and sees that they stay it. */
async function assertExact(t: ExecutionContext, run: JobRun): Promise<void> {
  await run.drained(60_000)
  const expected = shuffledResults(await run.read(run.input), run.partitions)
  await eventually(async () => (await run.read(run.output)).length >= expected.size, { timeoutMs: 60_000, what: 'all results' })
  t.deepEqual(writtenResults(await run.read(run.output)), expected)
  t.true(expected.size > 100)
  t.deepEqual(await run.read(names.lateTopic(run.applicationId)), [])
}

test('a job of two stages is exact while workers are cut off and tasks move', async (t) => {
  t.timeout(120_000)
  const run = await new JobRun(t, { steps: shuffledSteps }).createTopics()
  const random = randomOf(3)
  const job = await run.start(2)
  for (let round = 0; round < 6; round++) {
    await run.send(orders({ count: 2_500, partitions: 4, from: start + round * 2_500, seed: round }))
    const done = job.statuses.reduce((sum, { commits }) => sum + commits, 0)
    await eventually(() => job.statuses.reduce((sum, { commits }) => sum + commits, 0) > done, { timeoutMs: 30_000 })
    if (round === 2) await job.scale(3)
    else if (round === 4) await job.scale(2)
    else {
      const ordinal = Math.floor(random() * 2)
      await job.crash(ordinal)
      job.startWorker(ordinal)
    }
  }
  await assertExact(t, run)
  const [, second] = job.stages
  t.deepEqual(second?.writers, [{ stage: run.input, partitions: 4 }])
})
