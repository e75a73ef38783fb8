import type { TopicDescription } from '../../../runtime/kafka/client.ts'
import type { FoundStage, JobRecord } from '../../../runtime/protocol.ts'
import { names, recordStages, sourceTopicOf } from '../../../runtime/protocol.ts'
import { canonicalJson } from '../../resources/hash.ts'
import type { Release } from '../../resources/release.ts'

/** Who a job record belongs to. */
export type Identity = JobRecord['identity']

/** What the operator wants a job record to say. */
export interface Order {
  readonly identity: Identity
  readonly planFingerprint: string
  readonly codeHash: string
  readonly stages: JobRecord['stages']
  readonly parallelism: number
  readonly standbys: number
  readonly mode: JobRecord['mode']
  readonly operationId: string
}

/** The record that follows `previous`; `previous` itself when it already is this order of this operation. */
export function nextRecord(previous: JobRecord | null, order: Order): JobRecord {
  const epoch = previous?.epoch ?? 0
  const wanted = { formatVersion: 1 as const, lineage: previous?.lineage ?? 1, restoresDone: previous?.restoresDone ?? [], ...order }
  if (previous !== null && canonicalJson({ ...wanted, epoch }) === canonicalJson(previous)) return previous
  return { ...wanted, epoch: epoch + 1 }
}

/** The stages of a plan with the partitions that their source topics have now, for the record after `previous`; null when a topic is missing. */
export function stagesOf(
  release: Release,
  topics: ReadonlyMap<string, TopicDescription>,
  applicationId: string,
  previous: JobRecord | null,
): JobRecord['stages'] | null {
  const lineage = previous?.lineage ?? 1
  const found: FoundStage[] = []
  for (const stage of release.plan.stages) {
    const source = topics.get(sourceTopicOf(applicationId, lineage, stage))
    const changelog = topics.get(names.changelogTopic(applicationId, lineage, stage.name))
    if (source === undefined || changelog === undefined) return null
    found.push({ ...stage, partitions: source.partitions, changelogId: changelog.id })
  }
  return recordStages(found, applicationId, lineage, previous)
}

/** How what was found in Kafka differs from what this resource is; null: it is its own. */
export type IdentityProblem = 'ResourceReplaced' | 'KubernetesClusterChanged' | 'KafkaClusterChanged'

export function identityProblem(found: Identity, own: Identity): IdentityProblem | null {
  if (found.kafkaCluster !== own.kafkaCluster) return 'KafkaClusterChanged'
  if (found.kubernetesCluster !== own.kubernetesCluster) return 'KubernetesClusterChanged'
  if (found.uid !== own.uid) return 'ResourceReplaced'
  return null
}

/** Ordinals [from, to). */
export function ordinals(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}
