/** Reads answers. What runs past the end throws a RangeError, which the transport reports as `kafka-protocol`. */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#advance(1))
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4))
  }

  /** Exact for safe integers, which offsets, timestamps and producer ids are. */
  int64(): number {
    const at = this.#advance(8)
    return this.#bytes.readInt32BE(at) * 0x1_0000_0000 + this.#bytes.readUInt32BE(at + 4)
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#advance(1))
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a varint of the answer is longer than 5 bytes')
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  nullableString(): string | null {
    return this.#utf8(this.int16())
  }

  compactString(): string {
    return this.nullableCompactString() ?? ''
  }

  nullableCompactString(): string | null {
    return this.#utf8(this.unsignedVarint() - 1)
  }

  /** A view, not a copy; empty where the answer has null. */
  bytes(): Buffer {
    return this.#view(this.int32())
  }

  /** As `bytes`. */
  compactBytes(): Buffer {
    return this.#view(this.unsignedVarint() - 1)
  }

  /** 32 hex digits. */
  uuid(): string {
    const at = this.#advance(16)
    return this.#bytes.toString('hex', at, at + 16)
  }

  array<T>(read: () => T): T[] {
    return this.#items(this.int32(), read)
  }

  compactArray<T>(read: () => T): T[] {
    return this.#items(this.unsignedVarint() - 1, read)
  }

  /** Skips tagged fields: none of those we know matters here. */
  tags(): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      this.unsignedVarint()
      this.#advance(this.unsignedVarint())
    }
  }

  #items<T>(count: number, read: () => T): T[] {
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read())
    return items
  }

  #view(given: number): Buffer {
    const length = Math.max(0, given)
    const at = this.#advance(length)
    return this.#bytes.subarray(at, at + length)
  }

  #utf8(length: number): string | null {
    if (length < 0) return null
    const at = this.#advance(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  #advance(size: number): number {
    const at = this.#at
    if (at + size > this.#bytes.length)
      throw new RangeError(`the answer ends at byte ${this.#bytes.length}, inside a field of ${size} bytes at ${at}`)
    this.#at = at + size
    return at
  }
}
