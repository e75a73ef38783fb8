/** `streamjob dev`: a job in this process, on real brokers, from its files to its files. */
import type { KafkaAdmin } from '../kafka/admin.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { systemTiming } from '../kafka/timing.ts'
import type { Timing } from '../kafka/timing.ts'
import type { Logger } from '../log.ts'
import { sinksOf, sourcesOf, stagesOf } from '../plan/structure/stages.ts'
import { StreamJobError } from '../errors.ts'
import { names } from '../protocol.ts'
import type { WorkerStatus } from '../protocol.ts'
import { ordinalOf } from '../worker/tasks/task-factory.ts'
import { BadInput } from './bad-input.ts'
import type { Brokers } from './brokers.ts'
import { Crashes } from './crashes.ts'
import { endWorkers, prepareGround } from './ground.ts'
import type { Kafka } from './ground.ts'
import { allRead, closeAll } from './idle.ts'
import { checkInput, sendInput } from './input.ts'
import type { InputFile } from './input.ts'
import type { JobFile } from './job-file.ts'
import { LocalJob } from './local-job.ts'
import type { OutputRecord } from './ndjson.ts'
import { TopicFollower, writeTopics } from './outputs.ts'

export interface DevOptions {
  readonly job: JobFile
  readonly brokers: Brokers
  readonly inputs: readonly InputFile[]
  /** Of topics that are made. */
  readonly partitions: number
  readonly parallelism: number
  /** Where the output topics are written to when the run ends; null: results are reported as they are committed. */
  readonly output: string | null
  /** End when all input is read, with every window closed. Else: when the signal fires. */
  readonly untilIdle: boolean
  /** Null: nobody is killed. */
  readonly crashEvery: number | null
  /** Delete what earlier runs made before this one begins. */
  readonly fresh: boolean
  readonly report: DevReport
  readonly log: Logger
  readonly signal: AbortSignal
  /** @default the system's */
  readonly timing?: Timing
  /** Epoch ms. */
  readonly clock: () => number
  /** In [0, 1). */
  readonly random: () => number
}

/** What a run tells while it goes on. */
export interface DevReport {
  note(text: string): void
  /** A committed result. */
  record(record: OutputRecord): void
  progress(progress: Progress): void
}

export interface Progress {
  readonly workers: readonly WorkerStatus[]
  readonly crashes: number
}

/** Runs the job to its end. Throws BadInput for what was given, StreamJobErrors for what happened; the workers have ended and committed in any case. */
export async function runDev(given: DevOptions): Promise<void> {
  const options = { timing: systemTiming, ...given }
  const { job, brokers, log } = options
  checkInputTopics(options)
  await checkInput(options.inputs, options.fresh ? options.partitions : Infinity)
  await using kafka = brokers.connect({ clientId: `${job.name}-dev`, log, patienceMs })
  await using admin = brokers.admin({ clientId: `${job.name}-dev`, log, patienceMs })
  await prepareGround({ ...options, kafka, admin, failed: failedTopics(options) })
  await send(options, kafka)
  const stages = stagesOf(job.plan)
  const results = [...new Set([...sinksOf(stages).map(({ topic }) => topic), ...failedTopics(options)])]
  await using follower = options.output === null ? await TopicFollower.start(kafka, results, (record) => options.report.record(record)) : null
  await work(options, kafka, admin)
  await follower?.finish()
  if (options.output === null) return
  for (const [topic, count] of await writeTopics(kafka.reader, results, options.output, new AbortController().signal)) {
    options.report.note(`${options.output}/${topic}.ndjson: ${count} records`)
  }
}

const patienceMs = 10_000

function checkInputTopics({ job, inputs }: DevOptions): void {
  const sources = new Set(sourcesOf(stagesOf(job.plan)).map(({ topic }) => topic))
  const wrong = inputs.find(({ topic }) => !sources.has(topic))
  if (wrong !== undefined) throw new BadInput(`--input ${wrong.topic}=${wrong.file}: the job reads ${[...sources].join(', ')}, not ${wrong.topic}`)
}

function failedTopics({ job }: DevOptions): readonly string[] {
  const lateTopic = job.manifest?.spec.errors.lateTopic ?? names.lateTopic(job.applicationId)
  return [lateTopic, names.deadLetterTopic(job.applicationId)]
}

async function send({ inputs, crashEvery, clock, report, signal }: DevOptions, kafka: KafkaClient): Promise<void> {
  // A block is a batch as it was sent, and a worker dies after a block: so they are small.
  const batchRecords = crashEvery === null ? 10_000 : Math.max(1, Math.floor(crashEvery / 4))
  for (const input of inputs) {
    const partitions = (await kafka.reader.describeTopics([input.topic])).get(input.topic)?.partitions ?? 1
    await using producer = kafka.outputProducer()
    const count = await sendInput(input, { partitions, producer, batchRecords, clock, signal })
    report.note(`sent ${count} records of ${input.file} to ${input.topic}`)
  }
}

/** The job at work, until it is done, failed or stopped. */
async function work(options: Required<DevOptions>, kafka: Kafka, admin: KafkaAdmin): Promise<void> {
  const { job, brokers, parallelism, crashEvery, log, timing, random, report, signal } = options
  const config = configOf(options)
  const crashes =
    crashEvery === null ? null : new Crashes({ every: crashEvery, maxDelayMs: 1.25 * config.processing.commitIntervalMs, random, timing })
  const { transactionTimeoutMs } = config.processing
  const connect = (clientId: string): KafkaClient => {
    const client = brokers.connect({ clientId, log, transactionTimeoutMs })
    const ordinal = ordinalOf(clientId)
    return crashes === null || ordinal < 0 ? client : crashes.watch(ordinal, client)
  }
  const ended = new AbortController()
  try {
    await using local = await LocalJob.start({ name: job.name, config, plan: job.plan, admin, connect, log, timing }, parallelism)
    crashes?.attach(local)
    const watching = watch(local, ended.signal, timing, () => report.progress({ workers: local.statuses, crashes: crashes?.count ?? 0 }))
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    const idle = { job: local, reader: kafka.reader, timing, signal }
    const done = async (): Promise<void> => {
      if (!options.untilIdle) return stopped
      await allRead(idle)
      await crashes?.stop()
      await closeAll(idle)
    }
    try {
      if (!signal.aborted) await Promise.race([done(), watching, local.failed, stopped])
    } finally {
      ended.abort()
      await crashes?.stop()
    }
  } finally {
    await endWorkers({ ...options, kafka }, parallelism)
  }
  if (crashes !== null) report.note(`workers were killed ${crashes.count} times`)
}

/** With crashes, commits are frequent, so that workers die in all their phases. */
function configOf({ job, brokers, crashEvery }: DevOptions): ReturnType<JobFile['config']> {
  const config = job.config(brokers.addresses)
  if (crashEvery === null) return config
  return { ...config, processing: { ...config.processing, commitIntervalMs: Math.min(crashingCommitMs, config.processing.commitIntervalMs) } }
}

const crashingCommitMs = 200

/** Reports now and then; rejects when a worker has given up. */
async function watch(job: LocalJob, signal: AbortSignal, timing: Timing, report: () => void): Promise<void> {
  while (!signal.aborted) {
    report()
    const failed = job.statuses.find(({ state }) => state === 'failed')
    // The codes of a status are those of the errors.
    if (failed?.error) throw new StreamJobError(failed.error.code as StreamJobError['code'], failed.error.message)
    await timing.sleep(watchMs, signal)
  }
}

const watchMs = 200
