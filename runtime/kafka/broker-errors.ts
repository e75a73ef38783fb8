/** The error numbers of the Kafka protocol that a data plane meets: their names, what they mean to us, and what a repeat needs first. */
import type { ErrorCode } from '../errors.ts'
import { StreamJobError } from '../errors.ts'

/** `leader`, `coordinator`: look up who it is now, and send again. `same`: send again to the same broker after a pause. */
export type Resend = 'leader' | 'coordinator' | 'same'

export interface BrokerError {
  readonly name: string
  readonly code: ErrorCode
  /** Absent: sending again does not help. */
  readonly resend?: Resend
  /** For people, where the name does not say enough. */
  readonly meaning?: string
}

/** By the number on the wire. */
export const brokerErrors: ReadonlyMap<number, BrokerError> = new Map<number, BrokerError>([
  [1, { name: 'OFFSET_OUT_OF_RANGE', code: 'position-out-of-range' }],
  [2, { name: 'CORRUPT_MESSAGE', code: 'kafka-retriable', resend: 'same' }],
  [3, { name: 'UNKNOWN_TOPIC_OR_PARTITION', code: 'topic-missing', resend: 'leader' }],
  [5, { name: 'LEADER_NOT_AVAILABLE', code: 'kafka-retriable', resend: 'leader', meaning: 'the partition has no leader' }],
  [6, { name: 'NOT_LEADER_OR_FOLLOWER', code: 'kafka-retriable', resend: 'leader' }],
  [7, { name: 'REQUEST_TIMED_OUT', code: 'kafka-retriable', resend: 'same' }],
  [8, { name: 'BROKER_NOT_AVAILABLE', code: 'kafka-retriable', resend: 'leader' }],
  [9, { name: 'REPLICA_NOT_AVAILABLE', code: 'kafka-retriable', resend: 'leader' }],
  [10, { name: 'MESSAGE_TOO_LARGE', code: 'record-refused' }],
  [12, { name: 'OFFSET_METADATA_TOO_LARGE', code: 'internal' }],
  [13, { name: 'NETWORK_EXCEPTION', code: 'kafka-retriable', resend: 'leader' }],
  [14, { name: 'COORDINATOR_LOAD_IN_PROGRESS', code: 'kafka-retriable', resend: 'same' }],
  [15, { name: 'COORDINATOR_NOT_AVAILABLE', code: 'kafka-retriable', resend: 'coordinator' }],
  [16, { name: 'NOT_COORDINATOR', code: 'kafka-retriable', resend: 'coordinator' }],
  [17, { name: 'INVALID_TOPIC_EXCEPTION', code: 'config-invalid' }],
  [18, { name: 'RECORD_LIST_TOO_LARGE', code: 'record-refused' }],
  [19, { name: 'NOT_ENOUGH_REPLICAS', code: 'kafka-retriable', resend: 'same' }],
  [20, { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', code: 'kafka-retriable', resend: 'same' }],
  [22, { name: 'ILLEGAL_GENERATION', code: 'membership-lost' }],
  [23, { name: 'INCONSISTENT_GROUP_PROTOCOL', code: 'config-invalid' }],
  [24, { name: 'INVALID_GROUP_ID', code: 'config-invalid' }],
  [25, { name: 'UNKNOWN_MEMBER_ID', code: 'membership-lost' }],
  [26, { name: 'INVALID_SESSION_TIMEOUT', code: 'config-invalid' }],
  [27, { name: 'REBALANCE_IN_PROGRESS', code: 'membership-lost' }],
  [28, { name: 'INVALID_COMMIT_OFFSET_SIZE', code: 'internal' }],
  [29, { name: 'TOPIC_AUTHORIZATION_FAILED', code: 'kafka-authorization' }],
  [30, { name: 'GROUP_AUTHORIZATION_FAILED', code: 'kafka-authorization' }],
  [31, { name: 'CLUSTER_AUTHORIZATION_FAILED', code: 'kafka-authorization' }],
  [32, { name: 'INVALID_TIMESTAMP', code: 'record-refused' }],
  [33, { name: 'UNSUPPORTED_SASL_MECHANISM', code: 'kafka-authentication' }],
  [34, { name: 'ILLEGAL_SASL_STATE', code: 'kafka-authentication' }],
  [35, { name: 'UNSUPPORTED_VERSION', code: 'kafka-protocol' }],
  [42, { name: 'INVALID_REQUEST', code: 'kafka-protocol' }],
  [43, { name: 'UNSUPPORTED_FOR_MESSAGE_FORMAT', code: 'kafka-protocol' }],
  [44, { name: 'POLICY_VIOLATION', code: 'record-refused' }],
  [45, { name: 'OUT_OF_ORDER_SEQUENCE_NUMBER', code: 'transaction-lost' }],
  [46, { name: 'DUPLICATE_SEQUENCE_NUMBER', code: 'transaction-lost' }],
  [47, { name: 'INVALID_PRODUCER_EPOCH', code: 'producer-fenced' }],
  [48, { name: 'INVALID_TXN_STATE', code: 'transaction-lost' }],
  [49, { name: 'INVALID_PRODUCER_ID_MAPPING', code: 'transaction-lost' }],
  [50, { name: 'INVALID_TRANSACTION_TIMEOUT', code: 'config-invalid' }],
  [51, { name: 'CONCURRENT_TRANSACTIONS', code: 'kafka-retriable', resend: 'same' }],
  [52, { name: 'TRANSACTION_COORDINATOR_FENCED', code: 'transaction-lost' }],
  [53, { name: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', code: 'kafka-authorization' }],
  [55, { name: 'OPERATION_NOT_ATTEMPTED', code: 'kafka-retriable', resend: 'same' }],
  [56, { name: 'KAFKA_STORAGE_ERROR', code: 'kafka-retriable', resend: 'leader' }],
  [58, { name: 'SASL_AUTHENTICATION_FAILED', code: 'kafka-authentication' }],
  [59, { name: 'UNKNOWN_PRODUCER_ID', code: 'transaction-lost' }],
  [72, { name: 'LISTENER_NOT_FOUND', code: 'kafka-retriable', resend: 'leader' }],
  [74, { name: 'FENCED_LEADER_EPOCH', code: 'kafka-retriable', resend: 'leader' }],
  [75, { name: 'UNKNOWN_LEADER_EPOCH', code: 'kafka-retriable', resend: 'leader' }],
  [76, { name: 'UNSUPPORTED_COMPRESSION_TYPE', code: 'record-refused' }],
  [78, { name: 'OFFSET_NOT_AVAILABLE', code: 'kafka-retriable', resend: 'leader' }],
  [79, { name: 'MEMBER_ID_REQUIRED', code: 'membership-lost' }],
  [81, { name: 'GROUP_MAX_SIZE_REACHED', code: 'config-invalid' }],
  [82, { name: 'FENCED_INSTANCE_ID', code: 'member-fenced' }],
  [87, { name: 'INVALID_RECORD', code: 'record-refused' }],
  [88, { name: 'UNSTABLE_OFFSET_COMMIT', code: 'kafka-retriable', resend: 'same' }],
  [89, { name: 'THROTTLING_QUOTA_EXCEEDED', code: 'kafka-retriable', resend: 'same' }],
  [90, { name: 'PRODUCER_FENCED', code: 'producer-fenced' }],
  [100, { name: 'UNKNOWN_TOPIC_ID', code: 'topic-missing', resend: 'leader' }],
  [103, { name: 'INCONSISTENT_TOPIC_ID', code: 'kafka-retriable', resend: 'leader' }],
  [120, { name: 'TRANSACTION_ABORTABLE', code: 'transaction-lost' }],
])

/** The numbers that code asks for by name. */
export const wireError = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopic: 3,
  leaderNotAvailable: 5,
  messageTooLarge: 10,
  illegalGeneration: 22,
  unknownMember: 25,
  rebalanceInProgress: 27,
  concurrentTransactions: 51,
  notAttempted: 55,
  memberIdRequired: 79,
  fencedInstance: 82,
  unstableOffset: 88,
  unknownTopicId: 100,
} as const

/** What a broker's error number becomes; `doing` says what was asked for, e.g. "JoinGroup of orders-enriched". */
export function refused(error: number, doing: string, fields: Record<string, unknown> = {}): StreamJobError {
  const known: BrokerError = brokerErrors.get(error) ?? { name: 'an error this runtime does not know', code: 'kafka-protocol' }
  const meaning = known.meaning === undefined ? '' : `: ${known.meaning}`
  return new StreamJobError(known.code, `${doing}: the broker answered ${known.name} (${error})${meaning}`, {
    fields: { ...fields, brokerError: error },
  })
}

export function resendOf(error: number): Resend | undefined {
  return brokerErrors.get(error)?.resend
}
