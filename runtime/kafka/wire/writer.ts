/** Writes request bodies: big-endian numbers, strings and arrays in both encodings of the protocol (the compact one is of its flexible versions). */
export class WireWriter {
  #bytes: Buffer
  #at = 0

  constructor(capacity = 512) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  /** What was written; valid until the next write. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  int8(value: number): this {
    this.#reserve(1)
    this.#at = this.#bytes.writeInt8(value, this.#at)
    return this
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  int16(value: number): this {
    this.#reserve(2)
    this.#at = this.#bytes.writeInt16BE(value, this.#at)
    return this
  }

  int32(value: number): this {
    this.#reserve(4)
    this.#at = this.#bytes.writeInt32BE(value, this.#at)
    return this
  }

  /** Exact for safe integers. */
  int64(value: number): this {
    this.#reserve(8)
    this.#at = this.#bytes.writeInt32BE(Math.floor(value / 0x1_0000_0000), this.#at)
    this.#at = this.#bytes.writeUInt32BE(value >>> 0, this.#at)
    return this
  }

  unsignedVarint(value: number): this {
    this.#reserve(5)
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#at++] = rest
    return this
  }

  raw(value: Uint8Array): this {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    return this
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const length = Buffer.byteLength(value)
    return this.int16(length).#utf8(value, length)
  }

  compactString(value: string | null): this {
    if (value === null) return this.unsignedVarint(0)
    const length = Buffer.byteLength(value)
    return this.unsignedVarint(length + 1).#utf8(value, length)
  }

  bytes(value: Uint8Array): this {
    return this.int32(value.length).raw(value)
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  compactArray<T>(items: readonly T[], write: (item: T) => void): this {
    this.unsignedVarint(items.length + 1)
    for (const item of items) write(item)
    return this
  }

  /** No tagged fields: we send none. */
  tags(): this {
    return this.unsignedVarint(0)
  }

  #utf8(value: string, length: number): this {
    this.#reserve(length)
    this.#at += this.#bytes.write(value, this.#at, length, 'utf8')
    return this
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}
