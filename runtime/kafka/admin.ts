/** What is done to topics and groups as a whole: by the operator and by local runs, never by a worker. */

/** Everything here may be repeated. Failures are StreamJobErrors; a connection is made at the first call. */
export interface KafkaAdmin extends AsyncDisposable {
  /** Names of all topics that the credentials may see. */
  listTopics(): Promise<readonly string[]>
  /** Makes a topic; one that exists already is left as it is. */
  createTopic(topic: NewTopic): Promise<void>
  /** Adds partitions until there are so many; more than that are left. */
  growTopic(topic: string, partitions: number): Promise<void>
  /** Topics that do not exist are fine. */
  deleteTopics(topics: readonly string[]): Promise<void>
  /** Deletes an empty group with its offsets; a missing one is fine. Throws `kafka-retriable` while it has members. */
  deleteGroup(groupId: string): Promise<void>
}

/** A topic to be made. */
export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly config: Readonly<Record<string, string>>
}
