import type { RecordBlock, RecordHeader } from '../records.ts'
import { readVarint, varintEnd, varintSize, writeVarint } from './varint.ts'

/** The headers of record i. Values are views into the block. */
export function readHeaders(block: RecordBlock, i: number): readonly RecordHeader[] {
  const { bytes } = block
  let left = readVarint(bytes, block.headersStart[i]!)
  if (left === 0) return none
  let at = varintEnd
  const headers: RecordHeader[] = []
  for (; left > 0; left--) {
    const keyLength = readVarint(bytes, at)
    at = varintEnd + keyLength
    const key = bytes.toString('utf8', varintEnd, at)
    const valueLength = readVarint(bytes, at)
    at = varintEnd + Math.max(0, valueLength)
    headers.push({ key, value: valueLength < 0 ? null : bytes.subarray(varintEnd, at) })
  }
  return headers
}

/** Bytes of the headers with their count. */
export function headersSize(headers: readonly RecordHeader[]): number {
  let size = varintSize(headers.length)
  for (const { key, value } of headers) {
    const keyLength = Buffer.byteLength(key)
    size += varintSize(keyLength) + keyLength + (value === null ? 1 : varintSize(value.length) + value.length)
  }
  return size
}

/** Returns the index behind what was written. */
export function writeHeaders(bytes: Buffer, start: number, headers: readonly RecordHeader[]): number {
  let at = writeVarint(bytes, start, headers.length)
  for (const { key, value } of headers) {
    at = writeVarint(bytes, at, Buffer.byteLength(key))
    at += bytes.write(key, at, 'utf8')
    at = writeVarint(bytes, at, value === null ? -1 : value.length)
    if (value === null) continue
    bytes.set(value, at)
    at += value.length
  }
  return at
}

const none: readonly RecordHeader[] = []
