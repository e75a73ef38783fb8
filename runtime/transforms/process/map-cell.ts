import { describeValue } from '../../formats/codec.ts'
import { encodeKey } from '../../formats/key.ts'
import type { FieldType } from '../../formats/schema.ts'
import type { MapState } from '../../plan/nodes/process.ts'
import { keyReader } from '../windows/result-key.ts'
import { CellValues } from './cell.ts'
import type { Cell, CellParts } from './cell.ts'
import { Sequence } from './sequence.ts'

/**
 * A map per key: one row per entry, in namespace 2 under the length of the key, the key and the entry's name; in front of its value stands the chunk of the
 * sequence that the name is in, which is how the entries of a key are found.
 */
export class MapCell implements MapState<unknown, unknown>, Cell {
  readonly #parts: CellParts
  readonly #values: CellValues
  readonly #names: Sequence
  readonly #nameType: FieldType
  readonly #readName: (name: Buffer) => unknown

  constructor(parts: CellParts, nameType: FieldType) {
    this.#parts = parts
    this.#values = new CellValues(parts, 4)
    this.#names = new Sequence(parts.rows, parts.scope)
    this.#nameType = nameType
    this.#readName = keyReader(nameType)
  }

  get(name: unknown): unknown {
    const bytes = this.#live(this.#nameBytes(name))
    return bytes === null ? null : this.#values.decode(bytes)
  }

  has(name: unknown): boolean {
    return this.#live(this.#nameBytes(name)) !== null
  }

  set(name: unknown, value: unknown): void {
    const nameBytes = this.#nameBytes(name)
    const encoded = this.#values.encode(value, noChunk)
    const key = this.#entryKey(nameBytes)
    const former = this.#parts.rows.get(2, key)
    encoded.writeUInt32LE(former === null ? this.#names.append(nameBytes).chunk : former.readUInt32LE(), 0)
    this.#parts.rows.put(2, key, encoded)
    if (former === null) this.#values.expire(nameBytes)
  }

  delete(name: unknown): boolean {
    const nameBytes = this.#nameBytes(name)
    const isThere = this.#live(nameBytes) !== null
    this.#remove(nameBytes)
    return isThere
  }

  keys(): unknown[] {
    return this.entries().map(([name]) => name)
  }

  entries(): [unknown, unknown][] {
    const entries: [unknown, unknown][] = []
    for (const name of this.#names.items()) {
      const bytes = this.#live(name)
      if (bytes !== null) entries.push([this.#readName(name), this.#values.decode(bytes)])
    }
    return entries
  }

  clear(): void {
    const { rows } = this.#parts
    for (const name of this.#names.items()) rows.remove(2, this.#entryKey(name))
    this.#names.clear()
  }

  sweep(name: Buffer): void {
    const bytes = this.#parts.rows.get(2, this.#entryKey(name))
    if (bytes === null) return
    if (this.#values.isLive(bytes)) this.#values.expireAt(name, this.#values.expires(bytes))
    else this.#remove(name)
  }

  #live(name: Buffer): Buffer | null {
    const bytes = this.#parts.rows.get(2, this.#entryKey(name))
    return bytes !== null && this.#values.isLive(bytes) ? bytes : null
  }

  #remove(name: Buffer): void {
    const { rows } = this.#parts
    const key = this.#entryKey(name)
    const bytes = rows.get(2, key)
    if (bytes === null) return
    const chunk = bytes.readUInt32LE()
    rows.remove(2, key)
    this.#names.filter(chunk, (other) => !other.equals(name))
  }

  #entryKey(name: Buffer): Buffer {
    const { key } = this.#parts.scope
    const length = Buffer.alloc(4)
    length.writeUInt32BE(key.length)
    return Buffer.concat([length, key, name])
  }

  #nameBytes(name: unknown): Buffer {
    const { kind } = this.#nameType
    const wanted = kind === 'string' || kind === 'decimal' ? 'string' : kind === 'boolean' ? 'boolean' : 'number'
    if (typeof name === wanted) return encodeKey(name)
    throw new TypeError(`the name of an entry of "${this.#parts.name}" must be a ${wanted}, not ${describeValue(name)}`)
  }
}

const noChunk = Buffer.alloc(4)
