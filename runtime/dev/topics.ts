/** Topics of a local run: which there must be, and waiting until the brokers show them. */
import type { NewTopic } from '../kafka/admin.ts'
import type { KafkaReader, TopicDescription } from '../kafka/client.ts'
import { internalTopics } from '../kafka/internal-topics.ts'
import type { Timing } from '../kafka/timing.ts'
import { StreamJobError } from '../errors.ts'
import type { Stage } from '../plan/nodes.ts'
import { maxDriftOf } from '../plan/structure/stages.ts'

/** Every topic that is made for the job itself: job topic, changelogs, what stages send to each other, late and dead-letter topic. */
export function ownTopics(
  applicationId: string,
  lineage: number,
  stages: readonly Stage[],
  sources: ReadonlyMap<string, TopicDescription>,
): NewTopic[] {
  return internalTopics({
    applicationId,
    lineage,
    stages: stages.map((stage) => ({
      stage: stage.name,
      sourcePartitions: partitionsOfStage(stage, sources),
      repartitioned: stage.source.kind === 'repartition',
      aligned: maxDriftOf(stage) !== null,
    })),
    replicationFactor: -1,
    config: {},
    late: true,
    deadLetter: true,
  })
}

/** How many tasks a stage has: as many as its source has partitions; what stages send to each other is spread as widely as the widest source. */
export function partitionsOfStage({ source }: Stage, sources: ReadonlyMap<string, TopicDescription>): number {
  if (source.kind === 'source') return sources.get(source.topic)?.partitions ?? 1
  return Math.max(1, ...Array.from(sources.values(), ({ partitions }) => partitions))
}

/** A topic for records of any age: nothing in it is deleted or refused for its event time. */
export function recordTopic(topic: string, partitions: number): NewTopic {
  return {
    topic,
    partitions,
    replicationFactor: -1,
    config: { 'retention.ms': '-1', 'message.timestamp.before.max.ms': longest, 'message.timestamp.after.max.ms': longest },
  }
}

const longest = '9223372036854775807'

/** The topics as the brokers describe them, once they show them all: a broker learns of a new topic some time after it was made. */
export async function topicsThere(reader: KafkaReader, topics: readonly string[], timing: Timing): Promise<ReadonlyMap<string, TopicDescription>> {
  return awaited(reader, topics, timing, 'made', (described) => topics.filter((topic) => !described.has(topic)))
}

/** Waits until the brokers show none of the topics any more. */
export async function topicsGone(reader: KafkaReader, topics: readonly string[], timing: Timing): Promise<void> {
  await awaited(reader, topics, timing, 'deleted', (described) => topics.filter((topic) => described.has(topic)))
}

async function awaited(
  reader: KafkaReader,
  topics: readonly string[],
  timing: Timing,
  what: 'made' | 'deleted',
  open: (described: ReadonlyMap<string, TopicDescription>) => readonly string[],
): Promise<ReadonlyMap<string, TopicDescription>> {
  const deadline = timing.now() + patienceMs
  for (;;) {
    const described = await reader.describeTopics(topics)
    const left = open(described)
    if (left.length === 0) return described
    if (timing.now() >= deadline) {
      const state = what === 'made' ? 'do not show it' : 'still show it'
      throw new StreamJobError('kafka-retriable', `The topic ${left.join(', ')} was ${what}, but the brokers ${state} after ${patienceMs} ms.`)
    }
    await timing.sleep(pollMs)
  }
}

const patienceMs = 30_000
const pollMs = 20
