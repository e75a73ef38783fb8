/**
 * What a running task writes to its local snapshot: the changed rows of each commit, once it is confirmed; and from time to time, in portions between the
 * commits, all rows (a *cycle*), with which a new file takes the place of all older ones. Nothing here waits for the disk.
 */
import { RowBuffer } from '../../state/row-buffer.ts'
import type { StateScan, StateStore } from '../../state/store.ts'
import { positionRowKey } from '../commits/positions.ts'
import type { DiskQueue } from './disk-queue.ts'
import { largestSegment, segmentHeadBytes } from './format.ts'
import type { SnapshotSizes } from './sizes.ts'
import type { TaskFiles } from './task-files.ts'

export interface SnapshotLogParts {
  readonly directory: string
  readonly store: StateStore
  readonly files: TaskFiles
  readonly queue: DiskQueue
  readonly sizes: SnapshotSizes
  /** Epoch ms. */
  readonly clock: () => number
  /** Between two times that what was written is made safe from a loss of power. Milliseconds. */
  readonly syncEveryMs: number
  /** Where the changelog goes on behind what the store holds now. */
  readonly next: number
  /** The encoded position row of the last commit; null: there was none. */
  readonly position: Buffer | null
  /** The files that the store was loaded from, when nothing has come to it since; null: they are of no use, or there are none. */
  readonly loaded: { readonly baseBytes: number; readonly bytes: number } | null
  readonly failed: (reason: string) => void
  readonly wrote: (bytes: number) => void
}

/** The files may become so many times as large as the last that held all rows, before the next one does. */
const growth = 3
/** A snapshot of a task that does nothing says so often that it is as of now. Milliseconds. */
const refreshEveryMs = 3_600_000
/** After a failure. Milliseconds. */
const retryAfterMs = 60_000
/**
 * Who has not looked for longer may have lost the task meanwhile and not know it yet: such a sleep is not taken for proof that nothing was written. Less than
 * what is left for clocks that differ (local-snapshots.ts). Milliseconds.
 */
const longestSleepMs = 4 * 3_600_000

export class SnapshotLog {
  readonly directory: string
  readonly #parts: SnapshotLogParts
  #staged = new RowBuffer()
  #spare: RowBuffer | null = null
  /** Of the commit in the making; null: it is not written down whole. */
  #sealed: Buffer | null = null
  #position: Buffer | null
  #next: number
  /** Whether the files that this log goes on from, or its own, hold all rows. */
  #based: boolean
  #begun = false
  #scan: StateScan | null = null
  #carried = new RowBuffer()
  /** Of the rows of the cycle so far, less those of the commits meanwhile. */
  #ahead = 0
  #baseBytes: number
  /** Of all files. */
  #bytes: number
  #fileBytes = 0
  #writtenAt: number
  /** Nothing was written to the changelog before that the store does not have. */
  #asOf: number
  #syncedAt: number
  #failedAt: number | null = null

  constructor(parts: SnapshotLogParts) {
    this.directory = parts.directory
    this.#parts = parts
    this.#position = parts.position
    this.#next = parts.next
    this.#based = parts.loaded !== null
    this.#baseBytes = parts.loaded?.baseBytes ?? 0
    this.#bytes = parts.loaded?.bytes ?? 0
    this.#writtenAt = this.#syncedAt = this.#asOf = parts.clock()
  }

  /** On the volume. */
  get bytes(): number {
    return this.#failedAt === null ? this.#bytes : 0
  }

  /** Whether a file holds all rows, but for what was changed behind it. */
  get based(): boolean {
    return this.#based
  }

  /** Whether commits are written down; not while it waits behind a failure. */
  get writes(): boolean {
    return this.#failedAt === null
  }

  /** Whether a cycle is under way. */
  get carrying(): boolean {
    return this.#scan !== null
  }

  /** Whether the cycle falls behind the changes that come meanwhile: at that rate its file would grow without end. */
  get behind(): boolean {
    return this.#scan !== null && this.#ahead < 0
  }

