/** The files of one task as they are written. Every call waits for the one before: see disk-queue.ts. After an error nothing that is open is used again. */
import { crc32 } from 'node:zlib'
import type { RowBuffer } from '../../state/row-buffer.ts'
import type { Disk, WritableFile } from './disk.ts'
import { checksumBegin, encodeFileHead, encodeSegmentHead, fileName, putChecksum, snapshotFiles } from './format.ts'
import type { FileEnd, SegmentHead, SnapshotIdentity } from './format.ts'

/** How much is checked and handed to the disk at a time. Bytes. */
const portionBytes = 2 * 1024 * 1024

export class TaskFiles {
  readonly #disk: Disk
  readonly #directory: string
  readonly #identity: SnapshotIdentity
  readonly #turn: () => Promise<void>
  readonly #lot: () => number
  #open: { readonly file: WritableFile; readonly number: number } | null = null
  /** Where the next segment, or file, goes on; null: nothing that was written can be gone on from. */
  #end: FileEnd | null
  /** Whether the directory knows of the open file for certain. */
  #listed = false

  constructor(parts: {
    readonly disk: Disk
    readonly directory: string
    readonly identity: SnapshotIdentity
    readonly turn: () => Promise<void>
    /** A whole number below 2^32 that nobody can foresee. */
    readonly lot: () => number
    readonly end: FileEnd | null
  }) {
    this.#disk = parts.disk
    this.#directory = parts.directory
    this.#identity = parts.identity
    this.#turn = parts.turn
    this.#lot = parts.lot
    this.#end = parts.end
  }

  /** A new file, which goes on from where the last one ends. */
  async begin(): Promise<void> {
    await this.close()
    await this.#disk.makeDirectory(this.#directory)
    const number = 1 + Math.max(0, ...snapshotFiles(await this.#disk.list(this.#directory)).map((file) => file.number))
    const head = { formatVersion: 1 as const, identity: this.#identity, file: number, after: this.#end, lot: this.#lot() }
    const { bytes, checksum } = encodeFileHead(head)
    const file = await this.#disk.create(this.#path(number, 'tail'))
    this.#open = { file, number }
    this.#listed = false
    await file.append([bytes])
    this.#end = { file: number, bytes: bytes.length, checksum }
  }

  async append(rows: RowBuffer, segment: Pick<SegmentHead, 'complete' | 'next' | 'written'>): Promise<void> {
    const { file, end } = this.#demandOpen()
    const head = encodeSegmentHead({ ...segment, length: rows.bytes })
    const parts = rows.parts()
    let checksum = checksumBegin(head, end.checksum)
    let sinceTurn = 0
    for (const part of parts) {
      checksum = crc32(part, checksum)
      sinceTurn += part.length
      if (sinceTurn < portionBytes) continue
      await this.#turn()
      sinceTurn = 0
    }
    putChecksum(head, checksum)
    await file.append([head, ...parts])
    this.#end = { ...end, bytes: end.bytes + head.length + rows.bytes, checksum }
  }

  async sync(): Promise<void> {
    if (this.#open === null) return
    await this.#open.file.sync()
    if (!this.#listed) await this.#disk.syncDirectory(this.#directory)
    this.#listed = true
  }

  /** The open file holds all rows: what was before it is no longer needed, once this one is safe. */
  async complete(): Promise<void> {
    const { number } = this.#demandOpen()
    await this.sync()
    await this.#disk.rename(this.#path(number, 'tail'), this.#path(number, 'base'))
    await this.#disk.syncDirectory(this.#directory)
    const older = snapshotFiles(await this.#disk.list(this.#directory)).filter((file) => file.number < number)
    for (const file of older) await this.#disk.remove(`${this.#directory}/${fileName(file)}`)
  }

  async close(): Promise<void> {
    if (this.#open === null) return
    await this.sync()
    await this.#abandon()
  }

  /** After an error: the open file ends where it may. With `everything` all files go, to make room. */
  async giveUp(everything: boolean): Promise<void> {
    this.#end = null
    await this.#abandon()
    if (everything) await this.#disk.remove(this.#directory)
  }

  async #abandon(): Promise<void> {
    const open = this.#open
    this.#open = null
    await open?.file.close()
  }

  #demandOpen(): { readonly file: WritableFile; readonly number: number; readonly end: FileEnd } {
    if (this.#open === null || this.#end === null) throw new Error('no file of the snapshot is open')
    return { ...this.#open, end: this.#end }
  }

  #path(number: number, kind: 'base' | 'tail'): string {
    return `${this.#directory}/${fileName({ number, kind })}`
  }
}
