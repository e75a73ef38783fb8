/** Hashes a key and keeps it as words, so that a row's key is compared four bytes at a time wherever the key lies in its buffer. */
import { inlineKeyBytes } from './rows.ts'

export class KeyMatch {
  /** The key padded with zeros, where it is short enough for a row. */
  readonly words = new Int32Array(inlineKeyBytes / 4)
  wordCount = 0
  hash = 0

  /** Takes the key `bytes[start, end)` of a namespace slot. Mixes as MurmurHash3 does (A. Appleby); only this process ever sees the hash. */
  take(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    const words = this.words
    const short = length <= inlineKeyBytes
    let hash = Math.imul(slot + 1, 0x9e3779b1) ^ length
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
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    this.hash = hash ^ (hash >>> 16)
    this.wordCount = count
  }
}

function mix(hash: number, word: number): number {
  let scrambled = Math.imul(word, 0xcc9e2d51)
  scrambled = Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593)
  const mixed = hash ^ scrambled
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}
