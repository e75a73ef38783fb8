/** Partitions that wait for each other, on a real broker, over two workers. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { names } from '../../../runtime/protocol.ts'
import { eventually } from '../../support/eventually.ts'
import { JobRun } from '../../support/job-run.ts'
import { alignedSteps, customers, outOfOrdernessMs, seconds } from '../../support/skewed.ts'
import { shuffledResults, writtenResults } from '../../support/shuffle-model.ts'

const start = 1_700_000_000_000
const stored = 200

/** A job of which three partitions have all their records, and partition 3 the first of them. */
async function skewed(t: ExecutionContext, maxDrift: string | null): Promise<JobRun> {
  const run = await new JobRun(t, { steps: alignedSteps(maxDrift) }).createTopics()
  for (let partition = 0; partition < 3; partition++) await run.send(seconds(partition, start, { count: stored }))
  await run.send(seconds(3, start, { count: 10 }))
  return run
}

test('two workers hold back what is ahead of the partition of the other, and let it go when that has caught up', async (t) => {
  t.timeout(120_000)
  const run = await skewed(t, '20s')
  const job = await run.start(2)
  const sources = () => job.statuses.flatMap(({ tasks }) => tasks).filter(({ topic }) => topic === run.input)
  const behind = () => job.statuses.flatMap(({ tasks }) => tasks).filter(({ topic }) => topic !== run.input)
  const rows = (): number => job.statuses.flatMap(({ tasks }) => tasks).reduce((sum, { stateRows }) => sum + stateRows, 0)
  const waiting = (): boolean => {
    const ahead = sources().filter(({ partition }) => partition !== 3)
    if (!job.statuses.every(({ tasks }) => tasks.some(({ topic }) => topic === run.input))) return false
    return ahead.length === 3 && ahead.every(({ heldBack, activity }) => heldBack?.waitsFor === `${run.input}/3` && activity === 'stalled')
  }
  await eventually(waiting, { timeoutMs: 30_000, what: 'All but the slow partition to wait' })
  let peak = rows()
  for (let at = 10; at < stored; at += 10) {
    await run.send(seconds(3, start + at * 1_000, { count: 10 }))
    // What has come to its end is no state any more once the watermark is there too.
    const watermark = start + (at + 9) * 1_000 - outOfOrdernessMs - 1
    const arrived = (): boolean => behind().length > 0 && behind().every((task) => (task.watermark ?? -Infinity) >= watermark)
    await eventually(arrived, { timeoutMs: 30_000, what: `the watermark of second ${at + 9}` })
    peak = Math.max(peak, rows())
  }
  t.log(`${peak} rows at peak, of ${stored * customers} without`)
  t.true(peak <= 45 * customers, `${peak} rows`)
  await run.drained()
  const expected = shuffledResults(await run.read(run.input), run.partitions, outOfOrdernessMs)
  await eventually(async () => (await run.read(run.output)).length >= expected.size, { timeoutMs: 30_000, what: 'all results' })
  t.deepEqual(writtenResults(await run.read(run.output)), expected)
  t.true(sources().every(({ heldBack }) => heldBack === null))
  const words = await run.read(names.alignmentTopic(run.applicationId))
  t.true(words.length > 10, `${words.length} words`)
})

test('without maxDrift the same backlog is kept as state, and workers have nothing to tell', async (t) => {
  t.timeout(120_000)
  const run = await skewed(t, null)
  const job = await run.start(2)
  await run.drained()
  const rows = (): number => job.statuses.flatMap(({ tasks }) => tasks).reduce((sum, { stateRows }) => sum + stateRows, 0)
  await eventually(() => rows() >= 0.9 * stored * customers, { timeoutMs: 30_000, what: 'all of the backlog to be state' })
  t.false((await run.kafka.reader.describeTopics([names.alignmentTopic(run.applicationId)])).has(names.alignmentTopic(run.applicationId)))
})
