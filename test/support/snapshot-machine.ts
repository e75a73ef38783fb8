/**
 * One task on one machine after the other process's end, with a disk that fails and a changelog that does not: what its snapshots give back is compared with
 * a model, a plain map of the rows behind each commit.
 */
import type { KafkaReader } from '../../runtime/kafka/client.ts'
import type { RecordBlock } from '../../runtime/kafka/records.ts'
import { changelogDeleteRetentionMs } from '../../runtime/kafka/internal-topics.ts'
import type { StateStore, StateTable } from '../../runtime/state/store.ts'
import { VirtualDisk } from '../../runtime/testing/disk/virtual-disk.ts'
import { seededRandom } from '../../runtime/testing/time/random.ts'
import type { Random } from '../../runtime/testing/time/random.ts'
import { VirtualClock } from '../../runtime/testing/time/virtual-clock.ts'
import { VirtualProcess } from '../../runtime/testing/time/virtual-process.ts'
import { positionRowKey } from '../../runtime/worker/commits/positions.ts'
import type { SnapshotIdentity } from '../../runtime/worker/snapshots/format.ts'
import { LocalSnapshots } from '../../runtime/worker/snapshots/local-snapshots.ts'
import type { SnapshotLog } from '../../runtime/worker/snapshots/snapshot-log.ts'
import type { TaskImage } from '../../runtime/worker/tasks/image.ts'
import { createTelemetry } from '../../runtime/worker/telemetry.ts'
import { blockOf } from './blocks.ts'
import { assertSame, makeImage, positionRow, put, rowsOf, tableOf } from './text-store.ts'
import type { Rows } from './text-store.ts'

/** Changes of rows: by key, the new value; null: the row is deleted. */
export type Changes = readonly (readonly [key: string, value: string | null])[]

interface LogRecord {
  readonly offset: number
  readonly at: number
  readonly key: Buffer
  readonly value: Buffer | null
}

const name = 's/0'
export const machineIdentity: SnapshotIdentity = {
  applicationId: 'a',
  uid: 'u',
  lineage: 1,
  stage: 's',
  partition: 0,
  changelogTopic: 'changelog',
  changelogId: 'c',
}
/** A little of everything, so that cycles take several commits. */
const sizes = { waitingBytes: 2_000, smallBytes: 300, carriedBytes: 100, portionRows: 3 }

/** What runs the task until it ends, one way or another. */
interface Running {
  readonly process: VirtualProcess
  readonly snapshots: LocalSnapshots
  readonly store: StateStore
  readonly table: StateTable
  readonly log: SnapshotLog
}

