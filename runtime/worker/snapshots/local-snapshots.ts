/** The local snapshots of a worker's tasks on its volume. Whatever becomes of the volume, the worst is that a task is restored from its changelog in full. */
import { randomInt } from 'node:crypto'
import { changelogDeleteRetentionMs } from '../../kafka/internal-topics.ts'
import { taskName } from '../assignment.ts'
import { encodePositionRow } from '../commits/positions.ts'
import type { Logger, WorkerParts } from '../parts.ts'
import type { TaskImage } from '../tasks/image.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Disk } from './disk.ts'
import { DiskQueue } from './disk-queue.ts'
import { snapshotDirectory } from './format.ts'
import type { SnapshotIdentity } from './format.ts'
import { loadSnapshot } from './load-snapshot.ts'
import type { LoadedSnapshot } from './load-snapshot.ts'
import { patient } from './patient-disk.ts'
import { usualSizes } from './sizes.ts'
import type { SnapshotSizes } from './sizes.ts'
import { SnapshotLog } from './snapshot-log.ts'
import { sweep } from './sweep.ts'
import { TaskFiles } from './task-files.ts'

export interface LocalSnapshotsParts {
  readonly disk: Disk
  /** Of the volume. */
  readonly directory: string
  /** Between two times that what was written is made safe from a loss of power. Milliseconds. */
  readonly syncEveryMs: number
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly telemetry: Telemetry
  /** Epoch ms. */
  readonly clock: () => number
  /** Monotonic ms. */
  readonly now: () => number
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly turn: () => Promise<void>
  /** Tells files apart (format.ts): a whole number below 2^32. @default drawn by the system */
  readonly lot?: () => number
  /** @default usualSizes */
  readonly sizes?: SnapshotSizes
}

/** How long a commit waits for a slow disk. Milliseconds. */
const writePatienceMs = 2_000
/** How long a start waits for a slow disk; below that rate the brokers are faster. */
const readPatience = { patienceMs: 10_000, bytesPerMs: 10_000 }
/** Of the time between two commits, cycles may take so much: more while there is nothing to start from. */
const cycleShare = { usual: 0.01, first: 0.05 }
const mostCycleMs = 50
/** For how long the event loop is kept from everything else. Milliseconds. */
const sliceMs = 4
/** Tombstones of rows that an older snapshot still has may be gone from the changelog. A day is left for clocks that differ. */
const oldestMs = changelogDeleteRetentionMs - 86_400_000

/** What a worker is to keep its snapshots with; null: it has no volume. */
export function snapshotsOf(parts: WorkerParts): LocalSnapshots | null {
  const { directory, snapshotIntervalMs } = parts.config.state
  if (directory === null || parts.disk === undefined) return null
  const { snapshotSizes: sizes = usualSizes } = parts
  return new LocalSnapshots({ ...parts, disk: parts.disk, directory, syncEveryMs: snapshotIntervalMs, sizes })
}

export class LocalSnapshots implements AsyncDisposable {
  readonly #parts: LocalSnapshotsParts
  readonly #sizes: SnapshotSizes
  readonly #queue: DiskQueue
  readonly #logs = new Map<string, SnapshotLog>()
  /** What the next log of a task may go on from. */
  readonly #loaded = new Map<string, LoadedSnapshot>()
  /** Directories of what nobody will load. */
  readonly #useless = new Set<string>()
  #advancedAt: number

  constructor(parts: LocalSnapshotsParts) {
    this.#parts = parts
    this.#sizes = parts.sizes ?? usualSizes
    this.#queue = new DiskQueue(parts.now)
    this.#advancedAt = parts.now()
  }

  /** The state of a task as a snapshot has it; null: there is none that is of use. `make` gives an image of nothing. */
  async load(identity: SnapshotIdentity, make: () => TaskImage): Promise<TaskImage | null> {
    const name = taskName(identity)
    this.#loaded.delete(name)
    await this.#close([name])
    const loaded = await this.#read(identity, make)
    if (loaded !== null) this.#loaded.set(name, loaded)
    return loaded?.image ?? null
  }

