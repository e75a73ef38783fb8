/** Record batches read the plain way, for the checker: nothing here is shared with what it checks. Uncompressed batches only. */

export interface PlainRecord {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  /** Of the value. */
  readonly bytes: Buffer | null
  readonly timestamp: number
  readonly headers: ReadonlyMap<string, string>
}

/** All records of one batch of format 2. Throws a RangeError for bytes that are none. */
export function plainRecords(batch: Buffer): readonly PlainRecord[] {
  if (batch[16] !== 2 || (batch.readInt16BE(21) & 7) !== 0) throw new RangeError('not an uncompressed batch of format 2')
  const baseOffset = Number(batch.readBigInt64BE(0))
  const baseTimestamp = Number(batch.readBigInt64BE(27))
  const cursor = new Cursor(batch, 61)
  return Array.from({ length: batch.readInt32BE(57) }, () => {
    cursor.varint()
    cursor.byte()
    const timestamp = baseTimestamp + cursor.varint()
    const offset = baseOffset + cursor.varint()
    const key = cursor.text()
    const bytes = cursor.bytes()
    const value = bytes?.toString() ?? null
    const headers = new Map<string, string>()
    for (let left = cursor.varint(); left > 0; left--) headers.set(cursor.text() ?? '', cursor.text() ?? '')
    return { offset, key, value, bytes, timestamp, headers }
  })
}

class Cursor {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++)
  }

  /** Zigzag. */
  varint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) break
      factor *= 128
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  text(): string | null {
    return this.bytes()?.toString() ?? null
  }

  bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}
