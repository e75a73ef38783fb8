/** The signed variable-length integers of records (zigzag, seven bits a byte). Exact for values up to 2^52. */

/** Where the last varint that was read ended: a second result without an object. */
export let varintEnd = 0

export function readVarint(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]!
  if (byte < 0x80) {
    varintEnd = at + 1
    return (byte >>> 1) ^ -(byte & 1)
  }
  return readLongVarint(bytes, at)
}

function readLongVarint(bytes: Uint8Array, start: number): number {
  let at = start
  let byte = bytes[at++]!
  let value = byte & 0x7f
  for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
    byte = bytes[at++]!
    value |= (byte & 0x7f) << shift
  }
  if (byte < 0x80) {
    varintEnd = at
    return (value >>> 1) ^ -(value & 1)
  }
  // Longer than four bytes: event times far from the first of the batch. Beyond 32 bits only arithmetic is exact.
  let scale = 2 ** 28
  while (byte >= 0x80 && at < start + 10) {
    byte = bytes[at++]!
    value += (byte & 0x7f) * scale
    scale *= 128
  }
  varintEnd = at
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** Bytes that `writeVarint` takes. */
export function varintSize(value: number): number {
  if (value >= -0x40 && value < 0x40) return 1
  if (value >= -0x2000 && value < 0x2000) return 2
  let rest = zigzag(value) / 2 ** 14
  let size = 2
  for (; rest >= 1; rest /= 128) size++
  return size
}

/** Returns the index behind what was written. */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  if (value >= -0x4000_0000 && value < 0x4000_0000) {
    let rest = (value << 1) ^ (value >> 31)
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    return at
  }
  let rest = zigzag(value)
  while (rest > 0x7f) {
    bytes[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  bytes[at++] = rest
  return at
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}
