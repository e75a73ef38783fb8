/**
 * Changelog rows one behind the other in memory, without an object per row. Integers are little-endian.
 *
 *     length of the key, int32 | length of the value, int32, -1: the row is gone | key | value
 */

const headBytes = 8
const firstChunkBytes = 4 * 1024
const largestChunkBytes = 256 * 1024
/** What an emptied buffer keeps for its next use. */
const keptBytes = 1024 * 1024

export class RowBuffer {
  readonly #chunks: Buffer[] = []
  /** By chunk: how much of it is used. */
  readonly #used: number[] = []
  #current = -1
  #bytes = 0
  #rows = 0

  get bytes(): number {
    return this.#bytes
  }

  get rows(): number {
    return this.#rows
  }

  append(key: Uint8Array, value: Uint8Array | null): void {
    const at = this.reserve(key.length, value === null ? -1 : value.length)
    const chunk = this.chunk
    copy(key, chunk, at)
    if (value !== null) copy(value, chunk, at + key.length)
  }

  /** Room for a row of these lengths (-1: no value): returns where in `chunk` its key begins; the value follows right behind. */
  reserve(keyLength: number, valueLength: number): number {
    const size = headBytes + keyLength + Math.max(0, valueLength)
    if (this.#current < 0 || this.chunk.length - this.#used[this.#current]! < size) this.#open(size)
    const at = this.#used[this.#current]!
    const chunk = this.chunk
    writeInt32(chunk, at, keyLength)
    writeInt32(chunk, at + 4, valueLength)
    this.#used[this.#current] = at + size
    this.#bytes += size
    this.#rows++
    return at + headBytes
  }

  /** What the last `reserve` gave room in. */
  get chunk(): Buffer {
    return this.#chunks[this.#current]!
  }

  /** All rows, in order; valid until `clear`. */
  parts(): Buffer[] {
    return this.#chunks.slice(0, this.#current + 1).map((chunk, i) => chunk.subarray(0, this.#used[i]))
  }

  clear(): void {
    let kept = 0
    while (kept < this.#chunks.length && (kept + 1) * largestChunkBytes <= keptBytes && this.#chunks[kept]!.length <= largestChunkBytes) kept++
    this.#chunks.length = kept
    this.#current = -1
    this.#bytes = 0
    this.#rows = 0
  }

  #open(size: number): void {
    this.#current++
    const chunk = this.#chunks[this.#current]
    if (chunk === undefined || chunk.length < size) {
      const usual = Math.min(largestChunkBytes, firstChunkBytes << Math.min(this.#current, 6))
      this.#chunks[this.#current] = Buffer.allocUnsafeSlow(Math.max(size, usual))
    }
    this.#used[this.#current] = 0
  }
}

/** Where the rows of a piece of memory stand; made once and filled again and again. */
export class RowIndex {
  readonly keyStart: Int32Array
  readonly keyEnd: Int32Array
  /** -1: the row is gone. */
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
  count = 0

  constructor(capacity: number) {
    this.keyStart = new Int32Array(capacity)
    this.keyEnd = new Int32Array(capacity)
    this.valueStart = new Int32Array(capacity)
    this.valueEnd = new Int32Array(capacity)
  }

  /** Takes down as many rows of `bytes[from, to)` as there is room for. Returns where the next one begins, `to` at the end; -1: these are no rows. */
  take(bytes: Buffer, from: number, to: number): number {
    const { keyStart, keyEnd, valueStart, valueEnd } = this
    let at = from
    let i = 0
    while (at < to && i < keyStart.length) {
      if (at + headBytes > to) return -1
      const keyLength = readInt32(bytes, at)
      const valueLength = readInt32(bytes, at + 4)
      const key = at + headBytes
      if (keyLength < 0 || valueLength < -1 || key + keyLength + Math.max(0, valueLength) > to) return -1
      keyStart[i] = key
      at = keyEnd[i] = key + keyLength
      valueStart[i] = valueLength < 0 ? -1 : at
      if (valueLength > 0) at += valueLength
      valueEnd[i] = at
      i++
    }
    this.count = i
    return at
  }
}

/** Most rows are a few dozen bytes: a loop beats a call. */
function copy(from: Uint8Array, to: Buffer, at: number): void {
  if (from.length > 48) to.set(from, at)
  else for (let i = 0; i < from.length; i++) to[at + i] = from[i]!
}

function writeInt32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >> 8
  bytes[at + 2] = value >> 16
  bytes[at + 3] = value >> 24
}

function readInt32(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
