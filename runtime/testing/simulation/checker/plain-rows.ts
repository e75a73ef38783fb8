/** Rows, the values that stages send to each other, read the plain way, for the checker: nothing here is shared with what it checks. */

/** The value of one row: null, booleans, numbers, text, lists and objects. Throws a RangeError for bytes that are none. */
export function plainRow(bytes: Buffer): unknown {
  if (bytes[0] !== 1) throw new RangeError('not a row of version 1')
  const cursor = new Cursor(bytes, 1)
  const value = cursor.value()
  if (cursor.at !== bytes.length) throw new RangeError(`${bytes.length - cursor.at} bytes behind a row`)
  return value
}

class Cursor {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  value(): unknown {
    const tag = this.#byte()
    if (tag <= 2) return [null, false, true][tag]
    if (tag === 3) return unzigzag(this.#varint())
    if (tag === 4) return this.#bytes.readDoubleLE((this.at += 8) - 8)
    if (tag === 5) return this.#text()
    if (tag === 8) return Array.from({ length: this.#varint() }, () => this.value())
    if (tag === 9) return this.#object()
    throw new RangeError(`no value of tag ${tag}`)
  }

  #object(): object {
    const namesEnd = this.#varint() + this.at
    const names: string[] = []
    while (this.at < namesEnd) names.push(this.#text())
    return Object.fromEntries(names.map((name) => [name, this.value()]))
  }

  #text(): string {
    const head = this.#varint()
    const length = Math.floor(head / 2) * (1 + (head % 2))
    this.at += length
    return this.#bytes.toString(head % 2 === 0 ? 'latin1' : 'utf16le', this.at - length, this.at)
  }

  #varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  #byte(): number {
    return this.#bytes.readUInt8(this.at++)
  }
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
