/**
 * What the worker uses of Kafka. Each part is made over one `KafkaTransport` (transport.ts), so it runs on a real or a virtual broker alike.
 * Every failure is a StreamJobError whose `recovery` says what to do.
 */
import type { RecordBlock, RecordHeader, TopicPartition } from './records.ts'

export interface PartitionPosition extends TopicPartition {
  /** Next offset to read. */
  readonly offset: number
}

/** Reads assigned partitions read-committed, ahead of the work, within a bound of bytes. */
export interface BlockFetcher extends AsyncDisposable {
  /** Replaces what is read; partitions that stay keep position and read-ahead. A position is good for the topic of that id, where one is given. */
  assign(positions: readonly (PartitionPosition & { readonly topicId?: string })[]): void
  /** Drops the read-ahead of a partition and reads from the offset. */
  seek(topic: string, partition: number, offset: number): void
  /**
   * The next block of any assigned partition; null after `timeoutMs` with nothing. Throws `position-out-of-range` with topic, partition and offset in
   * its fields, `topic-missing`, `topic-replaced`, `kafka-*`.
   */
  next(timeoutMs: number): Promise<RecordBlock | null>
  /** Blocks ready without waiting: the next block of this partition, or null. */
  take(topic: string, partition: number): RecordBlock | null
  /** Timestamp of the first record ready per partition: which one to process next is chosen by it. */
  ready(): readonly { readonly topic: string; readonly partition: number; readonly timestamp: number }[]
  /**
   * Hands nothing out of a partition until it is resumed by `false`. It is read ahead as far as its own part of the bound goes, so that it takes nothing from the
   * others. A partition that is assigned anew is not paused.
   */
  pause(topic: string, partition: number, paused: boolean): void
  /** Throws as `next` does when a partition can't be read; the others may have blocks for a long time yet. */
  check(): void
  /** As of the last fetch answers; undefined before the first. */
  ends(topic: string, partition: number): PartitionEnds | undefined
}

/** What an answer told of a partition. */
export interface PartitionEnds {
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStart: number
  /** Next offset that is asked for; what lies before it is here, or was taken. */
  readonly fetchOffset: number
  /** When it was asked for: what it says was true then or later, however long it lay here. Monotonic ms. */
  readonly askedAt: number
  /** When the answer was taken in, monotonic ms. */
  readonly answeredAt: number
}

/** Who commits: sent with every offset, it fences members that were replaced or belong to an older generation. */
export interface GroupIdentity {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly instanceId: string | null
}

export interface OffsetToCommit extends PartitionPosition {
  /** At most 4 KiB. */
  readonly metadata: string
}

/**
 * One producer, one transaction at a time. After any error it is `failed` for ever: throw it away and make a new one, whose `init` aborts or
 * completes what is open.
 */
export interface TransactionalProducer extends AsyncDisposable {
  readonly failed: boolean
  /** InitProducerId; fences whoever used the id. */
  init(): Promise<void>
  /**
   * Adds a record to the open transaction (begun by the first record). Bytes are copied. Synchronous; bounded by calling `flush` when
   * `bufferedBytes` is large.
   */
  append(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void
  readonly bufferedBytes: number
  /** Whether a transaction is open at the broker or has records waiting. */
  readonly open: boolean
  /** The offset behind the last record that this producer has written to a partition; null: it has not, or it is not known. */
  acknowledged(topic: string, partition: number): number | null
  /** Sends all that is buffered and waits until every record is acknowledged. */
  flush(): Promise<void>
  /** Flush, offsets, end. When it resolves the transaction is committed. On error the outcome may be unknown. */
  commit(offsets: readonly OffsetToCommit[], group: GroupIdentity): Promise<void>
  abort(): Promise<void>
}

export interface CommittedOffset {
  /** -1: none. */
  readonly offset: number
  readonly metadata: string | null
}

/** A static member of the job's group. Never leaves by itself. */
export interface GroupMember extends AsyncDisposable {
  /**
   * JoinGroup and SyncGroup, until an assignment is there. `userData` is what the assignor of the leader sees.
   * Throws `member-fenced`, `kafka-*`.
   */
  join(userData: Buffer): Promise<{ readonly identity: GroupIdentity; readonly assignment: Buffer; readonly instances: readonly string[] }>
  /** Undefined before the first join. */
  readonly identity: GroupIdentity | undefined
  /** Set by the heartbeats that run on their own connection; cleared by `join`. */
  readonly state: 'stable' | 'rebalancing' | 'lost' | 'fenced'
  /** Resolves when `state` leaves 'stable'. */
  changed(): Promise<void>
}

export interface MemberMetadata {
  readonly instanceId: string
  readonly memberId: string
  readonly userData: Buffer
}

/** Called at the leader: instance id -> assignment bytes. Pure. */
export type Assignor = (members: readonly MemberMetadata[]) => ReadonlyMap<string, Buffer>

export interface TopicDescription {
  readonly topic: string
  /** 32 hex digits; the same topic name made again has another. */
  readonly id: string
  readonly partitions: number
}

/** The rest: metadata and offsets. */
export interface KafkaReader {
  /** Topics that do not exist are absent from the answer. */
  describeTopics(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>>
  clusterId(): Promise<string>
  /** OffsetFetch by name with require-stable; waits while a transaction holds one of them. */
  committedOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedOffset>>
  /** `highWatermark`: the end including open transactions. For `atTimestamp` the first offset at or after it, or the end. */
  listOffset(topic: string, partition: number, at: 'earliest' | 'highWatermark' | { readonly timestamp: number }): Promise<number>
  /** Read-committed blocks of [from, to), then ends. */
  readRange(topic: string, partition: number, from: number, to: number, signal: AbortSignal): AsyncIterable<RecordBlock>
  /** Read-committed, from the start, for ever: the job topic. */
  tail(topic: string, partition: number, signal: AbortSignal): AsyncIterable<RecordBlock>
  /**
   * Deletes the records before an offset: the partition begins there, or where it begins already if that is behind it. May be repeated. Throws
   * `position-out-of-range` beyond the end of the partition, `record-refused` where the topic is only compacted, `topic-missing`, `kafka-*`.
   */
  deleteRecords(topic: string, partition: number, before: number): Promise<void>
  /** InitProducerId for somebody else's id: aborts its open transaction and fences it. */
  fence(transactionalId: string): Promise<void>
}

/** Sends records outside of any transaction; idempotent, in order. */
export interface OutputProducer extends AsyncDisposable {
  append: TransactionalProducer['append']
  readonly bufferedBytes: number
  readonly failed: boolean
  flush(): Promise<void>
}

export interface MemberOptions {
  readonly groupId: string
  readonly instanceId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly assign: Assignor
  /** The partitions in an assignment, for Kafka's own tools, which show them when somebody describes the group. */
  readonly describe?: (assignment: Buffer) => readonly TopicPartition[]
}

/** One process's connections to a cluster, and all that is made over them. */
export interface KafkaClient extends AsyncDisposable {
  readonly reader: KafkaReader
  /** `readAheadBytes`: bound of what it holds that was not taken yet; the client's by default. */
  fetcher(options?: { readonly readAheadBytes?: number }): BlockFetcher
  transactionalProducer(transactionalId: string): TransactionalProducer
  outputProducer(): OutputProducer
  member(options: MemberOptions): GroupMember
}
