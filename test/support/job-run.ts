/** A whole job on a real broker, for tests of the worker: topics, input, workers, and the committed records of any topic. */
import type { ExecutionContext } from 'ava'
import { WorkerConfig } from '../../runtime/config.ts'
import { LocalJob } from '../../runtime/dev/local-job.ts'
import { connectAdmin } from '../../runtime/kafka/kafkajs/admin.ts'
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts'
import type { KafkaClient } from '../../runtime/kafka/client.ts'
import { connectKafka } from '../../runtime/kafka/connect.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Plan } from '../../runtime/plan/nodes.ts'
import { openProgram } from '../../runtime/program/open.ts'
import { names } from '../../runtime/protocol.ts'
import type { Disk } from '../../runtime/worker/snapshots/disk.ts'
import type { PrintedRecord } from '../e2e/oracle.ts'
import { readPrinted } from './printed-records.ts'
import { eventually } from './eventually.ts'
import { brokers, uniqueName } from './kafka.ts'

export interface JobRunOptions {
  readonly partitions?: number
  readonly processing?: object
  readonly errors?: object
  /** Where local snapshots are kept. */
  readonly state?: object
  readonly disk?: Disk
  /** Copies of each task on other workers. */
  readonly standbys?: number
  readonly steps?: (input: string, output: string) => readonly object[]
  /** In the place of steps, for what takes functions. */
  readonly plan?: (input: string, output: string) => Plan
  /** Where everybody finds the brokers. */
  readonly brokers?: readonly string[]
  /** Where a worker does, when it is another place. */
  readonly brokersOf?: (clientId: string) => readonly string[]
}

export class JobRun {
  readonly applicationId: string
  readonly input: string
  readonly output: string
  readonly kafka: KafkaClient
  readonly admin: KafkaAdmin
  readonly partitions: number
  readonly logged: { readonly message: string; readonly fields: Record<string, unknown> | undefined }[] = []
  readonly #options: JobRunOptions
  #job: LocalJob | null = null

  constructor(t: ExecutionContext, options: JobRunOptions = {}) {
    const name = uniqueName(t)
    this.applicationId = name
    this.input = `${name}.in`
    this.output = `${name}.out`
    this.partitions = options.partitions ?? 4
    this.#options = options
    const connection = this.#connection()
    this.kafka = connectKafka(connection, { clientId: 'test' })
    this.admin = connectAdmin(connection, { clientId: 'test' })
    t.teardown(async () => {
      await this.#job?.[Symbol.asyncDispose]()
      await this.kafka[Symbol.asyncDispose]()
      await this.admin[Symbol.asyncDispose]()
    })
  }

  get job(): LocalJob {
    if (this.#job === null) throw new Error('The job was not started.')
    return this.#job
  }

  /** As it stands in the file of a worker. */
  get config(): WorkerConfig {
    const { processing, errors = {}, state, steps = countSteps } = this.#options
    return WorkerConfig.parse({
      formatVersion: 1,
      applicationId: this.applicationId,
      kafka: this.#connection(),
      program: { kind: 'steps', steps: steps(this.input, this.output) },
      // No partition is idle: results shall follow from the records alone.
      processing: { commitIntervalMs: 200, transactionTimeoutMs: 5_000, sessionTimeoutMs: 10_000, idleTimeoutMs: 3_600_000, ...processing },
      errors,
      state,
    })
  }

  async createTopics(): Promise<this> {
    for (const topic of [this.input, this.output]) {
      await this.admin.createTopic({ topic, partitions: this.partitions, replicationFactor: -1, config: { 'retention.ms': '-1' } })
    }
    await eventually(async () => (await this.kafka.reader.describeTopics([this.input, this.output])).size === 2)
    return this
  }

  async start(parallelism: number): Promise<LocalJob> {
    const { config } = this
    const { transactionTimeoutMs } = config.processing
    const note = (message: string, fields?: Record<string, unknown>): void => void this.logged.push({ message, fields })
    const log: Logger = { debug() {}, info: note, warn: note, error: note }
    const connect = (clientId: string): KafkaClient => connectKafka(this.#connection(clientId), { clientId, log, transactionTimeoutMs })
    const plan = this.#options.plan?.(this.input, this.output) ?? (await openProgram(config.program))
    const { disk, standbys = 0 } = this.#options
    const options = { name: 'worker', config, plan, admin: this.admin, connect, log, standbys, ...(disk === undefined ? {} : { disk }) }
    this.#job = await LocalJob.start(options, parallelism)
    return this.#job
  }

  /** Sends records round the partitions by key; a record without partition goes where its key belongs by `partition`. */
  async send(records: readonly { key: string | null; value: string | null; timestamp?: number; partition: number }[]): Promise<void> {
    await using producer = this.kafka.outputProducer()
    for (const { key, value, timestamp, partition } of records) {
      const k = key === null ? null : Buffer.from(key)
      const v = value === null ? null : Buffer.from(value)
      producer.append(this.input, partition, k, 0, k?.length ?? 0, v, 0, v?.length ?? 0, timestamp ?? 0, [])
    }
    await producer.flush()
  }

  /** Waits until every worker has committed all that stands in the input. */
  async drained(timeoutMs = 30_000): Promise<void> {
    const ends = await Promise.all(this.#each((partition) => this.kafka.reader.listOffset(this.input, partition, 'highWatermark')))
    const drained = async (): Promise<boolean> => {
      const offsets = await this.committed()
      return ends.every((end, partition) => end === 0 || offsets.get(partition) === end)
    }
    await eventually(drained, { timeoutMs, what: 'The end of the input' })
  }

  /** The group's offsets by partition, as the broker has them. */
  async committed(): Promise<ReadonlyMap<number, number>> {
    const offsets = await this.kafka.reader.committedOffsets(
      names.group(this.applicationId),
      this.#each((partition) => ({ topic: this.input, partition })),
    )
    return new Map(this.#each((partition) => [partition, offsets.get(`${this.input}-${partition}`)?.offset ?? -1] as const))
  }

  /** Committed records of a topic. */
  read(topic: string): Promise<PrintedRecord[]> {
    return readPrinted(this.kafka.reader, topic)
  }

  #connection(clientId?: string): { brokers: string[] } {
    const { brokersOf, brokers: own = brokers() } = this.#options
    return { brokers: [...((clientId === undefined ? undefined : brokersOf?.(clientId)) ?? own)] }
  }

  #each<A>(of: (partition: number) => A): A[] {
    return Array.from({ length: this.partitions }, (_, partition) => of(partition))
  }
}

/** Count and sum per customer in windows of a second. */
export function countSteps(input: string, output: string): readonly object[] {
  const schema = { customer: 'string', amount: 'integer', at: 'timestamp' }
  return [
    { from: { topic: input, key: 'customer', format: 'json', schema }, eventTime: { field: 'at', outOfOrderness: '500ms' } },
    { keyBy: 'customer' },
    { window: { tumbling: '1s', lateness: '0ms' } },
    { aggregate: { name: 'revenue', fields: { orders: { count: {} }, total: { sum: 'amount' } } } },
    { to: { topic: output, format: 'json' } },
  ]
}

/** The same for the oracle. */
export const countJob = { sizeMs: 1_000, outOfOrdernessMs: 500, latenessMs: 0 }
