/** Settings of the brokers, under the names that Kafka's have, with its defaults. Times in milliseconds. */
export interface BrokerSettings {
  /** Every so often transactions that are open for too long are looked for. */
  readonly transactionScanMs: number
  readonly transactionMaxTimeoutMs: number
  /** How long a transactional id is remembered that nobody uses. */
  readonly transactionalIdExpirationMs: number
  /** Every so often such ids are looked for. */
  readonly transactionalIdExpirationCheckMs: number
  /** `message.max.bytes`, where a topic has no setting of its own. */
  readonly maxMessageBytes: number
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /** How long the first rebalance of an empty group waits for more members. */
  readonly initialRebalanceDelayMs: number
  /** How long a new member's join may wait. */
  readonly newMemberJoinTimeoutMs: number
  readonly offsetMetadataMaxBytes: number
  readonly offsetsRetentionMs: number
  /** Every so often offsets that are due to be forgotten are looked for. */
  readonly offsetsRetentionCheckMs: number
  /** Every so often records that are due to be deleted are looked for. */
  readonly logRetentionCheckMs: number
  /** How long a log remembers a producer, counted from the timestamp of its last record. */
  readonly producerIdExpirationMs: number
  readonly producerIdExpirationCheckMs: number
  readonly fetchMaxBytes: number
  /** Partitions of the internal topics, which decide who is coordinated together. */
  readonly offsetsPartitions: number
  readonly transactionPartitions: number
  /** How long after the decision a transaction's marker reaches one of its partitions: drawn for each. */
  readonly markerMs: readonly [number, number]
  /** How long a coordinator that takes over reads its log. */
  readonly coordinatorLoadMs: readonly [number, number]
  /** How long the internal topics are in the making, when somebody asks for a coordinator for the first time. */
  readonly internalTopicsMs: number
  /** How long the controller's news of topics and leaders takes to each broker. */
  readonly metadataLagMs: readonly [number, number]
  /** How long the cluster takes to notice a broker that was killed. */
  readonly brokerSessionTimeoutMs: number
}

export const defaultSettings: BrokerSettings = {
  transactionScanMs: 10_000,
  transactionMaxTimeoutMs: 15 * 60_000,
  transactionalIdExpirationMs: 7 * 24 * 3_600_000,
  transactionalIdExpirationCheckMs: 3_600_000,
  maxMessageBytes: 1_048_588,
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 30 * 60_000,
  initialRebalanceDelayMs: 3_000,
  newMemberJoinTimeoutMs: 5 * 60_000,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
  offsetsRetentionCheckMs: 600_000,
  logRetentionCheckMs: 300_000,
  producerIdExpirationMs: 24 * 3_600_000,
  producerIdExpirationCheckMs: 600_000,
  fetchMaxBytes: 55 * 1024 * 1024,
  offsetsPartitions: 50,
  transactionPartitions: 50,
  markerMs: [0.2, 4],
  coordinatorLoadMs: [1, 50],
  internalTopicsMs: 0,
  metadataLagMs: [0, 0],
  brokerSessionTimeoutMs: 9_000,
}
