/** The tasks of one stage in one lineage. */
import type { VirtualCluster } from '../../broker/cluster.ts'
import type { SimulatedJob } from '../job.ts'
import type { SimulatedStage } from '../stages.ts'
import type { CommittedLog } from './committed-log.ts'
import { Shuffle } from './shuffle.ts'
import { sourceInput } from './source-input.ts'
import { TaskLedger } from './task-ledger.ts'

export interface StageLedgerOptions {
  readonly cluster: VirtualCluster
  readonly stage: SimulatedStage
  /** How many there are before it. */
  readonly index: number
  readonly topic: string
  readonly changelog: string
  /** Of the topic. */
  readonly log: CommittedLog
  readonly job: SimulatedJob
  /** Tasks of the stage before it. */
  readonly writers: readonly TaskLedger[]
  readonly inTransactions: boolean
  readonly idleTimeoutMs: number
  /** Epoch ms, as the brokers have it. */
  readonly now: () => number
}

export class StageLedger {
  readonly name: string
  /** That it reads. */
  readonly topic: string
  readonly changelog: string
  readonly log: CommittedLog
  /** What that topic is, where other stages write it. */
  readonly shuffle: Shuffle | null
  readonly tasks: readonly TaskLedger[]
  readonly #cluster: VirtualCluster

  constructor(options: StageLedgerOptions) {
    const { cluster, stage, index, topic, changelog, log, job, writers, inTransactions } = options
    const { name, partitions } = stage
    this.name = name
    this.topic = topic
    this.changelog = changelog
    this.log = log
    this.#cluster = cluster
    const shuffle = stage.sourceTopic === null ? new Shuffle({ topic, partitions, log, writers }) : null
    this.shuffle = shuffle
    this.tasks = Array.from({ length: partitions }, (_, partition) => {
      const from = cluster.partition(topic, partition).logStart
      const input = shuffle === null ? sourceInput({ ...options, partition }) : shuffle.reader(partition)
      return new TaskLedger({ name: `${name}/${partition}`, from, input, model: job.model(index), inTransactions })
    })
  }

  /** What is not committed yet of what stands in its topic, and of what it leads to; null: nothing. */
  due(): string | null {
    for (const [partition, task] of this.tasks.entries()) {
      const { highWatermark } = this.#cluster.partition(this.topic, partition)
      if (task.next < highWatermark) return `${task.name} is committed up to ${task.next} of ${highWatermark}`
      const owed = task.owed()
      if (owed !== null) return owed
    }
    return this.shuffle?.due() ?? null
  }
}
