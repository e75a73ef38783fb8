/** The operator's part in a simulated job: the job record, evictions and fencing. What it does it does until it is done, as the real one would. */
import { StreamJobError } from '../../errors.ts'
import type { ConnectedKafka } from '../../kafka/connect.ts'
import { evictMembers } from '../../kafka/group/evict.ts'
import { readJobRecord, StaleJobRecord, writeJobRecord } from '../../kafka/job-topic.ts'
import type { JobRecord } from '../../protocol.ts'
import { names, recordStages } from '../../protocol.ts'
import type { VirtualProcess } from '../time/virtual-process.ts'
import { codeHash, instanceOf } from './workers.ts'
import type { Workers } from './workers.ts'
import { applicationId, topics } from './world.ts'
import type { World } from './world.ts'

const never = new AbortController().signal

export class SimulatedOperator {
  readonly #world: World
  readonly #workers: Workers
  readonly #process: VirtualProcess
  readonly #kafka: ConnectedKafka
  #record: JobRecord | null = null
  #busy = false
  /** Instances that it has taken out of the group. A request to do so may arrive when they are in it again. */
  readonly evicted = new Set<string>()

  constructor(world: World, workers: Workers) {
    this.#world = world
    this.#workers = workers
    this.#process = world.process('operator')
    this.#kafka = world.connect(this.#process)
  }

  /** Whether an operation is under way; there is one at a time. */
  get busy(): boolean {
    return this.#busy
  }

  get record(): JobRecord | null {
    return this.#record
  }

  /** The first record, and the first workers. */
  begin(parallelism: number): void {
    this.#operate('start', async () => {
      await this.#order({ parallelism })
      this.#workers.wanted = parallelism
      this.#workers.startAll()
    })
  }

  /** A new epoch that changes nothing else. */
  renew(): void {
    this.#operate('new epoch', () => this.#order({}))
  }

  scale(parallelism: number): void {
    this.#operate(`scale to ${parallelism}`, async () => {
      const before = this.#workers.wanted
      await this.#order({ parallelism })
      this.#workers.wanted = parallelism
      this.#workers.startAll()
      const removed = Array.from({ length: Math.max(0, before - parallelism) }, (_, i) => parallelism + i)
      for (const ordinal of removed) this.#workers.end(ordinal)
      await this.#process.timing.sleep(removed.length === 0 ? 100 : 1_000)
      for (const ordinal of removed) this.#workers.crash(ordinal)
      await this.#remove(removed)
    })
  }

  /**
   * Everything is forgotten and done again, in a new lineage. Whoever has not said that it stands still is deleted first: nothing but its end keeps a worker
   * that has missed the order from committing.
   */
  startAfresh(begun: (lineage: number) => void): void {
    this.#operate('start afresh', async () => {
      await this.#order({ mode: 'stop' })
      await this.#process.timing.sleep(this.#world.random.between(100, 1_500))
      const epoch = this.#record?.epoch ?? 0
      const still = new Set(
        this.#workers.statuses.filter((one) => one.state === 'waiting' && one.epoch === epoch).map(({ instanceId }) => instanceId),
      )
      this.#workers.paused = true
      for (const ordinal of this.#workers.running) if (!still.has(instanceOf(ordinal))) this.#workers.crash(ordinal)
      const all = Array.from({ length: this.#workers.wanted }, (_, ordinal) => ordinal)
      await this.#remove(all)
      const lineage = (this.#record?.lineage ?? 1) + 1
      this.#world.createInternalTopics(lineage)
      this.#world.cluster.forgetGroupOffsets(names.group(applicationId))
      this.#forgetInput()
      begun(lineage)
      await this.#order({ mode: 'run', lineage })
      this.#workers.paused = false
      this.#workers.startAll()
    })
  }

  /** Some of the input is older than it is kept: what begins afresh begins behind it, and comes to other state than before. */
  #forgetInput(): void {
    const { cluster, setting, random } = this.#world
    for (let partition = 0; partition < setting.partitions; partition++) {
      const { logStart, lastStableOffset } = cluster.partition(topics.source, partition)
      if (random.chance(0.7)) cluster.deleteRecords(topics.source, partition, Math.floor(random.between(logStart, lastStableOffset)))
    }
  }

  #operate(what: string, work: () => Promise<void>): void {
    if (this.#busy) return
    this.#busy = true
    this.#world.history.note('operator', what)
    work().then(
      () => {
        this.#busy = false
        this.#world.history.note('operator', `${what}: done`)
      },
      (error: unknown) => this.#world.violate(`the operator failed to ${what}: ${error instanceof Error ? error.stack : String(error)}`),
    )
  }

  async #remove(ordinals: readonly number[]): Promise<void> {
    const instances = ordinals.map(instanceOf)
    for (const instance of instances) this.evicted.add(instance)
    const options = { timing: this.#process.timing, patienceMs: 5_000, signal: never }
    await this.#insist(() => evictMembers(this.#kafka.transport, names.group(applicationId), instances, options))
    for (const ordinal of ordinals) await this.#insist(() => this.#kafka.reader.fence(names.workerTransactionalId(applicationId, ordinal)))
  }

  async #order(change: Partial<JobRecord>): Promise<void> {
    const before = this.#record
    const next: JobRecord = { ...(before ?? (await this.#firstRecord())), ...change, epoch: (before?.epoch ?? 0) + 1 }
    const stages = next.lineage === before?.lineage ? next.stages : await this.#stagesOf(next.lineage, before)
    const record = { ...next, stages }
    await this.#insist(async () => {
      try {
        await writeJobRecord(this.#kafka, applicationId, record, before?.epoch ?? null, { now: this.#world.timeOfDay, signal: never })
      } catch (error) {
        // The answer to an earlier attempt was lost.
        if (error instanceof StaleJobRecord && (await readJobRecord(this.#kafka, applicationId, never))?.epoch === record.epoch) return
        throw error
      }
    })
    this.#record = record
    this.#world.history.note('operator', 'job record', {
      epoch: record.epoch,
      parallelism: record.parallelism,
      lineage: record.lineage,
      mode: record.mode,
    })
  }

  async #firstRecord(): Promise<JobRecord> {
    return {
      formatVersion: 1,
      identity: { uid: 'simulated', kubernetesCluster: 'virtual', kafkaCluster: await this.#insist(() => this.#kafka.reader.clusterId()) },
      epoch: 0,
      lineage: 1,
      planFingerprint: 'simulated',
      codeHash,
      parallelism: 0,
      stages: [],
      mode: 'run',
      operationId: null,
      restoresDone: [],
      standbys: this.#world.setting.standbys,
    }
  }

  async #stagesOf(lineage: number, before: JobRecord | null): Promise<JobRecord['stages']> {
    const { stages, stageTopics } = this.#world
    const changelogs = stageTopics.changelogs(lineage).map(({ topic }) => topic)
    const described = await this.#insist(() => this.#kafka.reader.describeTopics(changelogs))
    const found = stages.map((stage) => ({ ...stage, changelogId: described.get(stageTopics.changelog(stage, lineage))?.id ?? '' }))
    return recordStages(found, applicationId, lineage, before)
  }

  async #insist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof StreamJobError)) throw error
        this.#world.history.note('operator', 'tries again', { error: error.message })
        await this.#process.timing.sleep(500)
      }
    }
  }
}
