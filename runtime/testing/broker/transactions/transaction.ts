/** One transactional id, as the log of its coordinator has it. */
export type TransactionState = 'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort'

export interface Transaction {
  readonly transactionalId: string
  producerId: number
  /** -1: never given to anybody. */
  epoch: number
  timeoutMs: number
  state: TransactionState
  /** As `transactionPartition` writes them; emptied when all have their markers. */
  partitions: Set<string>
  /** Epoch ms of the first partition; -1 where nothing was begun. */
  startedAt: number
  /** Epoch ms of the last change that stands in the log. */
  changedAt: number
  /** Rises with every decision, so that markers of one transaction are not counted for another. */
  decisions: number
}

/** Names a partition that a transaction writes to. */
export function transactionPartition(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

export function parsePartition(name: string): { readonly topic: string; readonly partition: number } {
  const dash = name.lastIndexOf('-')
  return { topic: name.slice(0, dash), partition: Number(name.slice(dash + 1)) }
}

/** Offsets that a transaction commits are written here, as if to any topic. */
export const offsetsTopic = '__consumer_offsets'

/** After this one a producer gets another id. */
export const lastEpoch = 32_766
