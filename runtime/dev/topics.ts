/** Topics of a local run: which there must be, and waiting until the brokers show them. */
import type { NewTopic } from '../kafka/admin.ts'
import type { KafkaReader, TopicDescription } from '../kafka/client.ts'
import { internalTopics } from '../kafka/internal-topics.ts'
import type { Timing } from '../kafka/timing.ts'
import { StreamJobError } from '../errors.ts'
import type { Stage } from '../plan/nodes.ts'

/** Every topic that is made for the job itself: job topic, changelogs, late and dead-letter topic. `partitions` are those of each stage's source. */
export function ownTopics(
  applicationId: string,
  lineage: number,
  stages: readonly { readonly stage: Stage; readonly partitions: number }[],
): NewTopic[] {
  return internalTopics({
    applicationId,
    lineage,
    stages: stages.map(({ stage, partitions }) => ({ stage: stage.name, sourcePartitions: partitions })),
    replicationFactor: -1,
    config: {},
    late: true,
    deadLetter: true,
  })
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
