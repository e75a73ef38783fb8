import type { VirtualCluster } from '../../broker/cluster.ts'
import type { CommittedLog } from './committed-log.ts'
import type { TaskInput } from './task-ledger.ts'

export interface SourceInputOptions {
  readonly cluster: VirtualCluster
  readonly topic: string
  readonly partition: number
  readonly log: CommittedLog
  readonly idleTimeoutMs: number
  /** Epoch ms, as the brokers have it. */
  readonly now: () => number
}

/** How far the clocks of a worker and of the brokers may be apart. Milliseconds. */
const clockMs = 5

/** A partition of the source. */
export function sourceInput({ cluster, topic, partition, log, idleTimeoutMs, now }: SourceInputOptions): TaskInput {
  return {
    *between(from, to) {
      for (const { key, value, timestamp, offset } of log.between(partition, from, to))
        yield { offset, record: { key: key ?? '', value: value ?? '', timestamp, partition, offset } }
    },
    // Whatever an answer said, and however late it came: the log must have ended there for so long.
    whyActive(position) {
      const { batches, logStart } = cluster.partition(topic, partition)
      const before = batches.findLast(({ lastOffset }) => lastOffset < position)
      if (before === undefined && logStart > 0) return null
      const next = batches.find(({ lastOffset }) => lastOffset >= position)
      const endedMs = (next?.appendedAt ?? now()) - (before?.appendedAt ?? -Infinity)
      return endedMs >= idleTimeoutMs - clockMs ? null : `${topic}-${partition} ended at ${position} for ${Math.round(endedMs)} ms only`
    },
  }
}
