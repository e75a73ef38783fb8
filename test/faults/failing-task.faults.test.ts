/** A function that throws in the middle of a transaction: what was pending is in the log, and nobody who reads committed records sees it. */
import test from 'ava'
import { partitionFor } from '../../runtime/formats/key.ts'
import { kafka, stream, sum, count, t as type, tumbling } from '../../runtime/index.ts'
import type { Plan } from '../../runtime/plan/nodes.ts'
import { compareResults, expectedOf } from '../e2e/oracle.ts'
import { eventually } from '../support/eventually.ts'
import { JobRun, countJob } from '../support/job-run.ts'
import { compareCopies } from './copies.ts'
import { picked } from './matrix.ts'

const partitions = 2
const schema = type.object({ customer: type.string, amount: type.integer, at: type.timestamp })
const failing = 777

for (const stateful of picked([false, true], 6)) {
  const what = stateful ? 'with state' : 'without state'
  test.serial(`a task that fails once, ${what}: pending output stays invisible, and all of it is there once after the restart`, async (t) => {
    let failures = 0
    const plan = (input: string, output: string): Plan => {
      const mapped = stream
        .from(kafka({ topic: input, key: 'customer', schema }))
        .eventTime('at', { outOfOrderness: '500ms' })
        .map((order) => {
          if (order.amount === failing && failures++ === 0) throw new Error('once')
          return order
        })
      const sink = kafka({ topic: output })
      if (!stateful) return mapped.to(sink)
      return mapped
        .keyBy('customer')
        .window(tumbling('1s'))
        .aggregate('revenue', { orders: count(), total: sum('amount') })
        .to(sink)
    }
    const processing = { commitIntervalMs: 6_000, transactionTimeoutMs: 30_000, outputLingerMs: 5 }
    const run = await new JobRun(t, { partitions, plan, processing, errors: { processing: 'Fail' } }).createTopics()
    const job = await run.start(1)
    let sent = 0
    const send = async (records: number, amount = 1): Promise<void> => {
      const from = sent
      sent += records
      await run.send(Array.from({ length: 2 * records }, (_, i) => record(i % 2, from + Math.floor(i / 2), amount)))
    }
    await send(10)
    await eventually(async () => (await endOf(run)) >= (stateful ? 18 : 20), { what: 'Output of all that was sent' })
    // A worker that is ended commits at once; the next one begins an interval of its own.
    await job.stopWorker(0)
    await run.drained()
    job.startWorker(0)
    const committed = await run.read(run.output)

    const before = await endOf(run)
    await send(5)
    await eventually(async () => (await endOf(run)) >= before + 10, { what: 'Pending records in the log' })
    await send(1, failing)
    await send(5)
    await eventually(() => job.statuses[0]?.error?.code === 'record-failed', { what: 'The failed task' })
    t.deepEqual(await run.read(run.output), committed)
    t.deepEqual([...(await run.committed()).values()], [10, 10])

    await job.stopWorker(0)
    job.startWorker(0)
    await run.drained()
    t.true(failures >= 2, 'the record was processed again')
    const [given, made] = [await run.read(run.input), await run.read(run.output)]
    t.is(given.length, 2 * 21)
    if (stateful)
      t.deepEqual(compareResults(expectedOf(countJob, given, await run.committed()), made), {
        missing: [],
        unexpected: [],
        duplicated: [],
        wrong: [],
      })
    else t.deepEqual(compareCopies(given, made), { missing: 0, duplicated: 0, unexpected: 0, moved: 0 })
  })
}

/** Each closes the window of the one before. */
function record(partition: number, n: number, amount: number) {
  const [key, at] = [keys[partition]!, 1_700_000_000_000 + n * 2_000]
  return { key, value: JSON.stringify({ customer: key, amount, at }), timestamp: at, partition }
}

/** One that belongs to each partition. */
const keys = [0, 1].map((partition) => {
  const names = Array.from({ length: 20 }, (_, i) => `customer-${i}`)
  return names.find((name) => partitionFor(Buffer.from(name), 0, name.length, partitions) === partition)!
})

/** How many records the log of the output holds, committed or not, markers too. */
async function endOf({ kafka: { reader }, output }: JobRun): Promise<number> {
  const ends = await Promise.all([0, 1].map((partition) => reader.listOffset(output, partition, 'highWatermark')))
  return ends.reduce((sum, end) => sum + end, 0)
}
