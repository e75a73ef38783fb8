/**
 * What the data plane asks of brokers: typed requests, and nothing about sockets. Everything else in this folder stands on this interface alone, so it
 * runs over kafkajs (kafkajs/transport.ts) and over a virtual broker alike.
 *
 * Answers carry the broker's own error numbers (broker-errors.ts); what is thrown is a StreamJobError of the way there: `kafka-unreachable`,
 * `kafka-authentication`, `kafka-protocol`. A request that failed like that may have been carried out.
 */
import type { TopicPartition } from './records.ts'

export interface KafkaTransport extends AsyncDisposable {
  /** Connections of its own. A broker answers the requests of one channel one after the other, so whatever may wait (fetch, join) has a channel. */
  channel(): KafkaChannel
}

/** Requests name the node that they go to; which node that is, is found out by `metadata` and `findCoordinator` (routes.ts keeps the answers). */
export interface KafkaChannel extends AsyncDisposable {
  metadata(topics: readonly string[]): Promise<MetadataAnswer>
  findCoordinator(kind: CoordinatorKind, key: string): Promise<CoordinatorAnswer>

  fetch(node: number, request: FetchRequest): Promise<FetchAnswer>
  produce(node: number, request: ProduceRequest): Promise<readonly ProducedPartition[]>
  listOffsets(node: number, request: ListOffsetsRequest): Promise<readonly ListedOffset[]>
  deleteRecords(node: number, request: DeleteRecordsRequest): Promise<readonly DeletedRecords[]>

  joinGroup(node: number, request: JoinGroupRequest): Promise<JoinGroupAnswer>
  syncGroup(node: number, request: SyncGroupRequest): Promise<{ readonly error: number; readonly assignment: Buffer }>
  heartbeat(node: number, request: MemberIdentity): Promise<{ readonly error: number }>
  leaveGroup(node: number, request: LeaveGroupRequest): Promise<LeaveGroupAnswer>
  offsetFetch(node: number, request: OffsetFetchRequest): Promise<OffsetFetchAnswer>

  initProducerId(node: number, request: InitProducerIdRequest): Promise<InitProducerIdAnswer>
  addPartitionsToTxn(node: number, request: AddPartitionsRequest): Promise<readonly PartitionError[]>
  addOffsetsToTxn(node: number, request: ProducerIdentity & { readonly groupId: string }): Promise<{ readonly error: number }>
  txnOffsetCommit(node: number, request: TxnOffsetCommitRequest): Promise<readonly PartitionError[]>
  endTxn(node: number, request: ProducerIdentity & { readonly commit: boolean }): Promise<{ readonly error: number }>
}

export type CoordinatorKind = 'group' | 'transaction'

export interface PartitionError extends TopicPartition {
  readonly error: number
}

export interface MetadataAnswer {
  readonly clusterId: string
  readonly brokers: readonly { readonly node: number; readonly host: string; readonly port: number }[]
  readonly topics: readonly {
    readonly error: number
    readonly topic: string
    /** 32 hex digits. */
    readonly id: string
    /** `leader` is -1 where there is none. */
    readonly partitions: readonly { readonly error: number; readonly partition: number; readonly leader: number }[]
  }[]
}

export interface CoordinatorAnswer {
  readonly error: number
  readonly node: number
}

export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly partitions: readonly (TopicPartition & { readonly topicId: string; readonly offset: number; readonly maxBytes: number })[]
}

export interface FetchedPartition {
  /** 32 hex digits. A broker that has no topic of that id says so, even where one has the name. */
  readonly topicId: string
  readonly partition: number
  readonly error: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStart: number
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches; the last one may be cut short. Shares memory with the whole answer. */
  readonly records: Buffer
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** Always read-committed. */
export interface FetchAnswer {
  readonly error: number
  readonly partitions: readonly FetchedPartition[]
}

export interface ProduceRequest {
  readonly transactionalId: string | null
  readonly timeoutMs: number
  /** One record batch for each partition. */
  readonly partitions: readonly (TopicPartition & { readonly records: Buffer })[]
}

export interface ProducedPartition extends PartitionError {
  readonly baseOffset: number
  /** The broker's words about a refused batch. */
  readonly message: string | null
}

/** What ListOffsets takes in the place of a timestamp. */
export const offsetAt = { earliest: -2, highWatermark: -1 } as const

export interface ListOffsetsRequest {
  readonly partitions: readonly (TopicPartition & { readonly timestamp: number })[]
}

export interface ListedOffset extends PartitionError {
  /** -1: no record at or after the timestamp. */
  readonly offset: number
}

/** A partition's log is to begin at `offset`, or where it ends with -1. Where it begins behind that already, it is left as it is. */
export interface DeleteRecordsRequest {
  /** For all replicas to have done it. */
  readonly timeoutMs: number
  readonly partitions: readonly (TopicPartition & { readonly offset: number })[]
}

export interface DeletedRecords extends PartitionError {
  /** Where the log begins now on all replicas; -1 where nothing was done. */
  readonly logStart: number
}

export interface MemberIdentity {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly instanceId: string | null
}

export interface JoinGroupRequest {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Empty for a new member, or a static one that starts. */
  readonly memberId: string
  readonly instanceId: string | null
  readonly protocol: string
  readonly metadata: Buffer
}

export interface JoinGroupAnswer {
  readonly error: number
  readonly generation: number
  readonly leaderId: string
  readonly memberId: string
  /** Only the leader gets them. */
  readonly members: readonly { readonly memberId: string; readonly instanceId: string | null; readonly metadata: Buffer }[]
}

export interface SyncGroupRequest extends MemberIdentity {
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

/** By instance id alone (`memberId` empty) a member is evicted by somebody else. */
export interface LeaveGroupRequest {
  readonly groupId: string
  readonly members: readonly { readonly memberId: string; readonly instanceId: string | null }[]
}

export interface LeaveGroupAnswer {
  readonly error: number
  readonly members: readonly { readonly memberId: string; readonly instanceId: string | null; readonly error: number }[]
}

export interface OffsetFetchRequest {
  readonly groupId: string
  /** By name: without names an offset that is pending in a transaction would be left out in silence. */
  readonly partitions: readonly TopicPartition[]
}

/** Always require-stable. */
export interface OffsetFetchAnswer {
  readonly error: number
  /** `offset` is -1 where none was committed. */
  readonly partitions: readonly (PartitionError & { readonly offset: number; readonly metadata: string | null })[]
}

export interface InitProducerIdRequest {
  /** null: an idempotent producer without transactions. */
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
}

export interface InitProducerIdAnswer {
  readonly error: number
  readonly producerId: number
  readonly epoch: number
}

export interface ProducerIdentity {
  readonly transactionalId: string
  readonly producerId: number
  readonly epoch: number
}

export interface AddPartitionsRequest extends ProducerIdentity {
  readonly partitions: readonly TopicPartition[]
}

export interface TxnOffsetCommitRequest extends ProducerIdentity, MemberIdentity {
  readonly offsets: readonly (TopicPartition & { readonly offset: number; readonly metadata: string })[]
}
