/** What a transaction came to, told at the moment that its fate is written: before any marker, so that a checker need not trust them. */
import type { TopicPartition } from '../../kafka/records.ts'
import type { Groups } from './groups/groups.ts'
import type { Topics } from './topics.ts'
import type { Transaction } from './transactions/transaction.ts'
import { offsetsTopic, parsePartition } from './transactions/transaction.ts'

export interface DecidedTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly epoch: number
  readonly outcome: 'commit' | 'abort'
  /** What it has written so far, first and last offset of batches that follow one another. A request under way may still add to it. */
  readonly records: readonly (TopicPartition & { readonly firstOffset: number; readonly lastOffset: number })[]
  /** What it will set, or would have set. */
  readonly offsets: readonly (TopicPartition & { readonly groupId: string; readonly offset: number; readonly metadata: string })[]
}

export type DecidedListener = (decided: DecidedTransaction) => void

export function describeDecision(transaction: Transaction, topics: Topics, groups: Groups): DecidedTransaction {
  const { transactionalId, producerId, epoch, state, partitions } = transaction
  const records = [...partitions].map(parsePartition).flatMap(({ topic, partition }) => {
    if (topic === offsetsTopic) return []
    const ranges = topics.partition(topic, partition)?.log.openRanges(producerId) ?? []
    return ranges.map(([firstOffset, lastOffset]) => ({ topic, partition, firstOffset, lastOffset }))
  })
  const offsets = groups.all.flatMap(({ groupId, offsets: known }) =>
    known.pendingOf(producerId).map(({ topic, partition, offset, metadata }) => ({ groupId, topic, partition, offset, metadata })),
  )
  return { transactionalId, producerId, epoch, outcome: state === 'PrepareCommit' ? 'commit' : 'abort', records, offsets }
}
