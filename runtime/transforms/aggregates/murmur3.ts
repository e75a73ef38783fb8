/** MurmurHash3_x86_32 (Austin Appleby, public domain): a signed 32-bit hash. Part of the state's format: it never changes. */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const { length } = bytes
  const body = length & ~3
  let hash = seed | 0
  for (let i = 0; i < body; i += 4) {
    hash ^= scrambled(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let i = length - 1; i >= body; i--) rest = (rest << 8) | bytes[i]!
  if (length > body) hash ^= scrambled(rest)
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function scrambled(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}