  /** The same for what is not going to be written to the volume again: a copy of a task that is somebody else's. */
  async copy(identity: SnapshotIdentity, make: () => TaskImage): Promise<TaskImage | null> {
    if (this.#logs.has(taskName(identity))) return null
    return (await this.#read(identity, make))?.image ?? null
  }

  async #read(identity: SnapshotIdentity, make: () => TaskImage): Promise<LoadedSnapshot | null> {
    const { now, turn, pause } = this.#parts
    const disk = patient(this.#parts.disk, { ...readPatience, now, pause })
    const directory = this.#directory(identity)
    try {
      const outcome = await loadSnapshot({ disk, directory, identity, make, now, turn })
      if (outcome.kind === 'none') return null
      if (outcome.kind === 'unusable') return this.unusable(identity, outcome.reason)
      if (isTooOld(outcome.written, this.#parts.clock())) {
        return this.unusable(identity, `it is of ${new Date(outcome.written).toISOString()}; rows deleted since may be forgotten`)
      }
      return outcome
    } catch (error) {
      return this.unusable(identity, error instanceof Error ? error.message : String(error))
    }
  }

  /** Says that a snapshot is of no use; its task is restored from the changelog. */
  unusable(identity: SnapshotIdentity, reason: string): null {
    const task = taskName(identity)
    this.#loaded.delete(task)
    this.#useless.add(this.#directory(identity))
    this.#parts.telemetry.snapshotFailures += 1
    this.#parts.log.warn('A local snapshot can not be used', { task, reason })
    return null
  }

  /** Begins to write the snapshot of a task that was restored; to be called before it changes. */
  follow(identity: SnapshotIdentity, image: TaskImage): SnapshotLog {
    const { clock, turn, disk, syncEveryMs, telemetry, lot = systemLot } = this.#parts
    const name = taskName(identity)
    const loaded = this.#loaded.get(name)
    this.#loaded.delete(name)
    const used = loaded?.image === image
    if (used) telemetry.snapshotRestores += 1
    const directory = this.#directory(identity)
    // Commits that came from the changelog are not in the files: they can be read once more, but not gone on from.
    const unchanged = used && image.replayed === 0
    const files = new TaskFiles({ disk, directory, identity, turn, lot, end: unchanged ? loaded.end : null })
    const log = new SnapshotLog({
      directory,
      store: image.store,
      files,
      queue: this.#queue,
      sizes: this.#sizes,
      clock,
      syncEveryMs,
      next: image.next,
      position: image.position === null ? null : encodePositionRow(image.position),
      loaded: unchanged ? loaded : null,
      failed: (reason) => {
        telemetry.snapshotFailures += 1
        this.#parts.log.warn('A local snapshot can not be written; the task goes on without', { task: name, reason })
      },
      wrote: (bytes) => void (telemetry.snapshotBytes += bytes),
    })
    if (this.#useless.delete(directory))
      this.#queue.add(
        log,
        0,
        () => disk.remove(directory),
        (error) => log.fail('what was there can not be removed', error),
      )
    this.#logs.set(name, log)
    return log
  }

  /** To be awaited before a commit: a disk that is slower than the job holds it up a little, one that stands still loses the snapshots. */
  async room(): Promise<void> {
    const { waitingBytes } = this.#sizes
    const logs = [...this.#logs.values()]
    // What waits of others, that have failed or are closed, gets no larger.
    if (this.#queue.bytes <= waitingBytes || !logs.some(({ writes }) => writes)) return
    const wait = new AbortController()
    const late = this.#parts.pause(writePatienceMs, wait.signal).then(() => 'late' as const)
    while (this.#queue.bytes > waitingBytes) {
      if ((await Promise.race([this.#queue.moved, late])) === 'late') break
    }
    wait.abort()
    if (this.#queue.bytes <= waitingBytes) return
    for (const log of logs) log.fail('the volume is slower than the job')
  }

  /** To be awaited behind a commit, while nothing is changed: goes on with the cycles, for a small part of the time. */
  async advance(): Promise<void> {
    const { now, turn } = this.#parts
    const started = now()
    for (const log of this.#logs.values()) log.settle()
    const carrying = [...this.#logs.values()].filter((log) => log.carrying)
    const share = carrying.some((log) => !log.based) ? cycleShare.first : cycleShare.usual
    const budget = Math.min(mostCycleMs, (started - this.#advancedAt) * share)
    this.#advancedAt = started
    if (carrying.length === 0) return
    let sliceBegan = started
    for (let round = carrying; round.length > 0; round = round.filter((log) => log.carrying)) {
      if (now() - started >= budget) round = round.filter((log) => log.behind)
      for (const log of round) {
        log.carry(this.#sizes.portionRows)
        if (now() - sliceBegan < sliceMs) continue
        await turn()
        sliceBegan = now()
      }
      if (this.#queue.bytes > this.#sizes.waitingBytes) break
    }
    for (const log of carrying) log.flush()
  }

  /** Writes for these tasks only from now on, some of which may still be on their way; clears the volume of what nobody will need any more. */
  async retain(names: readonly string[], lineage: number): Promise<void> {
    await this.#close([...this.#logs.keys()].filter((name) => !names.includes(name)))
    for (const name of this.#loaded.keys()) if (!names.includes(name)) this.#loaded.delete(name)
    const { disk, directory, clock } = this.#parts
    const kept = new Set(Array.from(this.#logs.values(), (log) => log.directory))
    const cleaning = (): Promise<void> => sweep({ disk, directory, lineage, kept, oldest: clock() - oldestMs })
    // What can not be cleared now may be the next time; a snapshot that it is in the way of says so.
    this.#queue.add(this, 0, cleaning, () => undefined)
  }

  /** What is held in memory until the disk takes it. Bytes. */
  get waitingBytes(): number {
    return this.#queue.bytes
  }

  /** Of the snapshot of a task on the volume. */
  bytesOf(name: string): number | null {
    return this.#logs.get(name)?.bytes ?? null
  }

  /** Writes what is waiting, if the disk takes it soon. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close([...this.#logs.keys()])
  }

  async #close(names: readonly string[]): Promise<void> {
    const logs = names.flatMap((name) => this.#logs.get(name) ?? [])
    for (const name of names) this.#logs.delete(name)
    if (logs.length === 0) return
    const wait = new AbortController()
    const late = this.#parts.pause(writePatienceMs, wait.signal).then(() => 'late' as const)
    const closed = Promise.all(logs.map((log) => log.close()))
    if ((await Promise.race([closed, late])) === 'late') for (const log of logs) log.fail('the volume was too slow for the end of the task')
    wait.abort()
  }

  #directory(identity: SnapshotIdentity): string {
    return `${this.#parts.directory}/${snapshotDirectory(identity)}`
  }
}

/** A clock that was ahead says nothing about the age. */
function isTooOld(written: number, now: number): boolean {
  return Math.abs(now - written) > oldestMs
}

function systemLot(): number {
  return randomInt(2 ** 32)
}
