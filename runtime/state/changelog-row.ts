/**
 * Rows as the changelog holds them. Integers are big-endian, cells little-endian, as memory has them.
 *
 *     key    0x01 | length of uid in bytes, uint8 | uid, UTF-8 | namespace, int64 | key bytes
 *     value  0x01 | 0x00 | cells, float64 each          value null: the row is gone
 *            0x01 | 0x01 | blob bytes
 *
 * The first byte is the format version. No text begins with it, so keys that are text (the task's position row) live beside rows.
 */
import { StreamJobError } from '../errors.ts'
import type { RowLayout } from './store.ts'

const version = 1
const cellsKind = 0
const blobKind = 1

export const namespaceBytes = 8
/** Bytes in front of a blob or of cells. */
export const valueHead = 2

/** The part of a row's key that all rows of a table share. */
export function tablePrefix(uid: string): Buffer {
  const name = Buffer.from(uid)
  if (name.length === 0 || name.length > 255) throw new RangeError(`the uid of a table must be 1 to 255 bytes long: ${JSON.stringify(uid)}`)
  return Buffer.concat([Buffer.from([version, name.length]), name])
}

/** A row's changelog key. */
export function encodeRowKey(prefix: Buffer, namespace: number, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(rowKeyHead(prefix) + key.length)
  writeRowKeyHead(prefix, namespace, bytes, 0)
  bytes.set(key, rowKeyHead(prefix))
  return bytes
}

/** Bytes in front of the row's own key. */
export function rowKeyHead(prefix: Buffer): number {
  return prefix.length + namespaceBytes
}

export function writeRowKeyHead(prefix: Buffer, namespace: number, bytes: Buffer, at: number): void {
  for (let i = 0; i < prefix.length; i++) bytes[at + i] = prefix[i]!
  const high = Math.floor(namespace / 0x1_0000_0000)
  bytes.writeInt32BE(high, at + prefix.length)
  bytes.writeUInt32BE(namespace - high * 0x1_0000_0000, at + prefix.length + 4)
}

/** Whether the changelog key that begins at `start` is a row's; other keys are somebody else's. */
export function isRowKey(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === version
}

export interface RowKey {
  readonly uid: string
  readonly namespace: number
  /** Where in the changelog key the row's own key begins. */
  readonly keyStart: number
}

/** Throws `changelog-corrupt`. */
export function decodeRowKey(bytes: Uint8Array): RowKey {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer[0] !== version) throw corrupt(`key of format version ${buffer[0] ?? 'none'}; this runtime reads version ${version}`, buffer)
  const uidEnd = 2 + (buffer[1] ?? 0)
  if (buffer.length < uidEnd + namespaceBytes) throw corrupt('key that ends too early', buffer)
  const namespace = readNamespace(buffer, uidEnd)
  if (!Number.isSafeInteger(namespace)) throw corrupt('namespace of more than 53 bits', buffer)
  return { uid: buffer.toString('utf8', 2, uidEnd), namespace, keyStart: uidEnd + namespaceBytes }
}

/** Not checked: more than 53 bits come out as no safe integer. */
export function readNamespace(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  const low = ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0
  return high * 0x1_0000_0000 + low
}

/** A blob row's changelog value. */
export function encodeBlobValue(blob: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(valueHead + blob.length)
  writeBlobHead(bytes, 0)
  bytes.set(blob, valueHead)
  return bytes
}

/** A changelog value with room for cells; `writeDoubleLE` them from byte `valueHead` on. */
export function emptyCellsValue(cells: number): Buffer {
  const bytes = Buffer.allocUnsafe(valueHead + cells * 8)
  writeCellsHead(bytes, 0)
  return bytes
}

export function writeBlobHead(bytes: Buffer, at: number): void {
  bytes[at] = version
  bytes[at + 1] = blobKind
}

export function writeCellsHead(bytes: Buffer, at: number): void {
  bytes[at] = version
  bytes[at + 1] = cellsKind
}

/** The layout of a row with this value. Throws `changelog-corrupt`. */
export function layoutOfValue(bytes: Uint8Array): RowLayout {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer[0] !== version) throw corrupt(`value of format version ${buffer[0] ?? 'none'}; this runtime reads version ${version}`, buffer)
  if (buffer[1] === blobKind) return { kind: 'blob' }
  if (buffer[1] !== cellsKind || (buffer.length - valueHead) % 8 !== 0)
    throw corrupt(`value of ${buffer.length} bytes and kind ${buffer[1] ?? 'none'}`, buffer)
  return { kind: 'cells', cells: (buffer.length - valueHead) / 8 }
}

/** Whether `bytes[start, end)` is the value of a row of that layout. */
export function isValueOf(layout: RowLayout, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < valueHead || bytes[start] !== version) return false
  if (layout.kind === 'blob') return bytes[start + 1] === blobKind
  return bytes[start + 1] === cellsKind && end - start === valueHead + layout.cells * 8
}

function corrupt(what: string, bytes: Buffer): StreamJobError {
  const start = bytes.toString('hex', 0, 64)
  return new StreamJobError('changelog-corrupt', `a changelog row has a ${what} (it begins with ${start || 'nothing'})`, { fields: { bytes: start } })
}
