/**
 * A job in one process: topics and job record as the operator would make them, and any number of real workers. For `streamjob dev`, and for tests that need
 * a whole job on a real broker.
 */
import { createHash } from 'node:crypto'
import type { WorkerConfig } from '../config.ts'
import { createWorkerMetrics } from '../control/metrics.ts'
import { StreamJobError } from '../errors.ts'
import type { KafkaAdmin } from '../kafka/admin.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { readJobRecord, writeJobRecord } from '../kafka/job-topic.ts'
import { systemTiming } from '../kafka/timing.ts'
import type { Timing } from '../kafka/timing.ts'
import type { Logger } from '../log.ts'
import { fingerprint } from '../plan/fingerprint.ts'
import type { Plan } from '../plan/nodes.ts'
import { sinksOf, sourcesOf, stagesOf } from '../plan/structure/stages.ts'
import type { JobRecord, WorkerStatus } from '../protocol.ts'
import { names, recordStages } from '../protocol.ts'
import type { Disk } from '../worker/snapshots/disk.ts'
import { nodeDisk } from '../worker/snapshots/node-disk.ts'
import { Worker } from '../worker/worker.ts'
import { ownTopics, partitionsOfStage, topicsThere } from './topics.ts'

export interface LocalJobOptions {
  /** Names the workers' instances: NAME-0, NAME-1, ... */
  readonly name: string
  readonly config: WorkerConfig
  readonly plan: Plan
  readonly admin: KafkaAdmin
  /** A client per worker, and one for the job itself; each is closed with its user. */
  readonly connect: (clientId: string) => KafkaClient
  readonly log: Logger
  /** @default the system's */
  readonly timing?: Timing
  /** Epoch ms. @default the system's */
  readonly clock?: () => number
  /** Copies of each task on other workers. @default 0 */
  readonly standbys?: number
  /** Holds a directory for each worker, below the one that the configuration names. @default the system's */
  readonly disk?: Disk
}

interface Running {
  readonly worker: Worker
  /** What a worker says while it is being cut off is no news. */
  readonly mute: () => void
  readonly kafka: KafkaClient
  readonly stop: AbortController
  readonly ended: Promise<void>
}

export class LocalJob implements AsyncDisposable {
  readonly #options: Required<LocalJobOptions>
  readonly #kafka: KafkaClient
  readonly #workers = new Map<number, Running>()
  readonly #failure = Promise.withResolvers<never>()
  #record: JobRecord | null = null

  private constructor(options: LocalJobOptions) {
    this.#options = { timing: systemTiming, clock: Date.now, disk: nodeDisk, standbys: 0, ...options }
    this.#kafka = options.connect(`${options.name}-local`)
    this.#failure.promise.catch(() => {})
  }

