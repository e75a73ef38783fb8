/** What the kinds of keyed state have in common: how values are written, and when they expire. */
import { EncodeError } from '../../formats/codec.ts'
import { jsonDecoder } from '../../formats/json/decoder.ts'
import { jsonEncoder } from '../../formats/json/encoder.ts'
import { readField } from '../../formats/json/walk.ts'
import type { FieldSchema, RecordSchema } from '../../formats/schema.ts'
import type { Expiry } from './expiry.ts'
import type { JournaledRows } from './journal.ts'
import type { KeyScope } from './key-scope.ts'

/** One cell of the state of a process function; itself what the author's functions get. */
export interface Cell {
  /** A time that was asked for has come: removes what has expired of `detail`, and asks again for what has not. */
  sweep(detail: Buffer): void
  /** Removes all that it holds of the key in work. */
  clear(): void
}

export interface CellParts {
  readonly name: string
  readonly type: FieldSchema
  readonly ttlMs: number | null
  readonly rows: JournaledRows
  readonly scope: KeyScope
  readonly expiry: Expiry
}

/**
 * A value as bytes: what stands in front, then, where it can expire, the time from which it lives as float64, then JSON of its declared type in an object of
 * one field, which is what readers and writers of records can do.
 */
export class CellValues {
  readonly #parts: CellParts
  readonly #frontBytes: number
  readonly #encoder: ReturnType<typeof jsonEncoder>
  readonly #decoder: ReturnType<typeof jsonDecoder>

  constructor(parts: CellParts, frontBytes = 0) {
    this.#parts = parts
    this.#frontBytes = frontBytes
    const schema: RecordSchema = { kind: 'object', fields: { v: parts.type } }
    this.#encoder = jsonEncoder(schema)
    this.#decoder = jsonDecoder(schema)
  }

  /** Throws EncodeError for what is not of the type. */
  encode(value: unknown, front: Uint8Array = nothing): Buffer {
    const { scope, ttlMs } = this.#parts
    const json = this.#json(value)
    if (ttlMs === null) return Buffer.concat([front, json])
    const written = Buffer.alloc(8)
    written.writeDoubleLE(scope.written)
    return Buffer.concat([front, written, json])
  }

  #json(value: unknown): Uint8Array {
    try {
      return this.#encoder.encode({ v: value })
    } catch (error) {
      // Its path begins with the one field.
      throw error instanceof EncodeError ? new EncodeError(`${this.#parts.name}${error.message.slice(1)}`) : error
    }
  }

  decode(bytes: Buffer): unknown {
    const start = this.#frontBytes + (this.#parts.ttlMs === null ? 0 : 8)
    // Its one field is the value.
    return (this.#decoder.decode(bytes, start, bytes.length) as { readonly v: unknown }).v
  }

  /** When it expires, epoch ms; Infinity: never. */
  expires(bytes: Buffer): number {
    const { ttlMs } = this.#parts
    return ttlMs === null ? Infinity : bytes.readDoubleLE(this.#frontBytes) + ttlMs
  }

  isLive(bytes: Buffer): boolean {
    return this.expires(bytes) > this.#parts.scope.now
  }

  /** Makes sure that what is written now will be swept. */
  expire(detail: Uint8Array): void {
    const { ttlMs, scope } = this.#parts
    if (ttlMs !== null) this.expireAt(detail, scope.written + ttlMs)
  }

  expireAt(detail: Uint8Array, at: number): void {
    const { name, expiry, ttlMs, scope } = this.#parts
    if (ttlMs !== null) expiry.at(at, ttlMs, name, detail, scope.key)
  }

  /** What stands for a value that is not there. */
  absent(): unknown {
    const { type } = this.#parts
    return type.default === undefined ? null : readField(type, undefined, '')
  }
}

const nothing = Buffer.alloc(0)
