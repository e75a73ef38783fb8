/**
 * The checker. It follows what the brokers decide, not what workers say: at every transaction that is decided to commit, the results in it must be exactly
 * those that the model gives for the input that the transaction's offsets move past, in the order of each key. By induction the committed results equal
 * the model's on the committed input at every point of a run. What stages send to each other are results of one and input of the other.
 */
import { partitionFor } from '../../../formats/key.ts'
import { names } from '../../../protocol.ts'
import type { DecidedTransaction } from '../../broker/decided.ts'
import { applicationId, topics } from '../world.ts'
import type { World } from '../world.ts'
import { CommittedLog } from './committed-log.ts'
import type { PlainRecord } from './plain-records.ts'
import { plainRow } from './plain-rows.ts'
import { checkPosition } from './position.ts'
import { StageLedger } from './stage-ledger.ts'
import type { TaskLedger } from './task-ledger.ts'
import { Violation } from './violation.ts'
import { checkWhole } from './whole.ts'

const group = names.group(applicationId)
const results: ReadonlyMap<string, 'sink' | 'late' | 'dead-letter'> = new Map([
  [topics.sink, 'sink'],
  [topics.late, 'late'],
  [topics.deadLetter, 'dead-letter'],
])

type Written = PlainRecord & { readonly partition: number }

export class Ledger {
  readonly #world: World
  readonly #source: CommittedLog
  #stages: readonly StageLedger[]
  /** Results that were decided to be committed since the lineage began. */
  #results = 0
  #begunAfresh = false

