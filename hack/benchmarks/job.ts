/** The job that is measured, and the orders under which a worker takes it up. */
import { WorkerConfig } from '../../runtime/config.ts'
import { LocalJob } from '../../runtime/dev/local-job.ts'
import { parseSteps } from '../../runtime/dsl/steps.ts'
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts'
import type { KafkaClient } from '../../runtime/kafka/client.ts'
import { readJobRecord, writeJobRecord } from '../../runtime/kafka/job-topic.ts'
import type { Logger } from '../../runtime/log.ts'
import { names } from '../../runtime/protocol.ts'

export interface BenchJob {
  readonly config: WorkerConfig
  readonly codeHash: string
  readonly output: string
  /** Where records go that could not be counted. */
  readonly failed: readonly string[]
}

export interface JobOptions {
  readonly applicationId: string
  readonly input: string
  readonly partitions: number
  readonly windowSeconds: number
  readonly brokers: readonly string[]
}

/** Makes the job's topics and the record that lets one worker work on it, as an operator would. */
export async function orderJob(
  options: JobOptions,
  { admin, connect, log }: { readonly admin: KafkaAdmin; readonly connect: (clientId: string) => KafkaClient; readonly log: Logger },
): Promise<BenchJob> {
  const { applicationId, brokers } = options
  const output = `${applicationId}.totals`
  const steps = windowedCount(options, output)
  // What is left out has the value that a StreamJob has by default: exactly once, a commit every second.
  const config = WorkerConfig.parse({
    formatVersion: 1,
    applicationId,
    program: { kind: 'steps', steps },
    kafka: { brokers },
    processing: {},
    errors: {},
  })
  await using _prepared = await LocalJob.start({ name: applicationId, config, plan: parseSteps(steps), admin, connect, log }, 0)
  await using kafka = connect(`${applicationId}-orders`)
  const { signal } = new AbortController()
  const record = await readJobRecord(kafka, applicationId, signal)
  if (record === null) throw new Error(`the job ${applicationId} has no record`)
  await writeJobRecord(kafka, applicationId, { ...record, epoch: record.epoch + 1, parallelism: 1 }, record.epoch, { now: Date.now(), signal })
  return { config, codeHash: record.codeHash, output, failed: [names.lateTopic(applicationId), names.deadLetterTopic(applicationId)] }
}

/** Bids and their sum per auction, in tumbling windows: each once, when its window closes. */
function windowedCount({ input, partitions, windowSeconds }: JobOptions, output: string): readonly object[] {
  const schema = { auction: 'integer', price: 'integer', dateTime: 'timestamp' }
  return [
    { from: { topic: input, key: 'auction', format: 'json', schema }, eventTime: { field: 'dateTime', outOfOrderness: '2s' } },
    { keyBy: 'auction' },
    { window: { tumbling: `${windowSeconds}s` } },
    { aggregate: { name: 'totals', fields: { bids: { count: {} }, total: { sum: 'price' } } } },
    { to: { topic: output, format: 'json', create: { partitions, replicationFactor: 1 } } },
  ]
}
