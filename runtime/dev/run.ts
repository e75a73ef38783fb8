/** `streamjob dev`: a job in this process, on real brokers, from its files to its files. */
import type { KafkaAdmin } from '../kafka/admin.ts'
import type { KafkaClient, TopicDescription } from '../kafka/client.ts'
import { connectKafka } from '../kafka/connect.ts'
import { evictMembers } from '../kafka/group/evict.ts'
import { readJobRecord } from '../kafka/job-topic.ts'
import { connectAdmin } from '../kafka/kafkajs/admin.ts'
import type { Timing } from '../kafka/timing.ts'
import type { KafkaTransport } from '../kafka/transport.ts'
import type { Logger } from '../log.ts'
import { stagesOf } from '../plan/stages.ts'
import { StreamJobError } from '../errors.ts'
import { names } from '../protocol.ts'
import type { WorkerStatus } from '../protocol.ts'
import { ordinalOf } from '../worker/task-factory.ts'
import { BadInput } from './bad-input.ts'
import { Crashes } from './crashes.ts'
import { allRead, closeAll } from './idle.ts'
import { checkInput, sendInput } from './input.ts'
import type { InputFile } from './input.ts'
import type { JobFile } from './job-file.ts'
import { LocalJob, localUid, refuseForeign } from './local-job.ts'
import { MadeTopics } from './made-topics.ts'
import type { OutputRecord } from './ndjson.ts'
import { TopicFollower, writeTopics } from './outputs.ts'
import { ownTopics, recordTopic } from './topics.ts'