  constructor(world: World) {
    this.#world = world
    this.#source = new CommittedLog(world.cluster, topics.source)
    this.#stages = this.#newStages(1)
    world.cluster.onDecided((decided) => this.#guarded(() => this.#decided(decided)))
  }

  /** Nothing counts as read any more. */
  startAfresh(lineage: number): void {
    this.#begunAfresh = true
    this.#stages = this.#newStages(lineage)
  }

  get results(): number {
    return this.#results
  }

  /** What is not committed yet of the input that stands in the logs, and of what it leads to; null: nothing. */
  get due(): string | null {
    for (const stage of this.#stages) {
      const due = stage.due()
      if (due !== null) return due
    }
    return null
  }

  /** What the watermark of a stage may be by what those that write for it have promised; null: it reads the source. */
  promisedTo(stage: string): number | null {
    return this.#stages.find(({ name }) => name === stage)?.shuffle?.most ?? null
  }

  /** To be called when nothing is due any more: reads what the brokers hold, beside what they decided. */
  finish(): void {
    this.#guarded(() => {
      if (this.#world.config.processing.guarantee === 'AtLeastOnce') this.#checkAtLeastOnce()
      checkWhole(this.#world.job, this.#stages)
    })
  }

  #guarded(work: () => void): void {
    if (this.#world.violation !== null) return
    try {
      work()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      this.#world.violate(error.message)
    }
  }

  #decided(decided: DecidedTransaction): void {
    const { transactionalId, outcome, records, producerId } = decided
    const offsets = decided.offsets.filter(({ groupId }) => groupId === group)
    if (transactionalId.startsWith(applicationId)) {
      this.#world.history.note('brokers', `decide ${transactionalId}: ${outcome}`, {
        epoch: decided.epoch,
        offsets: offsets.map(({ topic, partition, offset, metadata }) => `${topic}-${partition}@${offset} ${metadata}`),
      })
    }
    if (outcome === 'abort') {
      for (const range of records) this.#stages.find(({ topic }) => topic === range.topic)?.log.abort(range.partition, producerId, range)
      return
    }
    const moved = new Map<string, TaskLedger>()
    for (const { topic, partition, offset, metadata } of offsets) {
      const task = this.#stages.find((stage) => stage.topic === topic)?.tasks[partition]
      if (task === undefined) throw new Violation(`${transactionalId} committed an offset of ${topic}-${partition}, which is none of the job's`)
      task.advance(offset, metadata)
      moved.set(task.name, task)
    }
    for (const topic of results.keys())
      for (const record of this.#written(topic, decided)) this.#check(results.get(topic)!, record, moved, transactionalId)
    for (const [i, stage] of this.#stages.entries()) if (i > 0) this.#checkSent(stage, this.#stages[i - 1]!, moved, decided)
    for (const task of moved.values()) {
      const missing = task.missing()
      if (missing !== null) throw new Violation(missing)
    }
  }

  #check(to: 'sink' | 'late' | 'dead-letter', record: PlainRecord, moved: ReadonlyMap<string, TaskLedger>, transactionalId: string): void {
    const task = this.#taskOf(record)
    this.#results++
    const what = `${to} record ${record.key ?? 'null'} ${record.value ?? 'null'}`
    if (task === undefined) throw new Violation(`there is no task for ${what}`)
    if (!moved.has(task.name)) throw new Violation(`${transactionalId} committed a result of task ${task.name} without its offset: ${what}`)
    task.receive(to, record.key, record.value ?? '')
  }

  /** What a transaction sends to a stage, and what it tells it. */
  #checkSent(stage: StageLedger, from: StageLedger, moved: ReadonlyMap<string, TaskLedger>, decided: DecidedTransaction): void {
    const { shuffle } = stage
    if (shuffle === null) return
    const written = this.#written(stage.topic, decided)
    const senders = from.tasks.filter(({ name }) => moved.has(name))
    for (const { key, bytes, partition, offset, timestamp } of written.filter(isRecord)) {
      const json = JSON.stringify(plainRow(bytes))
      this.#results++
      const what = `${key} ${json} with timestamp ${timestamp} to ${stage.topic}-${partition}`
      if (partitionOf(key, stage.tasks.length) !== partition) throw new Violation(`${what} is in the wrong partition`)
      const task = senders.find((one) => one.owes('stage', key, json))
      if (task === undefined) throw new Violation(`${decided.transactionalId} sent ${what}, which no task owes whose offset is with it`)
      const output = task.receive('stage', key, json)
      if (output.to !== 'stage' || output.timestamp !== timestamp) throw new Violation(`${what} has another timestamp than that of the model`)
      shuffle.send(partition, offset, { writer: task.name, tardy: output.tardy === true })
    }
    shuffle.promise(
      written.filter((record) => !isRecord(record)),
      new Set(moved.keys()),
    )
    for (const task of stage.tasks) if (moved.has(task.name)) checkPosition(task, this.#written(stage.changelog, decided))
  }

  /** Keys are those of what the last stage reads, and dropped records say where they come from. */
  #taskOf({ key, headers }: PlainRecord): TaskLedger | undefined {
    const topic = headers.get('streamjob.topic')
    if (topic !== undefined) return this.#stages.find((stage) => stage.topic === topic)?.tasks[Number(headers.get('streamjob.partition'))]
    const { tasks } = this.#stages.at(-1)!
    return tasks[partitionOf(key, tasks.length)]
  }

  #written(topic: string, decided: DecidedTransaction): readonly Written[] {
    const log = new CommittedLog(this.#world.cluster, topic)
    return decided.records
      .filter((range) => range.topic === topic)
      .flatMap((range) => log.written(range.partition, range, decided).map((record) => ({ ...record, partition: range.partition })))
  }

  /** Outputs leave on their own, any number of times: each expected one is there, and no other. */
  #checkAtLeastOnce(): void {
    const found = new Set<string>()
    const log = new CommittedLog(this.#world.cluster, topics.sink)
    for (let partition = 0; partition < this.#world.setting.sinkPartitions; partition++) {
      for (const record of log.all(partition)) found.add(`${record.key ?? 'null'} ${record.value ?? 'null'}`)
    }
    const expected = new Set(this.#stages.flatMap(({ tasks }) => tasks).flatMap((task) => task.expectedOnTheirOwn))
    for (const one of expected) if (!found.has(one)) throw new Violation(`a result is missing: ${one}`)
    // What was sent before the job began afresh is there for ever, and may even arrive later.
    if (this.#begunAfresh) return
    for (const one of found) if (!expected.has(one)) throw new Violation(`a result is not the model's: ${one}`)
  }

  #newStages(lineage: number): readonly StageLedger[] {
    const { stages, stageTopics, job, config, cluster } = this.#world
    const made: StageLedger[] = []
    for (const [index, stage] of stages.entries()) {
      const topic = stageTopics.input(stage, lineage)
      const log = stage.sourceTopic === null ? new CommittedLog(cluster, topic) : this.#source
      const changelog = stageTopics.changelog(stage, lineage)
      const writers = made.at(-1)?.tasks ?? []
      const { guarantee, idleTimeoutMs } = config.processing
      const inTransactions = guarantee === 'ExactlyOnce'
      const now = (): number => this.#world.timeOfDay
      made.push(new StageLedger({ cluster, stage, index, topic, changelog, log, job, writers, inTransactions, idleTimeoutMs, now }))
    }
    return made
  }
}

/** A record, and no marker. */
function isRecord(record: Written): record is Written & { readonly key: string; readonly bytes: Buffer } {
  return record.key !== null && record.bytes !== null
}

function partitionOf(key: string | null, partitions: number): number {
  const bytes = Buffer.from(key ?? '')
  return partitionFor(bytes, 0, bytes.length, partitions)
}
