/**
 * The checker. It follows what the brokers decide, not what workers say: at every transaction that is decided to commit, the results in it must be exactly
 * those that the model gives for the input that the transaction's offsets move past, in the order of each key. By induction the committed results equal
 * the model's on the committed input at every point of a run.
 */
import { partitionFor } from '../../formats/key.ts'
import { names } from '../../protocol.ts'
import type { DecidedTransaction } from '../broker/decided.ts'
import type { PlainRecord } from './plain-records.ts'
import { CommittedLog } from './committed-log.ts'
import type { OffsetRange } from './committed-log.ts'
import { TaskLedger } from './task-ledger.ts'
import { applicationId, topics } from './world.ts'
import type { World } from './world.ts'

const group = names.group(applicationId)
const results: ReadonlyMap<string, 'sink' | 'late' | 'dead-letter'> = new Map([
  [topics.sink, 'sink'],
  [topics.late, 'late'],
  [topics.deadLetter, 'dead-letter'],
])

export class Ledger {
  readonly #world: World
  readonly #source: CommittedLog
  #tasks: readonly TaskLedger[]
  /** Results that were decided to be committed since the lineage began. */
  #results = 0
  #begunAfresh = false

  constructor(world: World) {
    this.#world = world
    this.#source = new CommittedLog(world.cluster, topics.source)
    this.#tasks = this.#newTasks()
    world.cluster.onDecided((decided) => this.#decided(decided))
  }

  /** Nothing counts as read any more. */
  startAfresh(): void {
    this.#begunAfresh = true
    this.#tasks = this.#newTasks()
  }

  get results(): number {
    return this.#results
  }

  /** What is not committed yet of the input that stands in the logs, and of what it leads to; null: nothing. */
  get due(): string | null {
    for (const [partition, task] of this.#tasks.entries()) {
      const { highWatermark } = this.#world.cluster.partition(topics.source, partition)
      if (task.next < highWatermark) return `partition ${partition} is committed up to ${task.next} of ${highWatermark}`
      const owed = task.owed()
      if (owed !== null) return owed
    }
    return null
  }

  /** To be called when nothing is due any more: reads what the brokers hold, beside what they decided. */
  finish(): void {
    if (this.#world.config.processing.guarantee === 'AtLeastOnce') this.#checkAtLeastOnce()
  }

  #decided(decided: DecidedTransaction): void {
    if (this.#world.violation !== null) return
    const { transactionalId, outcome, records } = decided
    for (const range of records)
      if (range.topic === topics.source && outcome === 'abort') this.#source.abort(range.partition, decided.producerId, range)
    const offsets = decided.offsets.filter(({ groupId }) => groupId === group)
    if (transactionalId.startsWith(applicationId)) {
      this.#world.history.note('brokers', `decide ${transactionalId}: ${outcome}`, {
        epoch: decided.epoch,
        offsets: offsets.map(({ partition, offset, metadata }) => `${partition}@${offset} ${metadata}`),
      })
    }
    if (outcome === 'abort') return
    for (const { partition, offset, metadata } of offsets) {
      const task = this.#tasks[partition]
      if (task === undefined) return this.#world.violate(`${transactionalId} committed an offset of partition ${partition}, which does not exist`)
      this.#violateUnless(task.advance(offset, metadata))
    }
    const moved = new Set(offsets.map(({ partition }) => partition))
    for (const range of records) {
      const to = results.get(range.topic)
      if (to === undefined) continue
      for (const record of this.#recordsOf(range.topic, range.partition, range, decided)) this.#check(to, record, moved, transactionalId)
    }
    for (const { partition } of offsets) this.#violateUnless(this.#tasks[partition]?.missing() ?? null)
  }

  #check(to: 'sink' | 'late' | 'dead-letter', record: PlainRecord, moved: ReadonlySet<number>, transactionalId: string): void {
    const partition = this.#taskOf(record)
    this.#results++
    const what = `${to} record ${record.key ?? 'null'} ${record.value ?? 'null'}`
    if (!moved.has(partition)) {
      return this.#world.violate(`${transactionalId} committed a result of task ${partition} without its offset: ${what}`)
    }
    const task = this.#tasks[partition]
    this.#violateUnless(task === undefined ? `there is no task ${partition} for ${what}` : task.receive(to, record.key, record.value ?? ''))
  }

  /** Keys are the source's, and dropped records say where they come from. */
  #taskOf({ key, headers }: PlainRecord): number {
    const told = headers.get('streamjob.partition')
    if (told !== undefined) return Number(told)
    const bytes = Buffer.from(key ?? '')
    return partitionFor(bytes, 0, bytes.length, this.#world.setting.partitions)
  }

  #recordsOf(
    topic: string,
    partition: number,
    range: OffsetRange,
    writer: { readonly producerId: number; readonly epoch: number },
  ): readonly PlainRecord[] {
    return new CommittedLog(this.#world.cluster, topic).written(partition, range, writer)
  }

  /** Outputs leave on their own, any number of times: each expected one is there, and no other. */
  #checkAtLeastOnce(): void {
    const found = new Set<string>()
    const log = new CommittedLog(this.#world.cluster, topics.sink)
    for (let partition = 0; partition < this.#world.setting.sinkPartitions; partition++) {
      for (const record of log.all(partition)) found.add(`${record.key ?? 'null'} ${record.value ?? 'null'}`)
    }
    const expected = new Set(this.#tasks.flatMap((task) => task.expectedOnTheirOwn))
    for (const one of expected) if (!found.has(one)) return this.#world.violate(`a result is missing: ${one}`)
    // What was sent before the job began afresh is there for ever, and may even arrive later.
    if (this.#begunAfresh) return
    for (const one of found) if (!expected.has(one)) return this.#world.violate(`a result is not the model's: ${one}`)
  }

  #violateUnless(problem: string | null): void {
    if (problem !== null) this.#world.violate(problem)
  }

  #newTasks(): readonly TaskLedger[] {
    const { setting, job, config } = this.#world
    const inTransactions = config.processing.guarantee === 'ExactlyOnce'
    return Array.from({ length: setting.partitions }, (_, partition) => {
      const from = this.#world.cluster.partition(topics.source, partition).logStart
      return new TaskLedger({ partition, from, source: this.#source, model: job.model(), inTransactions })
    })
  }
}