  /** A row of the commit in the making. */
  stage(key: Buffer, value: Buffer | null): void {
    if (this.#failedAt === null) this.#staged.append(key, value)
  }

  /** All rows of the commit in the making are staged, and this is its position row. */
  seal(position: Buffer): void {
    this.stage(positionRowKey, position)
    this.#sealed = position
  }

  /** The commit in the making counted, and the store holds what it says. `next`: where the changelog goes on behind it; null: that is not known. */
  confirm(next: number | null): void {
    this.#position = this.#sealed
    this.#sealed = null
    if (this.#position === null) return this.fail('a commit counted that was not written down whole')
    // Not known: rows up to the former place come once more when it is loaded.
    if (next !== null) this.#next = next
    this.#asOf = this.#parts.clock()
    if (this.#failedAt !== null) return
    if (this.#staged.bytes > largestSegment) return this.fail(`a commit changed ${this.#staged.bytes} bytes`)
    if (!this.#begun) this.#begin(!this.#based)
    this.#ahead -= this.#staged.bytes
    this.#staged = this.#emit(this.#staged, false)
  }

  /** The commit in the making did not count. */
  discard(): void {
    this.#staged.clear()
    this.#sealed = null
  }

  /** Does what is due between two commits, while nothing is changed. */
  settle(): void {
    const { clock, queue, files, syncEveryMs } = this.#parts
    const now = clock()
    if (this.#position === null) return
    if (Math.abs(now - this.#asOf) < longestSleepMs) this.#asOf = now
    if (this.#failedAt !== null) {
      if (Math.abs(now - this.#failedAt) < retryAfterMs || !queue.idle) return
      this.#failedAt = null
      this.#begin(true)
      this.#note()
    } else if (this.#isGrown() || (!this.#based && !this.#begun)) {
      this.#begin(true)
      this.#note()
    } else if (this.#scan === null && Math.abs(this.#asOf - this.#writtenAt) > refreshEveryMs) {
      if (!this.#begun) this.#begin(false)
      this.#note()
    }
    if (Math.abs(now - this.#syncedAt) < syncEveryMs || this.#writtenAt <= this.#syncedAt) return
    this.#syncedAt = now
    this.#do(0, () => files.sync())
  }

  /** Goes on with a cycle: looks at up to `limit` rows. Only while nothing is changed. */
  carry(limit: number): void {
    if (this.#scan === null) return
    const before = this.#carried.bytes
    const more = this.#scan.next(limit, this.#carried)
    this.#ahead += this.#carried.bytes - before
    if (!more) this.#complete()
    else if (this.#carried.bytes >= this.#parts.sizes.carriedBytes) this.#carried = this.#emit(this.#carried, false)
  }

  /** Behind the last `carry` before the store changes: what was carried is of the commit that is confirmed now. */
  flush(): void {
    if (this.#carried.rows > 0) this.#carried = this.#emit(this.#carried, false)
  }

  /** Gives what is written so far up; the task works on, and the next try begins afresh. */
  fail(reason: string, error?: unknown): void {
    if (this.#failedAt !== null) return
    const { queue, files, clock, failed } = this.#parts
    this.#failedAt = clock()
    this.#begun = this.#based = false
    this.#scan = null
    this.#bytes = this.#baseBytes = 0
    this.#staged = new RowBuffer()
    this.#carried = new RowBuffer()
    this.#spare = null
    queue.drop(this)
    // A volume that is full gets room; else the older files are still good for a start, if one comes before the next try is through.
    queue.add(this, 0, () => files.giveUp(isFull(error)), ignore)
    failed(reason)
  }

  /** Writes what is left to be written, and resolves when that is done or has failed. Nothing but `fail` may be called behind it. */
  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { queue, files } = this.#parts
    const done = async (): Promise<void> => files.close().finally(resolve)
    queue.add({}, 0, done, ignore)
    return promise
  }

  #isGrown(): boolean {
    return this.#based && this.#scan === null && this.#bytes > growth * Math.max(this.#baseBytes, this.#parts.sizes.smallBytes)
  }

  /** A new file; with `cycle` one that is to hold all rows. */
  #begin(cycle: boolean): void {
    this.#begun = true
    this.#fileBytes = 0
    if (cycle) {
      this.#scan = this.#parts.store.scan()
      this.#ahead = 0
    }
    this.#do(0, () => this.#parts.files.begin())
  }

  /** Writes down that the store stands at the confirmed commit. */
  #note(): void {
    const rows = this.#takeSpare()
    if (this.#position !== null) rows.append(positionRowKey, this.#position)
    this.#spare = this.#emit(rows, false)
  }

  #complete(): void {
    this.#scan = null
    this.#carried = this.#emit(this.#carried, true)
    this.#based = true
    this.#bytes = this.#baseBytes = this.#fileBytes
    this.#do(0, () => this.#parts.files.complete())
  }

  /** Returns an empty buffer in the place of the rows. */
  #emit(rows: RowBuffer, complete: boolean): RowBuffer {
    const { files, wrote } = this.#parts
    const segment = { complete, next: this.#next, written: this.#asOf }
    const bytes = rows.bytes + segmentHeadBytes
    this.#writtenAt = this.#asOf
    this.#bytes += bytes
    this.#fileBytes += bytes
    this.#do(bytes, async () => {
      await files.append(rows, segment)
      wrote(bytes)
      rows.clear()
      this.#spare ??= rows
    })
    return this.#takeSpare()
  }

  #takeSpare(): RowBuffer {
    const rows = this.#spare ?? new RowBuffer()
    this.#spare = null
    return rows
  }

  #do(bytes: number, work: () => Promise<void>): void {
    this.#parts.queue.add(this, bytes, work, (error) => this.fail(error instanceof Error ? error.message : String(error), error))
  }
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT'
}

function ignore(): void {}
