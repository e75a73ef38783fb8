/** A job with much state: its topics, its orders, its workers. */
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WorkerConfig } from '../../../runtime/config.ts'
import type { KafkaConnection } from '../../../runtime/config.ts'
import { recordTopic, topicsThere } from '../../../runtime/dev/topics.ts'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import { connectKafka, type ConnectedKafka } from '../../../runtime/kafka/connect.ts'
import { connectAdmin } from '../../../runtime/kafka/kafkajs/admin.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { systemTiming } from '../../../runtime/kafka/timing.ts'
import { createLogger } from '../../../runtime/log.ts'
import type { JobRecord } from '../../../runtime/protocol.ts'
import { producerOver } from '../input/preload.ts'
import { BenchProcess } from '../measure/bench-process.ts'
import { orderWorkers } from '../ours/job.ts'
import { WorkerProcess } from '../ours/worker-process.ts'
import { Advances } from './advances.ts'
import { appendAmount, everyKey, partitions, stepsOf } from './input.ts'
import type { StateSize } from './schedule.ts'

export interface StatePlace {
  readonly connection: KafkaConnection
  /** Of the workers; null: any. */
  readonly core: number | null
  /** Of the load; null: any. */
  readonly loadCore: number | null
}

export interface StateJobOptions {
  /** Never used before on these brokers. */
  readonly id: string
  readonly size: StateSize
  readonly place: StatePlace
}

/** As short as brokers and rules allow: a dead worker's tasks move when its session is over. */
export const sessionTimeoutMs = 20_000
const transactionTimeoutMs = 8_000
const bufferedBytes = 4 * 1024 * 1024

export class StateJob implements AsyncDisposable {
  readonly id: string
  readonly size: StateSize
  readonly input: string
  readonly output: string
  readonly kafka: ConnectedKafka
  /** Of this job, deleted with it. */
  readonly directory: string
  readonly #place: StatePlace
  #codeHash = ''
  #processes = 0

  private constructor({ id, size, place }: StateJobOptions, directory: string) {
    this.id = id
    this.size = size
    this.input = `${id}.in`
    this.output = `${id}.out`
    this.directory = directory
    this.#place = place
    this.kafka = connectKafka(place.connection, { clientId: 'bench', log: silent })
  }

  /** Makes its topics, and writes a record for each key. */
  static async create(options: StateJobOptions): Promise<StateJob> {
    const job = new StateJob(options, await mkdtemp(join(tmpdir(), 'streamjob-state-')))
    await using admin = job.#admin()
    for (const topic of [job.input, job.output]) await admin.createTopic(recordTopic(topic, partitions))
    await topicsThere(job.kafka.reader, [job.input, job.output], systemTiming)
    await using producer = producerOver(job.kafka)
    for (const key of everyKey(options.size)) {
      appendAmount(producer, job.input, key)
      if (producer.bufferedBytes > bufferedBytes) await producer.flush()
    }
    await producer.flush()
    return job
  }

  /** Lets so many workers work. To be called while none is there. */
  async order(order: Partial<JobRecord>): Promise<void> {
    await using admin = this.#admin()
    const record = await orderWorkers(this.config(), parseSteps(this.#steps), order, {
      admin,
      connect: (clientId) => connectKafka(this.#place.connection, { clientId, log: silent }),
      log: createLogger('error', {}),
    })
    this.#codeHash = record.codeHash
  }

  /** @param change Of the worker's configuration. */
  async startWorker(ordinal: number, checkout: string, change: object = {}): Promise<WorkerProcess> {
    const directory = join(this.directory, `process-${++this.#processes}`)
    await mkdir(directory)
    const job = { config: this.config(change), codeHash: this.#codeHash }
    return WorkerProcess.start({ checkout, job, ordinal, records: 0, core: this.#place.core, flags: [], directory })
  }

  async startLoad(recordsPerSecond: number): Promise<AsyncDisposable> {
    const { keys, keyBytes } = this.size
    const directory = join(this.directory, `process-${++this.#processes}`)
    await mkdir(directory)
    const words = [this.#place.connection.brokers.join(','), this.input, keys, keyBytes, recordsPerSecond].map(String)
    const args = [new URL('load.ts', import.meta.url).pathname, ...words]
    return BenchProcess.start({ command: process.execPath, args, core: this.#place.loadCore, directory })
  }

  /** Watches what the group commits of some partitions; all by default. */
  advances(of: readonly number[] = Array.from({ length: partitions }, (_, partition) => partition)): Advances {
    return new Advances(this.kafka.reader, this.id, this.input, of)
  }

  config(change: object = {}): WorkerConfig {
    return WorkerConfig.parse({
      formatVersion: 1,
      applicationId: this.id,
      program: { kind: 'steps', steps: [...this.#steps] },
      kafka: this.#place.connection,
      processing: { guarantee: 'ExactlyOnce', commitIntervalMs: 1_000, sessionTimeoutMs, transactionTimeoutMs },
      errors: {},
      ...change,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using admin = this.#admin()
    await admin.deleteTopics([this.input, this.output])
    await this.kafka[Symbol.asyncDispose]()
    await rm(this.directory, { recursive: true, force: true })
  }

  get #steps(): readonly object[] {
    return stepsOf(this.input, this.output)
  }

  #admin(): ReturnType<typeof connectAdmin> {
    return connectAdmin(this.#place.connection, { clientId: 'bench', log: silent })
  }
}
