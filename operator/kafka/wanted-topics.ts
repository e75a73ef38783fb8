import type { StreamJobSpec } from '../../crds/streamjob.ts'
import type { NewTopic } from '../../runtime/kafka/admin.ts'
import type { TopicDescription } from '../../runtime/kafka/client.ts'
import { internalTopics } from '../../runtime/kafka/internal-topics.ts'
import type { PlanResult } from '../../runtime/protocol.ts'
import { sourceTopicOf } from '../../runtime/protocol.ts'

type PlannedStages = Extract<PlanResult, { kind: 'planned' }>['stages']

/** Every topic that is made for a job: sinks that the program wants made, and its own. A changelog has as many partitions as its source. Pure. */
export function wantedTopics(
  applicationId: string,
  lineage: number,
  { kafka, errors }: StreamJobSpec,
  stages: PlannedStages,
  described: ReadonlyMap<string, TopicDescription>,
): NewTopic[] {
  const own = internalTopics({
    applicationId,
    lineage,
    stages: stages.map((stage) => ({
      stage: stage.name,
      // What stages send to each other keeps the partitions that it has: keys are tied to them.
      sourcePartitions:
        described.get(sourceTopicOf(applicationId, lineage, stage))?.partitions ?? (stage.sourceTopic === null ? kafka.internalTopics.partitions : 1),
      repartitioned: stage.sourceTopic === null,
      aligned: stage.aligned ?? false,
    })),
    replicationFactor: kafka.internalTopics.replicationFactor,
    config: kafka.internalTopics.config,
    late: errors.late === 'DeadLetter' && errors.lateTopic === undefined,
    deadLetter: errors.undecodable === 'DeadLetter' || errors.processing === 'DeadLetter',
  })
  return [...sinks(stages), ...own]
}

function sinks(stages: PlannedStages): NewTopic[] {
  const wanted = stages.flatMap(({ sinks: ends }) =>
    ends.flatMap(({ topic, create }) => (create === null ? [] : [{ topic, ...create, config: sinkConfig }])),
  )
  // Ends that share a topic agree in how it is made.
  return [...new Map(wanted.map((one) => [one.topic, one])).values()]
}

const unbounded = '9223372036854775807'

/** Results carry event time: they are never refused or deleted for being old. */
const sinkConfig = { 'retention.ms': '-1', 'message.timestamp.before.max.ms': unbounded, 'message.timestamp.after.max.ms': unbounded }
