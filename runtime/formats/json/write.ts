/** Writes JSON text as bytes, one value behind the other, into chunks that are never written again. */
import { grownChunk, newChunk } from '../chunk.ts'

/** A place to write one value at a time: `begin`, then any of the others, then `finish`. */
export class JsonWriter {
  #chunk: Buffer = newChunk()
  #start = 0
  #at = 0

  /** Forgets what was written since the last `finish`. */
  begin(): void {
    this.#at = this.#start
  }

  /** The bytes written since `begin`. */
  finish(): Buffer {
    const value = this.#chunk.subarray(this.#start, this.#at)
    this.#start = this.#at
    return value
  }

  byte(byte: number): void {
    if (this.#at === this.#chunk.length) this.#grow(1)
    this.#chunk[this.#at++] = byte
  }

  /** Bytes as they are: field names, separators. */
  bytes(bytes: Uint8Array): void {
    const length = bytes.length
    if (this.#at + length > this.#chunk.length) this.#grow(length)
    const chunk = this.#chunk
    const at = this.#at
    for (let i = 0; i < length; i++) chunk[at + i] = bytes[i]!
    this.#at = at + length
  }

  /** Short ASCII text as it is. */
  ascii(text: string): void {
    const length = text.length
    if (this.#at + length > this.#chunk.length) this.#grow(length)
    const chunk = this.#chunk
    const at = this.#at
    for (let i = 0; i < length; i++) chunk[at + i] = text.charCodeAt(i)
    this.#at = at + length
  }

  /** Base64 in quotes. */
  base64(bytes: Uint8Array): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    if (this.#at + text.length + 2 > this.#chunk.length) this.#grow(text.length + 2)
    this.byte(0x22)
    this.#at += this.#chunk.write(text, this.#at, 'latin1')
    this.byte(0x22)
  }

  /** A string in quotes, escaped as JSON.stringify does it. */
  string(text: string): void {
    const length = text.length
    if (length > 64) {
      this.#longString(text)
      return
    }
    if (this.#at + length + 2 > this.#chunk.length) this.#grow(length + 2)
    const chunk = this.#chunk
    let at = this.#at
    chunk[at++] = 0x22
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x20 || code >= 0x80 || code === 0x22 || code === 0x5c) {
        this.#longString(text)
        return
      }
      chunk[at++] = code
    }
    chunk[at++] = 0x22
    this.#at = at
  }

  /** A finite number, as JSON.stringify writes it. */
  number(value: number): void {
    if (value > -2147483648 && value < 2147483648 && (value | 0) === value) this.#int32(value)
    else if (value > 0 && value < 1e15 && Math.floor(value) === value) {
      const high = Math.floor(value / 1e9)
      this.#int32(high)
      this.#fixedDigits(value - high * 1e9, 9)
    } else if (!this.#fewDecimals(value)) this.ascii(String(value))
  }

  /**
   * A number with up to four decimals. Of all decimals with at most 15 digits each is another double, so the first that gives the value back is its
   * shortest form. False: it is none.
   */
  #fewDecimals(value: number): boolean {
    const size = Math.abs(value)
    if (!(size < 1e9)) return false
    for (let decimals = 1, power = 10; decimals <= 4; decimals++, power *= 10) {
      const scaled = Math.round(size * power)
      if (scaled / power !== size) continue
      const whole = Math.floor(scaled / power)
      if (value < 0) this.byte(0x2d)
      this.#int32(whole)
      this.byte(0x2e)
      this.#fixedDigits(scaled - whole * power, decimals)
      return true
    }
    return false
  }

  #int32(value: number): void {
    if (this.#at + 11 > this.#chunk.length) this.#grow(11)
    const chunk = this.#chunk
    let rest = value
    if (rest < 0) {
      chunk[this.#at++] = 0x2d
      rest = -rest
    }
    let digits = 1
    for (let power = 10; digits < 10 && rest >= power; power *= 10) digits++
    let at = this.#at + digits
    this.#at = at
    do {
      const tenth = (rest / 10) | 0
      chunk[--at] = 0x30 + rest - tenth * 10
      rest = tenth
    } while (rest > 0)
  }

  /** A number below 2^31 with leading zeros. */
  #fixedDigits(value: number, digits: number): void {
    if (this.#at + digits > this.#chunk.length) this.#grow(digits)
    let rest = value
    for (let i = this.#at + digits - 1; i >= this.#at; i--) {
      const tenth = (rest / 10) | 0
      this.#chunk[i] = 0x30 + rest - tenth * 10
      rest = tenth
    }
    this.#at += digits
  }

  #longString(text: string): void {
    const json = JSON.stringify(text)
    if (this.#at + json.length * 3 > this.#chunk.length) this.#grow(json.length * 3)
    this.#at += this.#chunk.write(json, this.#at)
  }

  /** A new chunk with room for `more` bytes behind what is written of this value. */
  #grow(more: number): void {
    this.#chunk = grownChunk(this.#chunk, this.#start, this.#at, more)
    this.#at -= this.#start
    this.#start = 0
  }
}
