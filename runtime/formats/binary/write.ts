/** Writes the parts of rows as bytes, one value behind the other, into chunks that are never written again. */
import { grownChunk, newChunk } from '../chunk.ts'
import { tag } from './row.ts'

/** Up to so many code units, or bytes, a loop is faster than the call of a native function. */
const longestLooped = 24
const aboveOneByte = /[\u0100-\uffff]/

/** A place to write one row at a time: `begin`, then any of the others, then `finish`. */
export class RowWriter {
  #chunk: Buffer = newChunk()
  #view = viewOf(this.#chunk)
  #start = 0
  #at = 0

  /** Forgets what was written since the last `finish`. */
  begin(): void {
    this.#at = this.#start
  }

  /** The bytes written since `begin`. */
  finish(): Buffer {
    const row = this.#chunk.subarray(this.#start, this.#at)
    this.#start = this.#at
    return row
  }

  byte(byte: number): void {
    if (this.#at === this.#chunk.length) this.#grow(1)
    this.#chunk[this.#at++] = byte
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    const length = bytes.length
    if (this.#at + length > this.#chunk.length) this.#grow(length)
    const chunk = this.#chunk
    const at = this.#at
    if (length > longestLooped) chunk.set(bytes, at)
    else for (let i = 0; i < length; i++) chunk[at + i] = bytes[i]!
    this.#at = at + length
  }

  /** An unsigned number of 32 bits. */
  varint(value: number): void {
    if (this.#at + 5 > this.#chunk.length) this.#grow(5)
    const chunk = this.#chunk
    let at = this.#at
    let rest = value
    while (rest > 0x7f) {
      chunk[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    chunk[at++] = rest
    this.#at = at
  }

  /** With its tag: an integer where it is one of 32 bits, and not -0. */
  number(value: number): void {
    const whole = value | 0
    if (whole === value && (whole !== 0 || 1 / value > 0)) {
      this.byte(tag.integer)
      this.varint(((whole << 1) ^ (whole >> 31)) >>> 0)
    } else this.float(tag.number, value)
  }

  /** Eight bytes behind that tag. */
  float(kind: number, value: number): void {
    if (this.#at + 9 > this.#chunk.length) this.#grow(9)
    const at = this.#at
    this.#chunk[at] = kind
    this.#view.setFloat64(at + 1, value, true)
    this.#at = at + 9
  }

  /** A text without its tag. */
  text(text: string): void {
    const length = text.length
    if (length > longestLooped) {
      this.#longText(text)
      return
    }
    if (this.#at + length + 1 > this.#chunk.length) this.#grow(length + 1)
    const chunk = this.#chunk
    let at = this.#at
    chunk[at++] = length << 1
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0xff) {
        this.#wideText(text)
        return
      }
      chunk[at++] = unit
    }
    this.#at = at
  }

  #longText(text: string): void {
    // In a string that V8 holds in one byte a character this looks at nothing.
    if (aboveOneByte.test(text)) {
      this.#wideText(text)
      return
    }
    this.varint(text.length * 2)
    if (this.#at + text.length > this.#chunk.length) this.#grow(text.length)
    this.#at += this.#chunk.write(text, this.#at, 'latin1')
  }

  #wideText(text: string): void {
    this.varint(text.length * 2 + 1)
    if (this.#at + text.length * 2 > this.#chunk.length) this.#grow(text.length * 2)
    this.#at += this.#chunk.write(text, this.#at, 'utf16le')
  }

  #grow(more: number): void {
    this.#chunk = grownChunk(this.#chunk, this.#start, this.#at, more)
    this.#view = viewOf(this.#chunk)
    this.#at -= this.#start
    this.#start = 0
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
