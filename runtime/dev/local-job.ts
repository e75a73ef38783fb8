/**
 * A job in one process: topics and job record as the operator would make them, and any number of real workers. For `streamjob dev`, and for tests that need
 * a whole job on a real broker.
 */
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { WorkerConfig } from '../config.ts'
import { createWorkerMetrics } from '../control/metrics.ts'
import { StreamJobError } from '../errors.ts'
import type { KafkaAdmin } from '../kafka/admin.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { internalTopics } from '../kafka/internal-topics.ts'
import { readJobRecord, writeJobRecord } from '../kafka/job-topic.ts'
import type { Logger } from '../log.ts'
import { fingerprint } from '../plan/fingerprint.ts'
import type { Plan } from '../plan/nodes.ts'
import { stagesOf } from '../plan/stages.ts'
import type { JobRecord, WorkerStatus } from '../protocol.ts'
import { names } from '../protocol.ts'
import { Worker } from '../worker/worker.ts'

export interface LocalJobOptions {
  /** Names the workers' instances: NAME-0, NAME-1, ... */
  readonly name: string
  readonly config: WorkerConfig
  readonly plan: Plan
  readonly admin: KafkaAdmin
  /** A client per worker, and one for the job itself; each is closed with its user. */
  readonly connect: (clientId: string) => KafkaClient
  readonly log: Logger
}

interface Running {
  readonly worker: Worker
  readonly kafka: KafkaClient
  readonly stop: AbortController
  readonly ended: Promise<void>
}

export class LocalJob implements AsyncDisposable {
  readonly #options: LocalJobOptions
  readonly #kafka: KafkaClient
  readonly #workers = new Map<number, Running>()
  readonly #failure = Promise.withResolvers<never>()
  #record: JobRecord | null = null

  private constructor(options: LocalJobOptions) {
    this.#options = options
    this.#kafka = options.connect(`${options.name}-local`)
    this.#failure.promise.catch(() => {})
  }

  /** Makes what is missing in Kafka, and starts the workers. A job that ran before goes on where it was. */
  static async start(options: LocalJobOptions, parallelism: number): Promise<LocalJob> {
    const job = new LocalJob(options)
    await job.#prepare()
    await job.scale(parallelism)
    return job
  }