export class SnapshotMachine {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly disk: VirtualDisk
  readonly telemetry = createTelemetry(() => undefined)
  /** The rows behind each commit, by its number. */
  readonly #models: Rows[] = [new Map()]
  #changelog: LogRecord[] = []
  #end = 0
  #running: Running | null = null
  /** Of the last start: the commit that the snapshot gave; null: none was of use. */
  loaded: number | null = null
  /** The longest time that the task waited for its snapshots at a commit. Virtual ms. */
  longestWaitMs = 0
  mostWaitingBytes = 0
  #epoch = 1_700_000_000_000

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.disk = new VirtualDisk({ scheduler: this.clock, random: this.random.fork(), clock: () => this.timeOfDay })
  }

  get timeOfDay(): number {
    return this.#epoch + this.clock.now()
  }

  get commits(): number {
    return this.#models.length - 1
  }

  /** The number of rows behind the last commit. */
  get rows(): number {
    return this.#models.at(-1)!.size
  }

  /** Lets `work` go on in virtual time until it is done. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let done = false
    const over = work.finally(() => (done = true))
    over.catch(() => undefined)
    if (!(await this.clock.run(() => done))) throw new Error('nothing is left to happen, and it is not done')
    return over
  }

  /** Starts the task from what is on the disk, and compares. Returns how long its snapshot took. Virtual ms. */
  start(): Promise<number> {
    const { process, snapshots } = this.#process()
    return this.#takeOver(process, snapshots)
  }

  /** The task goes elsewhere and comes back, the process stays. */
  async move(elsewhere: readonly Changes[]): Promise<number> {
    const { process, snapshots } = this.#demand()
    await this.run(snapshots.retain([], machineIdentity.lineage))
    this.elsewhere(elsewhere, 0)
    return this.#takeOver(process, snapshots)
  }

  /** What another process would load at the moment: the number of a commit; null: nothing. Changes nothing. */
  async look(identity: SnapshotIdentity = machineIdentity): Promise<number | null> {
    const image = await this.run(this.#process().snapshots.load(identity, makeImage))
    return image === null ? null : this.#compare(image)
  }

  #process(): { readonly process: VirtualProcess; readonly snapshots: LocalSnapshots } {
    const process = new VirtualProcess('worker', this.clock, this.random.fork(), 0.01)
    const { timing } = process
    const snapshots = new LocalSnapshots({
      disk: this.disk.mount(process).disk,
      directory: '/volume',
      syncEveryMs: 50,
      log: { info: () => undefined, warn: () => undefined },
      telemetry: this.telemetry,
      clock: () => this.timeOfDay,
      now: () => timing.now(),
      pause: (ms, signal) => timing.sleep(ms, signal),
      turn: () => timing.turn(),
      lot: () => this.random.below(2 ** 32),
      sizes,
    })
    return { process, snapshots }
  }

  async #takeOver(process: VirtualProcess, snapshots: LocalSnapshots): Promise<number> {
    const { timing } = process
    const began = this.clock.now()
    const base = await this.run(snapshots.load(machineIdentity, makeImage))
    const took = this.clock.now() - began
    this.loaded = base === null ? null : this.#compare(base)
    const image = base ?? makeImage()
    await this.run(image.replay(this.#end, { reader: this.#reader(), signal: new AbortController().signal, turn: () => timing.turn() }))
    image.store.markCommitted()
    assertSame(rowsOf(image.store), this.#models.at(-1)!, `restored up to commit ${this.commits}`)
    const log = snapshots.follow(machineIdentity, image)
    await this.run(snapshots.retain([name], machineIdentity.lineage))
    this.#running = { process, snapshots, store: image.store, table: tableOf(image.store), log }
    return took
  }

  /** A commit as a worker makes it. `known`: whether it learns the offset behind it. Never resolves when the process ends meanwhile. */
  async commit(changes: Changes, known = true): Promise<void> {
    const { snapshots, store, table, log, process } = this.#demand()
    await this.#wait(snapshots.room())
    this.#change(table, changes)
    const rows: { key: Buffer; value: Buffer | null }[] = []
    for (const { key, value } of store.changes()) {
      rows.push({ key, value })
      log.stage(key, value)
    }
    const position = positionRow(this.commits + 1)
    log.seal(position)
    await process.timing.sleep(1)
    this.#append(rows, changes, position)
    await process.timing.sleep(1)
    store.markCommitted()
    log.confirm(known ? this.#end : null)
    await this.#wait(snapshots.advance())
  }

  /** Changes that were prepared and did not count. */
  rewind(changes: Changes): void {
    const { store, table, log } = this.#demand()
    this.#change(table, changes)
    for (const { key, value } of store.changes()) log.stage(key, value)
    log.seal(positionRow(this.commits + 1))
    store.rollback()
    log.discard()
  }

  /** Time goes by, and the worker looks after its snapshots. */
  async advance(ms: number): Promise<void> {
    const { snapshots, process } = this.#demand()
    await process.timing.sleep(ms)
    await this.#wait(snapshots.advance())
  }

  /** The process ends as it should. */
  async close(): Promise<void> {
    const { snapshots } = this.#demand()
    await snapshots[Symbol.asyncDispose]()
    this.kill()
  }

  /** The process is killed; with `power` the machine loses its power too. */
  kill(power = false): void {
    this.#running?.process.kill()
    this.#running = null
    if (power) this.disk.powerCut()
    else this.disk.unmount()
  }

  /** While the task was not here somebody else committed, time went by, and the changelog was compacted. */
  elsewhere(commits: readonly Changes[], ms: number): void {
    for (const changes of commits) {
      const store = makeImage().store
      const table = tableOf(store)
      for (const [key, value] of this.#models.at(-1)!) put(table, key, value)
      store.markCommitted()
      this.#change(table, changes)
      this.#append([...store.changes()], changes, positionRow(this.commits + 1))
    }
    this.#epoch += ms
    this.compact()
  }

  /** Of each key the newest row stays, but for deletions that are old. */
  compact(): void {
    const newest = new Map(this.#changelog.map((record) => [record.key.toString('latin1'), record.offset]))
    const kept = ({ key, value, offset, at }: LogRecord): boolean =>
      newest.get(key.toString('latin1')) === offset && (value !== null || at > this.timeOfDay - changelogDeleteRetentionMs)
    this.#changelog = this.#changelog.filter(kept)
  }

  async #wait(work: Promise<void>): Promise<void> {
    const { snapshots } = this.#demand()
    const began = this.clock.now()
    await work
    this.longestWaitMs = Math.max(this.longestWaitMs, this.clock.now() - began)
    this.mostWaitingBytes = Math.max(this.mostWaitingBytes, snapshots.waitingBytes)
  }

  #demand(): Running {
    if (this.#running === null) throw new Error('no process runs')
    return this.#running
  }

  #change(table: StateTable, changes: Changes): void {
    for (const [key, value] of changes) put(table, key, value)
  }

  #append(rows: Iterable<{ readonly key: Buffer; readonly value: Buffer | null }>, changes: Changes, position: Buffer): void {
    const model = new Map(this.#models.at(-1))
    for (const [key, value] of changes) {
      if (value === null) model.delete(key)
      else model.set(key, value)
    }
    const at = this.timeOfDay
    for (const { key, value } of [...rows, { key: positionRowKey, value: position }]) this.#changelog.push({ offset: this.#end++, at, key, value })
    // The marker of the transaction.
    this.#end++
    this.#models.push(model)
  }

  /** Whether it is what some commit left; returns its number. */
  #compare(image: TaskImage): number {
    const commit = image.position?.commit ?? 0
    if (commit > this.commits) throw new Error(`the snapshot holds commit ${commit}, the last that counted is ${this.commits}`)
    assertSame(rowsOf(image.store), this.#models[commit]!, `loaded commit ${commit}`)
    return commit
  }

  #reader(): KafkaReader {
    const blocks = (from: number): RecordBlock => ({
      ...blockOf(
        this.#changelog.filter(({ offset }) => offset >= from),
        { topic: 'changelog' },
      ),
      nextOffset: this.#end,
    })
    // Nothing else of it is called by a replay.
    return {
      readRange: async function* (_topic: string, _partition: number, from: number, end: number) {
        if (from < end) yield blocks(from)
      },
    } as unknown as KafkaReader
  }
}
