import { describeValue } from '../../formats/codec.ts'
import { jsonEncoder } from '../../formats/json/encoder.ts'
import { RecordRejected } from '../chain.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'

/** An aggregate in the making whose state is bytes of any length. */
export interface Summary {
  /** Takes a record in. Throws RecordRejected where it can't; the summary is then of no more use. */
  add(value: unknown, timestamp: number): void
  /** Takes in all that another summary of the same aggregate has, as if its records had come behind. Throws RecordRejected. */
  merge(other: this): void
  write(writer: ByteWriter): void
  /** A JSON value. */
  result(): unknown
}

/** Makes summaries of one aggregate. */
export interface SummaryKind {
  empty(): Summary
  /** As it was written; shares memory with what is read. */
  read(reader: ByteReader): Summary
}

/** A field of a record; undefined where it is null or absent, which summaries skip. */
export function fieldOf(value: unknown, field: string): unknown {
  const found = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[field] : undefined
  return found === null ? undefined : found
}

/** A number field; undefined where it is null or absent. `name` is what the message begins with. */
export function numberOf(value: unknown, field: string, name: string): number | undefined {
  const found = fieldOf(value, field)
  if (found === undefined || (typeof found === 'number' && Number.isFinite(found))) return found
  throw new RecordRejected('processing', `${name}: field "${field}" is ${describeValue(found)}, not a finite number`)
}

/** A value as JSON, for as long as the window is open. Refuses what JSON would silently change. */
export function encodeKept(value: unknown, name: string): Uint8Array {
  try {
    return encoder.encode(value)
  } catch (error) {
    throw new RecordRejected('processing', `${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

export function decodeKept(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
}

const encoder = jsonEncoder(null)
