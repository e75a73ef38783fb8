import type { NewTopic } from './admin.ts'
import { names } from '../protocol.ts'

export interface StageTopics {
  readonly stage: string
  /** Of the topic that it reads. */
  readonly sourcePartitions: number
  /** Whether that topic is the job's own, written by other stages. */
  readonly repartitioned: boolean
  /** Whether its workers tell each other how far they are. @default false */
  readonly aligned?: boolean
}

/** What a job's internal topics are made from. */
export interface InternalTopicsInput {
  readonly applicationId: string
  readonly lineage: number
  readonly stages: readonly StageTopics[]
  readonly replicationFactor: number
  /** The author's own settings; they win, except where correctness depends on ours. */
  readonly config: Readonly<Record<string, string>>
  /** Which of the two topics for failed records the job uses. */
  readonly late: boolean
  readonly deadLetter: boolean
}

/** Every topic that is made for a job, by the operator or a local run: job topic, a changelog per stage, what stages send to each other, late and dead-letter topic. */
export function internalTopics(input: InternalTopicsInput): NewTopic[] {
  const { applicationId, lineage, replicationFactor, config } = input
  const sidePartitions = Math.max(1, ...input.stages.map((stage) => stage.sourcePartitions))
  const make = (topic: string, partitions: number, own: Record<string, string>, required: Record<string, string>): NewTopic => ({
    topic,
    partitions,
    replicationFactor,
    config: { ...own, ...config, ...required },
  })
  return [
    make(names.jobTopic(applicationId), 1, { ...tuning, 'segment.ms': day }, compacted),
    ...(input.stages.some(({ aligned }) => aligned) ? [make(names.alignmentTopic(applicationId), 1, passing, appendTime)] : []),
    ...input.stages.map(({ stage, sourcePartitions }) =>
      make(
        names.changelogTopic(applicationId, lineage, stage),
        sourcePartitions,
        tuning,
        // How old a local snapshot may be depends on it.
        { ...compacted, 'delete.retention.ms': String(changelogDeleteRetentionMs) },
      ),
    ),
    ...input.stages.flatMap(({ stage, sourcePartitions, repartitioned }) =>
      repartitioned ? [make(names.repartitionTopic(applicationId, lineage, stage), sourcePartitions, tuning, inTransit)] : [],
    ),
    ...(input.late ? [make(names.lateTopic(applicationId), sidePartitions, { 'retention.ms': week }, appendTime)] : []),
    ...(input.deadLetter ? [make(names.deadLetterTopic(applicationId), sidePartitions, { 'retention.ms': week }, appendTime)] : []),
  ]
}

/** How long a tombstone stays readable in a changelog: a local snapshot that is older cannot be brought up to date. */
export const changelogDeleteRetentionMs = 7 * 86_400_000

const day = String(86_400_000)
const week = String(7 * 86_400_000)

/** Longest span a broker accepts: rows carry event time, which may be of any age, and since Kafka 4.0 an hour ahead is refused by default. */
const unbounded = '9223372036854775807'

const tuning = { 'min.cleanable.dirty.ratio': '0.2', 'max.compaction.lag.ms': day, 'segment.bytes': String(64 * 1024 * 1024) }

/** Compacted and kept for ever, whatever the timestamps say. */
const compacted = {
  'cleanup.policy': 'compact',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': unbounded,
  'message.timestamp.after.max.ms': unbounded,
}

/** Deleted by the readers themselves, behind what they have committed; never by time or size: what was not read yet is the only copy. */
const inTransit = { ...compacted, 'cleanup.policy': 'delete' }

/** Of interest for seconds: whoever comes later reads from the end. */
const passing = { 'retention.ms': String(3_600_000), 'segment.ms': String(600_000), 'segment.bytes': String(16 * 1024 * 1024) }

/** Kept by the time of arrival; the record's own timestamp travels in a header. */
const appendTime = { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' }