export interface DevOptions {
  readonly job: JobFile
  readonly brokers: readonly string[]
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
  readonly timing: Timing
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

type Kafka = KafkaClient & { readonly transport: KafkaTransport }

/** Runs the job to its end. Throws BadInput for what was given, StreamJobErrors for what happened; the workers have ended and committed in any case. */
export async function runDev(options: DevOptions): Promise<void> {
  const { job, brokers, log } = options
  checkInputTopics(options)
  await checkInput(options.inputs, options.fresh ? options.partitions : Infinity)
  const connection = { brokers: [...brokers] }
  await using kafka = connectKafka(connection, { clientId: `${job.name}-dev`, log, patienceMs })
  await using admin = connectAdmin(connection, { clientId: `${job.name}-dev`, log, patienceMs })
  const sources = await prepare(options, kafka, admin)
  await send(options, kafka)
  const stages = stagesOf(job.plan)
  const results = [...new Set([...stages.map(({ sink }) => sink.topic), ...failedTopics(options)])]
  await using follower = options.output === null ? await TopicFollower.start(kafka, results, options.report.record) : null
  await work(options, kafka, admin, sources)
  await follower?.finish()
  if (options.output === null) return
  for (const [topic, count] of await writeTopics(kafka.reader, results, options.output, new AbortController().signal)) {
    options.report.note(`${options.output}/${topic}.ndjson: ${count} records`)
  }
}

const patienceMs = 10_000

function checkInputTopics({ job, inputs }: DevOptions): void {
  const sources = new Set(stagesOf(job.plan).map(({ source }) => source.topic))
  const wrong = inputs.find(({ topic }) => !sources.has(topic))
  if (wrong !== undefined) throw new BadInput(`--input ${wrong.topic}=${wrong.file}: the job reads ${[...sources].join(', ')}, not ${wrong.topic}`)
}

function failedTopics({ job }: DevOptions): readonly string[] {
  const lateTopic = job.manifest?.spec.errors.lateTopic ?? names.lateTopic(job.applicationId)
  return [lateTopic, names.deadLetterTopic(job.applicationId)]
}

/** Makes the ground ready: nobody else at work, earlier runs gone where that is wanted, every topic there. Returns the source topics. */
async function prepare(options: DevOptions, kafka: Kafka, admin: KafkaAdmin): Promise<readonly TopicDescription[]> {
  const { job, fresh, inputs, partitions, report, timing, clock, signal } = options
  const { applicationId } = job
  const record = await readJobRecord(kafka, applicationId, signal)
  if (record !== null) refuseForeign(record, localUid(applicationId), applicationId)
  await endMembers(options, kafka, record?.parallelism ?? 0)
  const topics = await MadeTopics.read({ kafka, admin, applicationId, timing, clock }, signal)
  const stages = stagesOf(job.plan)
  const given = new Set(inputs.map(({ topic }) => topic))
  if (fresh) {
    await admin.deleteGroup(names.group(applicationId))
    // What is not given again is read again.
    await topics.deleteAll(new Set(stages.map(({ source }) => source.topic).filter((topic) => !given.has(topic))))
  }
  const present = await kafka.reader.describeTopics([...stages.flatMap(({ source, sink }) => [source.topic, sink.topic]), ...failedTopics(options)])
  for (const { source, sink } of stages) {
    const { topic } = source
    if (fresh && given.has(topic) && present.has(topic)) throw new BadInput(foreignTopic(topic))
    if (!given.has(topic) && !present.has(topic))
      throw new BadInput(`The topic ${topic} does not exist; make it, or give its records: --input ${topic}=FILE`)
    const old = present.get(sink.topic)
    if (fresh && old !== undefined && !topics.owns(old)) report.note(`the topic ${sink.topic} was not made here: it keeps its earlier records`)
  }
  const made = stages.flatMap(({ source, sink }) => [
    recordTopic(source.topic, partitions),
    sink.create === null ? recordTopic(sink.topic, partitions) : { ...recordTopic(sink.topic, partitions), ...sink.create },
  ])
  await topics.make(made)
  const sources = await kafka.reader.describeTopics(stages.map(({ source }) => source.topic))
  const own = ownTopics(
    applicationId,
    fresh ? 1 : (record?.lineage ?? 1),
    stages.map((stage) => ({ stage, partitions: sources.get(stage.source.topic)?.partitions ?? partitions })),
  )
  await topics.make([...own, ...failedTopics(options).map((topic) => recordTopic(topic, partitions))])
  for (const { topic } of made) if (!present.has(topic)) report.note(`made the topic ${topic}`)
  return [...sources.values()]
}

function foreignTopic(topic: string): string {
  const choice = 'With --no-fresh the records are added to it, and the job goes on where an earlier run ended'
  return `The topic ${topic} exists and was not made by streamjob dev, so it is not deleted. ${choice}; or use other brokers.`
}

/** Ends what is left of workers: their membership, which outlives them by the session timeout, and their transactions. */
async function endMembers({ job, timing }: DevOptions, kafka: Kafka, workers: number): Promise<void> {
  const ordinals = Array.from({ length: workers }, (_, ordinal) => ordinal)
  const { signal } = new AbortController()
  const instances = ordinals.map((ordinal) => `${job.name}-${ordinal}`)
  await evictMembers(kafka.transport, names.group(job.applicationId), instances, { timing, patienceMs, signal })
  for (const ordinal of ordinals) await kafka.reader.fence(names.workerTransactionalId(job.applicationId, ordinal))
}

async function send({ inputs, crashEvery, clock, report, signal }: DevOptions, kafka: Kafka): Promise<void> {
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
async function work(options: DevOptions, kafka: Kafka, admin: KafkaAdmin, sources: readonly TopicDescription[]): Promise<void> {
  const { job, brokers, parallelism, crashEvery, log, timing, random, report, signal } = options
  const config = configOf(options)
  const crashes =
    crashEvery === null ? null : new Crashes({ every: crashEvery, maxDelayMs: 1.25 * config.processing.commitIntervalMs, random, timing })
  const { transactionTimeoutMs } = config.processing
  const connect = (clientId: string): KafkaClient => {
    const client = connectKafka({ brokers: [...brokers] }, { clientId, log, transactionTimeoutMs })
    const ordinal = ordinalOf(clientId)
    return crashes === null || ordinal < 0 ? client : crashes.watch(ordinal, client)
  }
  const ended = new AbortController()
  try {
    await using local = await LocalJob.start({ name: job.name, config, plan: job.plan, admin, connect, log, timing }, parallelism)
    crashes?.attach(local)
    const watching = watch(local, ended.signal, timing, () => report.progress({ workers: local.statuses, crashes: crashes?.count ?? 0 }))
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    const idle = { job: local, reader: kafka.reader, sources, timing, signal }
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
    await endMembers(options, kafka, parallelism)
  }
  if (crashes !== null) report.note(`workers were killed ${crashes.count} times`)
}

/** With crashes, commits are frequent, so that workers die in all their phases. */
function configOf({ job, brokers, crashEvery }: DevOptions): ReturnType<JobFile['config']> {
  const config = job.config(brokers)
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
