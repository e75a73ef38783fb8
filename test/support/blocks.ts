/** Builds record blocks as the fetcher hands them out, from readable records. */
import type { RecordBlock, RecordHeader } from '../../runtime/kafka/records.ts'

/** A record of a test. Objects are written as JSON, strings and bytes as they are. */
export interface TestRecord {
  readonly key?: string | Uint8Array | null
  readonly value: unknown
  readonly timestamp?: number
  /** Default: one more than the record before. */
  readonly offset?: number
  readonly headers?: readonly RecordHeader[]
}

export interface BlockOptions {
  readonly topic?: string
  readonly partition?: number
  /** Offset of the first record. */
  readonly baseOffset?: number
}

/** The records as one block. They stand one after another in its bytes, as key, value and headers, behind a few bytes that belong to nobody. */
export function blockOf(records: readonly TestRecord[], options: BlockOptions = {}): RecordBlock {
  const { topic = 'input', partition = 0, baseOffset = 0 } = options
  const count = records.length
  const columns = {
    offsets: new Float64Array(count),
    timestamps: new Float64Array(count),
    keyStart: new Int32Array(count),
    keyEnd: new Int32Array(count),
    valueStart: new Int32Array(count),
    valueEnd: new Int32Array(count),
    headersStart: new Int32Array(count),
  }
  const chunks: Buffer[] = [Buffer.from([0xde, 0xad, 0xbe])]
  let position = 3
  let offset = baseOffset
  const add = (chunk: Buffer | null): readonly [number, number] => {
    if (chunk === null) return [-1, -1]
    const start = position
    chunks.push(chunk)
    position += chunk.length
    return [start, position]
  }
  for (const [i, record] of records.entries()) {
    offset = record.offset ?? offset
    columns.offsets[i] = offset++
    columns.timestamps[i] = record.timestamp ?? -1
    ;[columns.keyStart[i], columns.keyEnd[i]] = add(record.key === undefined || record.key === null ? null : Buffer.from(record.key))
    ;[columns.valueStart[i], columns.valueEnd[i]] = add(valueBytes(record.value))
    columns.headersStart[i] = add(headerBytes(record.headers ?? []))![0]
  }
  return { topic, partition, count, nextOffset: offset, bytes: Buffer.concat(chunks), ...columns }
}

function valueBytes(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return Buffer.from(value)
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value))
}

/** Header count and headers as they stand in a record of a RecordBatch v2. */
function headerBytes(headers: readonly RecordHeader[]): Buffer {
  const parts = [varint(headers.length)]
  for (const { key, value } of headers) {
    const name = Buffer.from(key)
    parts.push(varint(name.length), name, varint(value === null ? -1 : value.length))
    if (value !== null) parts.push(Buffer.from(value))
  }
  return Buffer.concat(parts)
}

/** Zigzag and base 128, low bits first. */
function varint(value: number): Buffer {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  const bytes: number[] = []
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}
