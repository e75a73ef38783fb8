import { RecordRejected } from '../chain.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { encodeKept, fieldOf, type Summary, type SummaryKind } from './summary.ts'

/** All values of a field in the order of arrival. A record that would be one more than the limit fails. */
export function collect(field: string, limit: number, name: string): SummaryKind {
  return {
    empty: () => new Collection(field, limit, name, 0, Buffer.alloc(0)),
    read: (reader: ByteReader) => new Collection(field, limit, name, reader.whole(), reader.block()),
  }
}

class Collection implements Summary {
  readonly #field: string
  readonly #limit: number
  readonly #name: string
  #count: number
  /** JSON values with commas between them. */
  #parts: Uint8Array[]

  constructor(field: string, limit: number, name: string, count: number, values: Buffer) {
    this.#field = field
    this.#limit = limit
    this.#name = name
    this.#count = count
    this.#parts = [values]
  }

  add(value: unknown): void {
    const found = fieldOf(value, this.#field)
    if (found === undefined) return
    this.#makeRoom(1)
    const encoded = encodeKept(found, this.#name)
    if (this.#count > 0) this.#parts.push(comma)
    this.#parts.push(encoded)
    this.#count++
  }

  merge(other: this): void {
    if (other.#count === 0) return
    this.#makeRoom(other.#count)
    if (this.#count > 0) this.#parts.push(comma)
    this.#parts.push(...other.#parts)
    this.#count += other.#count
  }

  write(writer: ByteWriter): void {
    writer.whole(this.#count)
    this.#parts = [Buffer.concat(this.#parts)]
    writer.block(this.#parts[0]!)
  }

  result(): unknown {
    return JSON.parse(`[${Buffer.concat(this.#parts).toString('utf8')}]`)
  }

  #makeRoom(count: number): void {
    if (this.#count + count <= this.#limit) return
    const message = `collect(${this.#field}) holds ${this.#count} values for this key already, and ${this.#limit} is its limit`
    throw new RecordRejected('processing', `${this.#name}: ${message}`)
  }
}

const comma = Buffer.from(',')
