/** Whether a job's output is exactly what the committed prefix of its input gives, by Kafka's own consumer and the plain models. */
import type { ExecutionContext } from 'ava'
import type { Broker } from '../../hack/infra/kafka/broker.ts'
import { runningBroker } from '../../hack/infra/kafka/broker.ts'
import { cluster } from '../../hack/infra/kafka/cluster.ts'
import { consoleConsume } from '../../hack/infra/kafka/tools.ts'
import type { ConsoleRecord } from '../../hack/infra/kafka/tools.ts'
import { names } from '../../runtime/protocol.ts'
import { compareResults, expectedOf } from '../e2e/oracle.ts'
import { eventually } from '../support/eventually.ts'
import { countJob } from '../support/job-run.ts'
import { stockKafka, withStockAdmin } from '../support/stock-kafka.ts'
import type { FaultJob } from './fault-job.ts'
import { compareCopies } from './copies.ts'

/** The key of the record that the tests put behind the last one: who reads it has read all. An open transaction before it would hide it. */
const endKey = 'end-of-test'

/** Ends the job, judges it and returns what stands in its output. @param atLeast The load goes on until so many records went in. */
export async function assertExactly(t: ExecutionContext, job: FaultJob, atLeast: number): Promise<readonly ConsoleRecord[]> {
  await eventually(() => job.load.acknowledged.length >= atLeast, { what: `${atLeast} records in the input` })
  await job.finish()
  const { input, output } = job.run
  const committed = await committedOffsets(job)
  t.deepEqual(await job.openTransactions(), new Set())
  await markEnd(job)
  const [given, made] = await Promise.all([readToEnd(job, input), readToEnd(job, output)])
  const present = new Set(given.map(({ value }) => (JSON.parse(value ?? '{}') as { amount?: number }).amount))
  t.deepEqual(
    job.load.acknowledged.filter((n) => !present.has(n)),
    [],
    'acknowledged input that is missing',
  )
  t.deepEqual(
    [...committed].map(([partition, offset]) => [partition, offset]),
    [...ends(given, job.options.partitions)],
    'all of the input is committed',
  )
  if (job.options.program === 'copy') {
    t.deepEqual(compareCopies(given, made), { missing: 0, duplicated: 0, unexpected: 0, moved: 0 })
    return made
  }
  t.deepEqual(compareResults(expectedOf(countJob, given, committed), made), { missing: [], unexpected: [], duplicated: [], wrong: [] })
  t.deepEqual(windowsBackwards(made), [], 'windows that close behind a later one')
  return made
}

/** Records of a topic, committed ones, up to the mark in each partition. */
export async function readToEnd(job: FaultJob, topic: string): Promise<readonly ConsoleRecord[]> {
  const records: ConsoleRecord[] = []
  let marks = 0
  for await (const record of consoleConsume(await brokerOf(job), topic, 60_000)) {
    if (record.key !== endKey) records.push(record)
    else if (++marks === job.options.partitions) return records
  }
  throw new Error(`${marks} of ${job.options.partitions} partitions of ${topic} could be read to their end: a transaction is open in the others`)
}

/**
 * Begins to read the job's output, and goes on while faults happen. The result asserts that this reader saw, in each partition, what one sees who comes
 * afterwards: nothing skipped, nothing that was aborted later, nothing twice, the same offsets. To be called with what the verdict returned.
 */
export function readMeanwhile(t: ExecutionContext, job: FaultJob): (afterwards: readonly ConsoleRecord[]) => Promise<void> {
  const reading = readToEnd(job, job.run.output)
  reading.catch(() => {}) // awaited below
  return async (now) => {
    const then = await reading
    for (let partition = 0; partition < job.options.partitions; partition++) {
      const seen = (records: typeof then) =>
        records.filter((record) => record.partition === partition).map(({ offset, value }) => `${offset} ${value}`)
      t.deepEqual(seen(then), seen(now), `partition ${partition}`)
    }
  }
}

/** Puts the mark behind all that stands in input and output. */
async function markEnd(job: FaultJob): Promise<void> {
  const producer = stockKafka(job.options.brokers).producer()
  await producer.connect()
  const messages = Array.from({ length: job.options.partitions }, (_, partition) => ({ partition, key: endKey, value: null }))
  for (const topic of [job.run.input, job.run.output]) await producer.send({ topic, messages, acks: -1 })
  await producer.disconnect()
}

async function committedOffsets(job: FaultJob): Promise<ReadonlyMap<number, number>> {
  const groupId = names.group(job.run.applicationId)
  const [found] = await withStockAdmin(job.options.brokers, (admin) => admin.fetchOffsets({ groupId, topics: [job.run.input] }))
  return new Map(found!.partitions.map(({ partition, offset }) => [partition, Number(offset)] as const).toSorted(([a], [b]) => a - b))
}

async function brokerOf(job: FaultJob): Promise<Broker> {
  return job.options.brokers.length > 1 ? cluster : (await runningBroker('test'))!
}

function ends(records: readonly ConsoleRecord[], partitions: number): ReadonlyMap<number, number> {
  const found = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 0]))
  for (const { partition, offset } of records) found.set(partition, Math.max(found.get(partition) ?? 0, offset + 1))
  return found
}

function windowsBackwards(records: readonly ConsoleRecord[]): readonly string[] {
  const latest = new Map<number, number>()
  return records.flatMap(({ partition, offset, value }) => {
    const { windowStart } = JSON.parse(value ?? '{}') as { windowStart: number }
    const backwards = windowStart < (latest.get(partition) ?? 0)
    latest.set(partition, windowStart)
    return backwards ? [`${partition}:${offset}`] : []
  })
}
