/**
 * The bytes of a local snapshot's files. A file begins with a head that says whose it is, then come segments. Integers are little-endian.
 *
 *     head      'SJLS' | length of the JSON, uint32 | CRC-32 of the JSON, uint32 | JSON: FileHead
 *     segment   'SJSG' | length of the rows, uint32 | checksum, uint32 | flags, uint32 | next, float64 | written, float64 | rows (state/row-buffer.ts)
 *
 * A segment's checksum is the CRC-32 of its head behind it, its length and its rows, begun with the checksum of the segment before, the first with that of
 * the file's head, which holds a number drawn by lot: what is left on a disk of other files, or of other places in this one, never passes.
 */
import { crc32 } from 'node:zlib'
import { z } from 'zod'

/** Whose state it is. Any difference makes a snapshot useless. */
export const SnapshotIdentity = z.object({
  applicationId: z.string(),
  /** Of the job record. */
  uid: z.string(),
  lineage: z.number().int(),
  stage: z.string(),
  partition: z.number().int(),
  changelogTopic: z.string(),
  changelogId: z.string(),
})
export type SnapshotIdentity = z.infer<typeof SnapshotIdentity>

/** The place behind the last segment of a file that counts. */
const FileEnd = z.object({ file: z.number().int(), bytes: z.number().int(), checksum: z.number().int() })
export type FileEnd = z.infer<typeof FileEnd>

export const FileHead = z.object({
  formatVersion: z.literal(1),
  identity: SnapshotIdentity,
  file: z.number().int(),
  /** The end of the file that this one goes on from; null: it can only be read when all rows are in it. */
  after: FileEnd.nullable(),
  lot: z.number().int(),
})
export type FileHead = z.infer<typeof FileHead>

export const headBytes = 12
export const segmentHeadBytes = 32
/** A commit changes about 64 MiB of state at most (worker/cycle.ts). */
export const largestSegment = 512 * 1024 * 1024
const largestHead = 64 * 1024
const fileMagic = 0x534c4a53
const segmentMagic = 0x47534a53
const completeFlag = 1

export function encodeFileHead(head: FileHead): { readonly bytes: Buffer; readonly checksum: number } {
  const json = Buffer.from(JSON.stringify(head))
  const bytes = Buffer.allocUnsafe(headBytes + json.length)
  bytes.writeUInt32LE(fileMagic, 0)
  bytes.writeUInt32LE(json.length, 4)
  bytes.writeUInt32LE(crc32(json), 8)
  bytes.set(json, headBytes)
  return { bytes, checksum: crc32(bytes) }
}

/** Bytes of the JSON behind the first `headBytes`; -1: this is no such file. */
export function fileHeadLength(bytes: Buffer): number {
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== fileMagic) return -1
  const length = bytes.readUInt32LE(4)
  return length <= largestHead ? length : -1
}

/** Null where a bit of it is wrong, or it is of another version. */
export function decodeFileHead(bytes: Buffer): { readonly head: FileHead; readonly checksum: number } | null {
  const json = bytes.subarray(headBytes)
  if (crc32(json) !== bytes.readUInt32LE(8)) return null
  const { success, data } = FileHead.safeParse(JSON.parse(json.toString()))
  return success ? { head: data, checksum: crc32(bytes) } : null
}

export interface SegmentHead {
  /** Bytes of rows. */
  readonly length: number
  readonly checksum: number
  /** With this segment the file holds all rows, whatever stands in the files before it. */
  readonly complete: boolean
  /** Everything that the changelog holds below this offset is in the snapshot. */
  readonly next: number
  /** Epoch ms: nothing that was written to the changelog before is missing. */
  readonly written: number
}

/** The head but for the checksum, which comes of `checksumBegin` and the rows. */
export function encodeSegmentHead({ length, complete, next, written }: Omit<SegmentHead, 'checksum'>): Buffer {
  const bytes = Buffer.alloc(segmentHeadBytes)
  bytes.writeUInt32LE(segmentMagic, 0)
  bytes.writeUInt32LE(length, 4)
  bytes.writeUInt32LE(complete ? completeFlag : 0, 12)
  bytes.writeDoubleLE(next, 16)
  bytes.writeDoubleLE(written, 24)
  return bytes
}

export function putChecksum(head: Buffer, checksum: number): void {
  head.writeUInt32LE(checksum, 8)
}

/** The checksum of a segment so far, before its rows; they follow with `crc32(rows, it)`. */
export function checksumBegin(head: Buffer, before: number): number {
  return crc32(head.subarray(12, segmentHeadBytes), crc32(head.subarray(4, 8), before))
}

/** Null where no segment begins. */
export function decodeSegmentHead(bytes: Buffer): SegmentHead | null {
  if (bytes.length < segmentHeadBytes || bytes.readUInt32LE(0) !== segmentMagic) return null
  const length = bytes.readUInt32LE(4)
  const flags = bytes.readUInt32LE(12)
  if (length > largestSegment || (flags & ~completeFlag) !== 0) return null
  const complete = flags === completeFlag
  return { length, checksum: bytes.readUInt32LE(8), complete, next: bytes.readDoubleLE(16), written: bytes.readDoubleLE(24) }
}

/** `base`: holds all rows. `tail`: goes on from the file before it, or is on its way to become a base. */
export interface SnapshotFile {
  readonly number: number
  readonly kind: 'base' | 'tail'
}

export function fileName({ number, kind }: SnapshotFile): string {
  return `${number}.${kind}`
}

/** The files among the names of a directory, oldest first. */
export function snapshotFiles(listed: readonly string[]): SnapshotFile[] {
  const files = listed.flatMap((name) => {
    const match = /^(\d{1,15})\.(base|tail)$/.exec(name)
    return match ? [{ number: Number(match[1]), kind: match[2] as SnapshotFile['kind'] }] : []
  })
  return files.sort((a, b) => a.number - b.number)
}

/** Where a task's files lie below the volume. */
export function snapshotDirectory({ lineage, stage, partition }: Pick<SnapshotIdentity, 'lineage' | 'stage' | 'partition'>): string {
  return `${lineage}/${encodeURIComponent(stage).replaceAll('.', '%2E')}/${partition}`
}
