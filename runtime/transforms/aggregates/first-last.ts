import type { ByteReader, ByteWriter } from './bytes.ts'
import { decodeKept, encodeKept, fieldOf, type Summary, type SummaryKind } from './summary.ts'

/** The value with the least or greatest event time; of values with the same time the one that came first, or last. Null where there was none. */
export function firstLast(which: 'first' | 'last', field: string, name: string): SummaryKind {
  return {
    empty: () => new OneValue(which, field, name, which === 'first' ? Infinity : -Infinity, nothing),
    read: (reader: ByteReader) => new OneValue(which, field, name, reader.double(), reader.block()),
  }
}

class OneValue implements Summary {
  readonly #which: 'first' | 'last'
  readonly #field: string
  readonly #name: string
  #timestamp: number
  /** JSON; empty: none yet. */
  #value: Uint8Array

  constructor(which: 'first' | 'last', field: string, name: string, timestamp: number, value: Uint8Array) {
    this.#which = which
    this.#field = field
    this.#name = name
    this.#timestamp = timestamp
    this.#value = value
  }

  add(value: unknown, timestamp: number): void {
    const found = fieldOf(value, this.#field)
    if (found === undefined) return
    if (this.#which === 'first' ? timestamp >= this.#timestamp : timestamp < this.#timestamp) return
    this.#value = encodeKept(found, this.#name)
    this.#timestamp = timestamp
  }

  merge(other: this): void {
    if (other.#value.length === 0) return
    if (this.#which === 'first' ? other.#timestamp >= this.#timestamp : other.#timestamp < this.#timestamp) return
    this.#value = other.#value
    this.#timestamp = other.#timestamp
  }

  write(writer: ByteWriter): void {
    writer.double(this.#timestamp)
    writer.block(this.#value)
  }

  result(): unknown {
    return this.#value.length === 0 ? null : decodeKept(this.#value)
  }
}

const nothing = new Uint8Array(0)
