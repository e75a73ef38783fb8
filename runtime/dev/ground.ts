/** The ground of a run: nobody else at work, earlier runs gone where that is wanted, every topic there. */
import type { KafkaAdmin } from '../kafka/admin.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { evictMembers } from '../kafka/group/evict.ts'
import { readJobRecord } from '../kafka/job-topic.ts'
import type { Timing } from '../kafka/timing.ts'
import type { KafkaTransport } from '../kafka/transport.ts'
import { sinksOf, sourcesOf, stagesOf } from '../plan/structure/stages.ts'
import { names } from '../protocol.ts'
import { BadInput } from './bad-input.ts'
import type { Brokers } from './brokers.ts'
import type { InputFile } from './input.ts'
import type { JobFile } from './job-file.ts'
import { localUid, refuseForeign } from './local-job.ts'
import { MadeTopics } from './made-topics.ts'
import { ownTopics, recordTopic } from './topics.ts'

export type Kafka = KafkaClient & { readonly transport: KafkaTransport }

export interface GroundOptions {
  readonly job: JobFile
  readonly kafka: Kafka
  readonly brokers: Pick<Brokers, 'outlive'>
  readonly admin: KafkaAdmin
  readonly inputs: readonly InputFile[]
  /** Of topics that are made. */
  readonly partitions: number
  /** The topics of late records and dead letters. */
  readonly failed: readonly string[]
  readonly fresh: boolean
  readonly report: { note(text: string): void }
  readonly signal: AbortSignal
  readonly timing: Timing
  /** Epoch ms. */
  readonly clock: () => number
}

/** Throws BadInput before anything was changed. */
export async function prepareGround(options: GroundOptions): Promise<void> {
  const { job, kafka, admin, partitions, failed, fresh, report, signal } = options
  const { applicationId } = job
  const record = await readJobRecord(kafka, applicationId, signal)
  if (record !== null) refuseForeign(record, localUid(applicationId), applicationId)
  const topics = await MadeTopics.read(options, applicationId, signal)
  const replaced = await checkTopics(options, topics)
  await endWorkers(options, record?.parallelism ?? 0)
  if (fresh) {
    await admin.deleteGroup(names.group(applicationId))
    await topics.deleteAll(readAgain(options), replaced)
  }
  const stages = stagesOf(job.plan)
  const made = [
    ...sourcesOf(stages).map(({ topic }) => recordTopic(topic, partitions)),
    ...sinksOf(stages).map(({ topic, create }) => ({ ...recordTopic(topic, partitions), ...create })),
  ]
  for (const topic of await topics.make(made)) report.note(`made the topic ${topic}`)
  const sources = await kafka.reader.describeTopics(sourcesOf(stages).map(({ topic }) => topic))
  const own = ownTopics(applicationId, fresh ? 1 : (record?.lineage ?? 1), stages, sources)
  const internal = new Set(own.map(({ topic }) => topic))
  await topics.make([...own, ...failed.filter((topic) => !internal.has(topic)).map((topic) => recordTopic(topic, partitions))])
}

/** Ends what is left of workers: their membership, which outlives them by the session timeout, and their transactions. */
export async function endWorkers({ job, kafka, timing }: Pick<GroundOptions, 'job' | 'kafka' | 'timing'>, workers: number): Promise<void> {
  const ordinals = Array.from({ length: workers }, (_, ordinal) => ordinal)
  const { signal } = new AbortController()
  const instances = ordinals.map((ordinal) => `${job.name}-${ordinal}`)
  await evictMembers(kafka.transport, names.group(job.applicationId), instances, { timing, patienceMs, signal })
  for (const ordinal of ordinals) await kafka.reader.fence(names.workerTransactionalId(job.applicationId, ordinal))
}

const patienceMs = 10_000

/** Topics of the job that a fresh run replaces although another job's run has made them. */
async function checkTopics({ job, kafka, brokers, inputs, fresh, report, signal }: GroundOptions, made: MadeTopics): Promise<readonly string[]> {
  const stages = stagesOf(job.plan)
  const [sources, sinks] = [sourcesOf(stages), sinksOf(stages)]
  const present = await kafka.reader.describeTopics([...sources, ...sinks].map(({ topic }) => topic))
  const given = new Set(inputs.map(({ topic }) => topic))
  const missing = sources.find(({ topic }) => !given.has(topic) && !present.has(topic))?.topic
  if (missing !== undefined) throw new BadInput(missingTopic(missing, brokers.outlive))
  if (!fresh) return []
  const replaced: string[] = []
  for (const topic of present.values()) {
    const isOutput = sinks.some((sink) => sink.topic === topic.topic)
    if (!given.has(topic.topic) && !isOutput) continue
    if (await made.ownsAny(topic, signal)) replaced.push(topic.topic)
    else if (given.has(topic.topic)) throw new BadInput(foreignTopic(topic.topic))
    else report.note(`the topic ${topic.topic} was not made by streamjob dev: it keeps its earlier records`)
  }
  return replaced
}

/** Sources that are not given again: a fresh run reads them from their beginning. */
function readAgain({ job, inputs }: GroundOptions): ReadonlySet<string> {
  const given = new Set(inputs.map(({ topic }) => topic))
  return new Set(sourcesOf(stagesOf(job.plan)).flatMap(({ topic }) => (given.has(topic) ? [] : [topic])))
}

function missingTopic(topic: string, mayBeMade: boolean): string {
  const give = `give its records: --input ${topic}=FILE`
  return mayBeMade
    ? `The topic ${topic} does not exist; make it, or ${give}`
    : `Nobody has written ${topic}: ${give}, or take brokers that have it: --kafka`
}

function foreignTopic(topic: string): string {
  const choice = 'With --no-fresh the records are added to it, and the job goes on where an earlier run ended'
  return `The topic ${topic} exists and was not made by streamjob dev, so it is not deleted. ${choice}; or use other brokers.`
}
