/** End-to-end latency: from when a bid was due until a reader of committed records has what came of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { recordTopic } from '../../../runtime/dev/topics.ts'
import { connectAdmin } from '../../../runtime/kafka/kafkajs/admin.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { cases } from '../cases.ts'
import type { Contender } from '../contenders.ts'
import { BenchProcess } from './bench-process.ts'
import { Histogram } from './histogram.ts'
import { prepare, start, type RunPlace } from './run-once.ts'

export interface LatencyOptions {
  readonly id: string
  readonly contender: Contender
  readonly recordsPerSecond: number
  /** Before it counts: compilers and caches get warm. */
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly partitions: number
  /** Of the load; null: any. */
  readonly loadCore: number | null
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  /** Results that were counted. */
  readonly results: number
}

const patienceMs = 60_000
/** Until the last results are there. */
const outstandingMs = 4_000

/** Pass-through under a load that does not wait for it. Throws when the system fails, or gives fewer results than it must. */
export async function measureLatency(options: LatencyOptions, place: RunPlace): Promise<Latency> {
  const { id, contender, partitions, recordsPerSecond, warmUpSeconds, seconds, loadCore } = options
  const { work } = cases['pass-through']
  const setUp = await prepare(id, partitions, place)
  const input = { topic: `${id}.in`, partitions }
  await using admin = connectAdmin(place.connection, { clientId: 'bench', log: silent })
  await admin.createTopic(recordTopic(input.topic, partitions))
  try {
    const { running } = await start({ ...options, ...setUp, work, input, records: 0, profile: null }, place)
    await using _running = running
    await until(async () => (await running.progress()) !== null, `${contender.system} to be up`)
    const histogram = new Histogram()
    await using _reader = await readOutput(place.connection.brokers, id, setUp.output, histogram)
    const args = [
      new URL('load.ts', import.meta.url).pathname,
      place.connection.brokers.join(','),
      input.topic,
      String(partitions),
      String(recordsPerSecond),
    ]
    await using _load = BenchProcess.start({ command: process.execPath, args, core: loadCore, directory: setUp.directory })
    await until(() => Promise.resolve(histogram.seen > 0), `a result of ${contender.system}`)
    const from = (Math.ceil(Date.now() / 1_000) + warmUpSeconds) * 1_000
    const to = from + seconds * 1_000
    await sleep(to + outstandingMs - Date.now())
    const latency = histogram.between(from, to)
    const expected = seconds * recordsPerSecond
    if (latency.results < 0.99 * expected) throw new Error(`${contender.system} gave ${latency.results} results of ${expected}: it can't keep pace`)
    return latency
  } finally {
    await admin.deleteTopics([input.topic])
    await setUp.remove()
  }
}

/** Counts results as a stock consumer gets them. */
async function readOutput(brokers: readonly string[], groupId: string, topic: string, histogram: Histogram): Promise<AsyncDisposable> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'latency', logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `${groupId}.latency`, maxWaitTimeInMs: 100, readUncommitted: false })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const now = Date.now()
      for (const { value } of batch.messages) histogram.add(dueOf(value), now)
    },
  })
  return { [Symbol.asyncDispose]: () => consumer.disconnect() }
}

/** The time of a bid, without parsing all of it. */
function dueOf(value: Buffer | null): number {
  const [, time] = /"dateTime":(\d+)/.exec(value?.toString('latin1') ?? '') ?? []
  if (time === undefined) throw new Error(`a result without a time: ${value?.toString() ?? 'null'}`)
  return Number(time)
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs / 1_000} s for ${what}`)
    await sleep(50)
  }
}
