import type { NewTopic } from '../../runtime/kafka/admin.ts'
import type { TopicDescription } from '../../runtime/kafka/client.ts'
import type { JobRecord } from '../../runtime/protocol.ts'

/**
 * What the operator does in Kafka for one job, over connections of its own for the length of one visit. Reads may be repeated at will; everything that
 * changes something is idempotent. Failures are StreamJobErrors: `kafka-unreachable`, `kafka-authentication`, `kafka-authorization`, ...
 */
export interface JobKafka extends AsyncDisposable {
  clusterId(): Promise<string>
  /** Topics that do not exist are absent from the answer. */
  describeTopics(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>>
  /** Makes the topics that do not exist, and adds partitions to those that have fewer. */
  ensureTopics(topics: readonly NewTopic[]): Promise<void>
  /** The newest committed job record; null when there is none, or no job topic. */
  readJobRecord(): Promise<JobRecord | null>
  /**
   * Takes the operator's transactional id, which fences an operator that had it before, reads the newest record back, and only if its epoch is still
   * `expectedEpoch` (null: no record) writes the new one. Throws StaleJobRecord.
   */
  writeJobRecord(record: JobRecord, expectedEpoch: number | null): Promise<void>
  /** Removes static members for good; the others take their tasks at once. Unknown members are fine. */
  evict(instanceIds: readonly string[]): Promise<void>
  /** Aborts the open transaction of a worker's ordinal, if any, and fences whoever has the id. */
  resolveTransactions(ordinals: readonly number[]): Promise<void>
  /** Deletes the job's group and its offsets; a missing group is fine. */
  deleteGroup(): Promise<void>
  /** Of all topics of the cluster that are this job's: the job topic, changelogs and what stages send to each other, of any lineage. */
  listInternalTopics(): Promise<readonly string[]>
  deleteTopics(topics: readonly string[]): Promise<void>
}

export { StaleJobRecord } from '../../runtime/kafka/job-topic.ts'
