/** The keys of rows: a short one lies in its row, a longer one in a block of the arena. Looking for a key hashes it and keeps it as words. */
import type { ByteArena } from './arena.ts'
import { field, inlineKeyBytes } from './rows.ts'
import type { Rows } from './rows.ts'
import type { KeyTest } from './slots.ts'

export class RowKeys implements KeyTest {
  /** Of the key that was taken; only this process ever sees it. */
  hash = 0
  readonly #rows: Rows
  readonly #arena: ByteArena
  /** The taken key padded with zeros, where it is short: it is compared four bytes at a time wherever it lies in its buffer. */
  readonly #words = new Int32Array(inlineKeyBytes / 4)
  #wordCount = 0
  #slot = 0
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0

  constructor(rows: Rows, arena: ByteArena) {
    this.#rows = rows
    this.#arena = arena
  }

  /** Takes the key `bytes[start, end)` of a namespace slot, to be looked for or written. */
  take(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const words = this.#words
    const short = end - start <= inlineKeyBytes
    let hash = begin(slot, end - start)
    let p = start
    let count = 0
    for (const last = end - 4; p <= last; p += 4) {
      const word = bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24)
      if (short) words[count++] = word
      hash = mix(hash, word)
    }
    if (p < end) {
      let word = bytes[p]!
      if (p + 1 < end) word |= bytes[p + 1]! << 8
      if (p + 2 < end) word |= bytes[p + 2]! << 16
      if (short) words[count++] = word
      hash = mix(hash, word)
    }
    this.hash = finish(hash)
    this.#wordCount = count
    this.#slot = slot
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  /** Whether the row has the key that was taken. */
  isAt(row: number): boolean {
    const ints = this.#rows.ints(row)
    const base = this.#rows.base(row)
    const length = this.#end - this.#start
    if (ints[base + field.keyLength] !== length || ints[base + field.namespace] !== this.#slot) return false
    if (length > inlineKeyBytes) return this.#arena.equals(ints[base + field.key]!, this.#bytes, this.#start, this.#end)
    for (let word = 0; word < this.#wordCount; word++) if (ints[base + field.key + word] !== this.#words[word]) return false
    return true
  }

  /** Gives the row the key that was taken. */
  write(row: number): void {
    const ints = this.#rows.ints(row)
    const base = this.#rows.base(row)
    const length = this.#end - this.#start
    ints[base + field.namespace] = this.#slot
    ints[base + field.keyLength] = length
    if (length > inlineKeyBytes) ints[base + field.key] = this.#arena.store(this.#bytes, this.#start, this.#end)
    else for (let word = 0; word < this.#wordCount; word++) ints[base + field.key + word] = this.#words[word]!
  }

  /** A copy of the row's key. */
  of(row: number): Buffer {
    const ints = this.#rows.ints(row)
    const base = this.#rows.base(row)
    const length = ints[base + field.keyLength]!
    if (length > inlineKeyBytes) return Buffer.from(this.#arena.view(ints[base + field.key]!, length))
    const key = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) key[i] = ints[base + field.key + (i >> 2)]! >>> ((i & 3) << 3)
    return key
  }

  /** The hash of the row's key, computed anew. */
  hashOf(row: number): number {
    const ints = this.#rows.ints(row)
    const base = this.#rows.base(row)
    const length = ints[base + field.keyLength]!
    const slot = ints[base + field.namespace]!
    if (length > inlineKeyBytes) {
      this.take(slot, this.#arena.view(ints[base + field.key]!, length), 0, length)
      return this.hash
    }
    let hash = begin(slot, length)
    for (let at = 0; at < length; at += 4) hash = mix(hash, ints[base + field.key + (at >> 2)]!)
    return finish(hash)
  }

  /** Gives up the memory of the row's key. */
  drop(row: number): void {
    const length = this.#rows.get(row, field.keyLength)
    if (length > inlineKeyBytes) this.#arena.free(this.#rows.get(row, field.key), length)
  }
}

/** These three mix as MurmurHash3 does (A. Appleby). */
function begin(slot: number, length: number): number {
  return Math.imul(slot + 1, 0x9e3779b1) ^ length
}

function mix(hash: number, word: number): number {
  let scrambled = Math.imul(word, 0xcc9e2d51)
  scrambled = Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593)
  const mixed = hash ^ scrambled
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finish(mixed: number): number {
  let hash = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