  /** Writes the next job record, starts the workers that are missing, stops those beyond. */
  async scale(parallelism: number): Promise<void> {
    await this.#order({ parallelism, mode: 'run' })
    for (let ordinal = 0; ordinal < parallelism; ordinal++) if (!this.#workers.has(ordinal)) this.startWorker(ordinal)
    for (const ordinal of [...this.#workers.keys()]) if (ordinal >= parallelism) await this.stopWorker(ordinal)
  }

  async suspend(): Promise<void> {
    await this.#order({ parallelism: this.#record?.parallelism ?? 0, mode: 'stop' })
  }

  startWorker(ordinal: number): void {
    const { name, config, plan, connect, log } = this.#options
    const kafka = connect(`${name}-${ordinal}`)
    const metrics = createWorkerMetrics()
    const worker = new Worker({
      config,
      stages: stagesOf(plan),
      codeHash: codeHash(plan),
      instanceId: `${name}-${ordinal}`,
      ordinal,
      kafka,
      log,
      telemetry: metrics.telemetry,
      clock: Date.now,
      now: () => performance.now(),
      pause: async (milliseconds, signal) => void (await pause(milliseconds, undefined, { signal }).catch(() => undefined)),
    })
    metrics.attach(worker)
    const stop = new AbortController()
    const ended = worker.run(stop.signal).catch((error: unknown) => {
      if (this.#workers.get(ordinal)?.worker === worker) this.#failure.reject(error)
    })
    this.#workers.set(ordinal, { worker, kafka, stop, ended })
  }

  /** Lets the worker commit, then ends it. It stays a member of the group until its session ends. */
  async stopWorker(ordinal: number): Promise<void> {
    const running = this.#take(ordinal)
    if (running === null) return
    running.stop.abort()
    await running.ended
    await running.worker[Symbol.asyncDispose]()
    await running.kafka[Symbol.asyncDispose]()
  }

  /** Cuts the worker off from the brokers in the middle of whatever it does: its transaction stays open, nothing is said to anybody. */
  async crash(ordinal: number): Promise<void> {
    const running = this.#take(ordinal)
    if (running === null) return
    await running.kafka[Symbol.asyncDispose]()
    running.stop.abort()
    await running.ended
    await running.worker[Symbol.asyncDispose]()
  }

  /** Rejects when a worker ends with an error that a new process would have to cure. */
  get failed(): Promise<never> {
    return this.#failure.promise
  }

  get statuses(): readonly WorkerStatus[] {
    return [...this.#workers.values()].map(({ worker }) => worker.status())
  }

  get workers(): readonly Worker[] {
    return [...this.#workers.values()].map(({ worker }) => worker)
  }

  /** Closes every open window as if the input had ended. */
  async closeWindows(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.closeWindows()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ordinal of [...this.#workers.keys()]) await this.stopWorker(ordinal)
    await this.#kafka[Symbol.asyncDispose]()
  }

  #take(ordinal: number): Running | null {
    const running = this.#workers.get(ordinal) ?? null
    this.#workers.delete(ordinal)
    return running
  }

  async #prepare(): Promise<void> {
    const { config, plan, admin } = this.#options
    const { applicationId } = config
    const stages = stagesOf(plan)
    const described = await this.#kafka.reader.describeTopics(stages.map((stage) => stage.source.topic))
    const sources = stages.map(({ name, source }) => {
      const found = described.get(source.topic)
      if (found === undefined)
        throw new StreamJobError('topic-missing', `The topic ${source.topic} does not exist.`, { fields: { topic: source.topic } })
      return { stage: name, sourcePartitions: found.partitions }
    })
    for (const { sink } of stages) if (sink.create !== null) await admin.createTopic({ topic: sink.topic, config: {}, ...sink.create })
    const previous = await readJobRecord(this.#kafka, applicationId, new AbortController().signal)
    const lineage = previous?.lineage ?? 1
    for (const topic of internalTopics({
      applicationId,
      lineage,
      stages: sources,
      replicationFactor: -1,
      config: {},
      late: true,
      deadLetter: true,
    })) {
      await admin.createTopic(topic)
    }
    const changelogs = stages.map((stage) => names.changelogTopic(applicationId, lineage, stage.name))
    const changelogIds = await this.#kafka.reader.describeTopics(changelogs)
    this.#record = {
      formatVersion: 1,
      identity: { uid: `local:${applicationId}`, kubernetesCluster: 'local', kafkaCluster: await this.#kafka.reader.clusterId() },
      epoch: previous?.epoch ?? 0,
      lineage,
      planFingerprint: fingerprint(plan),
      codeHash: codeHash(plan),
      parallelism: 0,
      stages: stages.map(({ name, source }, i) => ({
        name,
        sourceTopic: source.topic,
        partitions: sources[i]?.sourcePartitions ?? 1,
        changelogId: changelogIds.get(changelogs[i] ?? '')?.id ?? '',
      })),
      mode: 'run',
      operationId: null,
      restoresDone: [],
    }
  }

  async #order(change: Pick<JobRecord, 'parallelism' | 'mode'>): Promise<void> {
    if (this.#record === null) throw new StreamJobError('internal', 'The job was not prepared.')
    const { epoch } = this.#record
    this.#record = { ...this.#record, ...change, epoch: epoch + 1 }
    await writeJobRecord(this.#kafka, this.#options.config.applicationId, this.#record, epoch === 0 ? null : epoch, {
      now: Date.now(),
      signal: new AbortController().signal,
    })
  }
}

function codeHash(plan: Plan): string {
  return createHash('sha256').update(fingerprint(plan)).digest('hex').slice(0, 16)
}
