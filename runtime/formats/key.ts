/** Record keys: their bytes, and the partition that Kafka's default partitioner gives them. */

import { describeValue } from './codec.ts'

/**
 * The bytes of a key: a string as UTF-8, a number or boolean as JSON text, a composite key as a JSON array. Throws TypeError for what is no key (null,
 * objects, NaN): such a record has no place.
 */
export function encodeKey(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : keyText(value))
}

/** Whether `bytes[start, end)` are the key's bytes. Allocates nothing for ASCII strings and whole numbers. */
export function keyEquals(value: unknown, bytes: Uint8Array, start: number, end: number): boolean {
  if (typeof value === 'string') return textEquals(value, bytes, start, end)
  if (Number.isSafeInteger(value)) return value === parseInteger(bytes, start, end)
  return textEquals(keyText(value), bytes, start, end)
}

/** The partition of a key in a topic of that many partitions, as every Kafka client computes it. */
export function partitionFor(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitions
}

/** MurmurHash2, 32 bit, with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2); a signed integer. */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x9747b28c ^ (end - start)
  let p = start
  for (const last = end - 4; p <= last; p += 4) {
    let word = bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> 24
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier)
  }
  const rest = end - p
  if (rest > 0) {
    hash ^= bytes[p]!
    if (rest > 1) hash ^= bytes[p + 1]! << 8
    if (rest > 2) hash ^= bytes[p + 2]! << 16
    hash = Math.imul(hash, multiplier)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}

const multiplier = 0x5bd1e995

function keyText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return JSON.stringify(value)
  if (Array.isArray(value) && value.length > 0) return `[${value.map(partText).join(',')}]`
  throw new TypeError(`a key must be a string, a number, a boolean or a list of them, not ${describeValue(value)}`)
}

function partText(part: unknown): string {
  return typeof part === 'string' ? JSON.stringify(part) : keyText(part)
}

function textEquals(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = text.length
  // UTF-8 never needs fewer bytes than UTF-16 code units.
  if (length > end - start) return false
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) return Buffer.from(text).equals(bytes.subarray(start, end))
    if (code !== bytes[start + i]) return false
  }
  return length === end - start
}

/** The whole number that the bytes are the JSON text of, written the shortest way; NaN for anything else. */
function parseInteger(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === 0x2d
  const first = negative ? start + 1 : start
  const digits = end - first
  if (digits < 1 || digits > 16 || (bytes[first] === 0x30 && (digits > 1 || negative))) return NaN
  let value = 0
  for (let i = first; i < end; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return negative ? -value : value
}
