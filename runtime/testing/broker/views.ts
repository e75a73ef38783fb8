/** What a virtual cluster shows to checkers: raw facts, for them to judge. */
import type { TopicPartition } from '../../kafka/records.ts'
import type { Group, GroupState } from './groups/group.ts'
import type { LoggedBatch } from './log/batch.ts'
import type { TransactionState } from './transactions/transaction.ts'

export interface PartitionView {
  readonly logStart: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  /** In order; the first may begin before `logStart`. */
  readonly batches: readonly LoggedBatch[]
}

export interface TransactionView {
  readonly transactionalId: string
  readonly state: TransactionState
  readonly producerId: number
  readonly epoch: number
  /** All that it writes to, the offsets topic too, until every one of them has its marker. */
  readonly partitions: readonly TopicPartition[]
  /** Epoch ms; -1: nothing was begun. */
  readonly startedAt: number
}

export interface GroupView {
  readonly generation: number
  readonly state: GroupState
  readonly leaderId: string | null
  readonly members: readonly { readonly instanceId: string | null; readonly memberId: string; readonly assignment: Buffer }[]
  /** Committed; what is pending in transactions does not count yet. */
  readonly offsets: readonly (TopicPartition & { readonly offset: number; readonly metadata: string })[]
}

export function groupView({ generation, state, leaderId, members, offsets }: Group): GroupView {
  return {
    generation,
    state,
    leaderId,
    members: [...members.values()].map(({ instanceId, memberId, assignment }) => ({ instanceId, memberId, assignment })),
    offsets: offsets.committed.map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset, metadata })),
  }
}