  /** Makes what is missing in Kafka, and starts the workers. A job that ran before goes on where it was. */
  static async start(options: LocalJobOptions, parallelism: number): Promise<LocalJob> {
    const job = new LocalJob(options)
    try {
      await job.#prepare()
      await job.scale(parallelism)
      return job
    } catch (error) {
      await job[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Writes the next job record, starts the workers that are missing, stops those beyond. */
  async scale(parallelism: number): Promise<void> {
    await this.#order({ parallelism, mode: 'run' })
    for (let ordinal = 0; ordinal < parallelism; ordinal++) if (!this.#workers.has(ordinal)) this.startWorker(ordinal)
    for (const ordinal of this.#workers.keys()) if (ordinal >= parallelism) await this.stopWorker(ordinal)
  }

  async suspend(): Promise<void> {
    await this.#order({ parallelism: this.#record?.parallelism ?? 0, mode: 'stop' })
  }

  startWorker(ordinal: number): void {
    const { name, config, plan, connect, timing, clock, disk } = this.#options
    const { directory } = config.state
    const { log, mute } = mutable(this.#options.log)
    const kafka = connect(`${name}-${ordinal}`)
    const metrics = createWorkerMetrics()
    const worker = new Worker({
      config: { ...config, state: { ...config.state, directory: directory === null ? null : `${directory}/${name}-${ordinal}` } },
      disk,
      stages: stagesOf(plan),
      codeHash: codeHash(plan),
      jobUid: localUid(config.applicationId),
      instanceId: `${name}-${ordinal}`,
      ordinal,
      kafka,
      log,
      telemetry: metrics.telemetry,
      clock,
      now: () => timing.now(),
      pause: (milliseconds, signal) => timing.sleep(milliseconds, signal),
      turn: () => timing.turn(),
    })
    metrics.attach(worker)
    const stop = new AbortController()
    const ended = worker.run(stop.signal).catch((error: unknown) => {
      if (this.#workers.get(ordinal)?.worker === worker) this.#failure.reject(error)
    })
    this.#workers.set(ordinal, { worker, mute, kafka, stop, ended })
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

  /** Cuts the worker off from the brokers in the middle of whatever it does: its transaction stays open, nothing is said to anybody. False: there was none. */
  async crash(ordinal: number): Promise<boolean> {
    const running = this.#take(ordinal)
    if (running === null) return false
    running.mute()
    await running.kafka[Symbol.asyncDispose]()
    running.stop.abort()
    await running.ended
    await running.worker[Symbol.asyncDispose]()
    return true
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

  /** What the stages read, in the order of the plan. */
  get stages(): JobRecord['stages'] {
    return this.#record?.stages ?? []
  }

  /** Closes every open window of a stage as if its input had ended. */
  async closeWindows(stage: string): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.closeWindows(stage)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ordinal of this.#workers.keys()) await this.stopWorker(ordinal)
    await this.#kafka[Symbol.asyncDispose]()
  }

  #take(ordinal: number): Running | null {
    const running = this.#workers.get(ordinal) ?? null
    this.#workers.delete(ordinal)
    return running
  }

  async #prepare(): Promise<void> {
    const { config, plan, admin, timing } = this.#options
    const { applicationId } = config
    const { reader } = this.#kafka
    const stages = stagesOf(plan)
    const wanted = sourcesOf(stages).map(({ topic }) => topic)
    const sources = await reader.describeTopics(wanted)
    const missing = wanted.find((topic) => !sources.has(topic))
    if (missing !== undefined) throw new StreamJobError('topic-missing', `The topic ${missing} does not exist.`, { fields: { topic: missing } })
    const previous = await readJobRecord(this.#kafka, applicationId, new AbortController().signal)
    const identity = { uid: localUid(applicationId), kubernetesCluster: 'local', kafkaCluster: await reader.clusterId() }
    if (previous !== null) refuseForeign(previous, identity.uid, applicationId)
    const lineage = previous?.lineage ?? 1
    const made = [
      ...sinksOf(stages).flatMap(({ topic, create }) => (create === null ? [] : [{ topic, config: {}, ...create }])),
      ...ownTopics(applicationId, lineage, stages, sources),
    ]
    for (const topic of made) await admin.createTopic(topic)
    const topics = await topicsThere(
      reader,
      made.map(({ topic }) => topic),
      timing,
    )
    this.#record = {
      formatVersion: 1,
      identity,
      epoch: previous?.epoch ?? 0,
      lineage,
      planFingerprint: fingerprint(plan),
      codeHash: codeHash(plan),
      parallelism: 0,
      stages: recordStages(
        stages.map((stage) => ({
          name: stage.name,
          sourceTopic: stage.source.kind === 'source' ? stage.source.topic : null,
          writers: stage.source.kind === 'source' ? [] : stage.source.writers,
          partitions: partitionsOfStage(stage, sources),
          changelogId: topics.get(names.changelogTopic(applicationId, lineage, stage.name))?.id ?? '',
        })),
        applicationId,
        lineage,
        previous,
      ),
      mode: 'run',
      operationId: null,
      restoresDone: [],
      standbys: this.#options.standbys,
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

/** Who a job record of a local run belongs to. */
export function localUid(applicationId: string): string {
  return `local:${applicationId}`
}

/** Throws `config-invalid` when the record is that of a StreamJob in a cluster: a local run would take its state and positions. */
export function refuseForeign(record: JobRecord, uid: string, applicationId: string): void {
  if (record.identity.uid === uid) return
  const owner = `a StreamJob of a cluster (uid ${record.identity.uid})`
  throw new StreamJobError(
    'config-invalid',
    `The job ${applicationId} on these brokers belongs to ${owner}. Run it on other brokers, or under another name.`,
  )
}

function mutable(log: Logger): { readonly log: Logger; readonly mute: () => void } {
  let muted = false
  const through = (level: keyof Logger): Logger['info'] => {
    return (message, fields) => {
      if (!muted) log[level](message, fields)
    }
  }
  return {
    log: { debug: through('debug'), info: through('info'), warn: through('warn'), error: through('error') },
    mute: () => void (muted = true),
  }
}
