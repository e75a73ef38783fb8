/** Loads the newest snapshot of a task that can be read: the newest file that holds all rows, and what goes on from it. */
import type { RecordBlock } from '../../kafka/records.ts'
import { RowIndex } from '../../state/row-buffer.ts'
import type { TaskImage } from '../tasks/image.ts'
import type { Disk } from './disk.ts'
import { fileName, snapshotFiles } from './format.ts'
import type { FileEnd, FileHead, SnapshotFile, SnapshotIdentity } from './format.ts'
import { SegmentReader } from './segment-reader.ts'
import type { Segment } from './segment-reader.ts'

export interface LoadedSnapshot {
  readonly kind: 'loaded'
  readonly image: TaskImage
  /** Where the next file goes on. */
  readonly end: FileEnd
  /** Of the files up to where all rows are in them, and of all files. */
  readonly baseBytes: number
  readonly bytes: number
  /** As of when it is, epoch ms. */
  readonly written: number
}

export type LoadOutcome = LoadedSnapshot | { readonly kind: 'none' } | { readonly kind: 'unusable'; readonly reason: string }

export interface LoadOptions {
  readonly disk: Disk
  readonly directory: string
  readonly identity: SnapshotIdentity
  /** An image of nothing. */
  readonly make: () => TaskImage
  /** Monotonic ms. */
  readonly now: () => number
  readonly turn: () => Promise<void>
}

/** For how long the event loop is kept from everything else. Milliseconds. */
const sliceMs = 4
const rowsPerBlock = 2048

/** Rejects when the disk can not be read at all. */
export async function loadSnapshot(options: LoadOptions): Promise<LoadOutcome> {
  const files = snapshotFiles(await options.disk.list(options.directory))
  let reason: string | null = null
  for (const base of files.filter(({ kind }) => kind === 'base').toReversed()) {
    const behind = files.filter(({ number }) => number > base.number)
    const outcome = await new Loading(options).run(base, behind)
    if (typeof outcome !== 'string') return outcome
    reason ??= outcome
  }
  return reason === null ? { kind: 'none' } : { kind: 'unusable', reason }
}

/** Whether two snapshots, or a snapshot and a task, are of the same state. */
export function isSame(a: SnapshotIdentity, b: SnapshotIdentity): boolean {
  return Object.keys(a).every((name) => a[name as keyof SnapshotIdentity] === b[name as keyof SnapshotIdentity])
}

class Loading {
  readonly #options: LoadOptions
  readonly #index = new RowIndex(rowsPerBlock)
  #image: TaskImage | null = null
  #complete = false
  #baseBytes = 0
  #bytes = 0
  #written = 0
  #since = 0

  constructor(options: LoadOptions) {
    this.#options = options
  }

  /** Returns what is wrong with the base as text. */
  async run(base: SnapshotFile, behind: readonly SnapshotFile[]): Promise<LoadedSnapshot | string> {
    this.#since = this.#options.now()
    try {
      let end = await this.#read(base, null)
      if (typeof end === 'string') return end
      if (!this.#complete) return `${fileName(base)} is damaged`
      for (const file of behind) {
        const further = await this.#read(file, end)
        if (typeof further !== 'string') end = further
      }
      const image = this.#image
      if (image?.position == null) return `${fileName(base)} holds no commit`
      return { kind: 'loaded', image, end, baseBytes: this.#baseBytes, bytes: this.#bytes, written: this.#written }
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** Applies a file as far as it is good, if it is of this task and goes on from `after`. Returns where it ends, or why it is of no use. */
  async #read(file: SnapshotFile, after: FileEnd | null): Promise<FileEnd | string> {
    const { disk, directory, identity, make } = this.#options
    const name = fileName(file)
    const readable = await disk.open(`${directory}/${name}`)
    await using reader = new SegmentReader(readable, (await readable.status()).size)
    const head = await reader.head()
    if (head?.file !== file.number) return `${name} is damaged, or of another version`
    if (!isSame(head.identity, identity)) return `${name} is of other state: ${JSON.stringify(head.identity)}`
    if (after !== null && !goesOnFrom(head, after)) return `${name} does not go on from file ${after.file}`
    this.#image ??= make()
    for (let segment = await reader.next(); segment !== null; segment = await reader.next()) {
      await this.#apply(segment, this.#image, `${directory}/${name}`)
      this.#written = segment.written
      if (!segment.complete) continue
      this.#complete = true
      this.#baseBytes = this.#bytes + reader.end.bytes
    }
    this.#bytes += reader.end.bytes
    return reader.end
  }

  async #apply(segment: Segment, image: TaskImage, path: string): Promise<void> {
    const { now, turn } = this.#options
    const { bytes, to, next } = segment
    const index = this.#index
    let at = segment.from
    do {
      at = index.take(bytes, at, to)
      if (at < 0) throw new Error(`a segment of ${path} does not hold rows`)
      image.apply(blockOf(bytes, index, next, path))
      if (now() - this.#since < sliceMs) continue
      await turn()
      this.#since = now()
    } while (at < to)
  }
}

function goesOnFrom({ after }: FileHead, end: FileEnd): boolean {
  return after !== null && after.file === end.file && after.bytes === end.bytes && after.checksum === end.checksum
}

const noTimes = new Float64Array(rowsPerBlock)
const noHeaders = new Int32Array(rowsPerBlock)

/** Rows of a snapshot are applied as those of the changelog are. */
function blockOf(bytes: Buffer, { count, keyStart, keyEnd, valueStart, valueEnd }: RowIndex, next: number, path: string): RecordBlock {
  return {
    topic: path,
    partition: 0,
    count,
    nextOffset: next,
    bytes,
    offsets: noTimes,
    timestamps: noTimes,
    keyStart,
    keyEnd,
    valueStart,
    valueEnd,
    headersStart: noHeaders,
  }
}
