/**
 * Scans JSON text as bytes: what generated readers are made of. Every function takes the position where its value begins and gives the one behind it;
 * -1 means "not here": wrong, or merely unusual. The caller then reads the whole value the plain way, which has the last word.
 *
 * The text ends with `}` (the decoder sees to it), which ends every token but strings: so only strings, and what follows a closing brace, look at `end`.
 */

/** The text in work; one per decoder, used again for each record. */
export class Cursor {
  bytes: Buffer = emptyBuffer
  view: DataView = new DataView(emptyBuffer.buffer, 0, 0)
  /** Behind the last byte of the text, a `}`. */
  end = 0
  /** Where the last `read*` stopped; -1 when it failed. Their value means nothing then. */
  at = 0
  /** Whether strings scanned since the last reset held non-ASCII bytes or escapes: a sum of `nonAscii` and `escaped`. */
  marks = 0

  reset(bytes: Buffer, end: number): void {
    if (this.bytes !== bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.end = end
    this.marks = 0
  }
}

const emptyBuffer = Buffer.alloc(0)

export const nonAscii = 1
export const escaped = 2

/** Behind white space. */
export function skipSpace(b: Buffer, p: number): number {
  let byte = b[p]!
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = b[++p]!
  return p
}

/** Behind the closing quote of a string whose first character is at `p`. Adds to `marks`. */
export function skipString(c: Cursor, b: Buffer, p: number): number {
  const end = c.end
  const view = c.view
  const lastWord = end - 4
  for (;;) {
    // Four bytes at once: none is a quote, a backslash, a control character or above 0x7f when no high bit is left.
    while (p <= lastWord) {
      const word = view.getInt32(p, true)
      const quote = word ^ 0x22222222
      const backslash = word ^ 0x5c5c5c5c
      if (((word | (word - 0x20202020) | (quote - 0x01010101) | (backslash - 0x01010101)) & 0x80808080) !== 0) break
      p += 4
    }
    const wordEnd = p + 4 < end ? p + 4 : end
    for (; p < wordEnd; p++) {
      const byte = b[p]!
      if (byte === 0x22) return p + 1
      if (byte < 0x20) return -1
      if (byte === 0x5c) {
        p = skipEscape(b, p)
        if (p < 0) return -1
        c.marks |= escaped
      } else if (byte >= 0x80) c.marks |= nonAscii
    }
    if (p >= end) return -1
  }
}

/** The last byte of the escape whose backslash is at `p`. */
function skipEscape(b: Buffer, p: number): number {
  switch (b[p + 1]!) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return p + 1
    case 0x75: // u
      for (let i = p + 2; i < p + 6; i++) {
        const byte = b[i]!
        if (!((byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66))) return -1
      }
      return p + 5
    default:
      return -1
  }
}

/** At the closing quote of a field name whose first character is at `p`; -1 also where the name is written with escapes. */
export function nameEnd(c: Cursor, b: Buffer, p: number): number {
  const end = c.end
  for (let q = p; q < end; q++) {
    const byte = b[q]!
    if (byte === 0x22) return q
    if (byte === 0x5c || byte < 0x20 || byte >= 0x80) break
  }
  const before = c.marks
  c.marks = 0
  const behind = skipString(c, b, p)
  const marks = c.marks
  c.marks = before | marks
  return behind < 0 || (marks & escaped) !== 0 ? -1 : behind - 1
}

/** Behind a number. */
export function skipNumber(b: Buffer, p: number): number {
  let byte = b[p]!
  if (byte === 0x2d) byte = b[++p]!
  if (byte === 0x30) byte = b[++p]!
  else {
    if (!(byte >= 0x31 && byte <= 0x39)) return -1
    do byte = b[++p]!
    while (byte >= 0x30 && byte <= 0x39)
  }
  if (byte === 0x2e) {
    byte = b[++p]!
    if (!(byte >= 0x30 && byte <= 0x39)) return -1
    do byte = b[++p]!
    while (byte >= 0x30 && byte <= 0x39)
  }
  if (byte === 0x65 || byte === 0x45) {
    byte = b[++p]!
    if (byte === 0x2b || byte === 0x2d) byte = b[++p]!
    if (!(byte >= 0x30 && byte <= 0x39)) return -1
    do byte = b[++p]!
    while (byte >= 0x30 && byte <= 0x39)
  }
  return p
}

/** Behind `true`, `false` or `null`. */
export function skipWord(b: Buffer, p: number): number {
  const first = b[p]
  if (first === 0x74) return b[p + 1] === 0x72 && b[p + 2] === 0x75 && b[p + 3] === 0x65 ? p + 4 : -1
  if (first === 0x66) return b[p + 1] === 0x61 && b[p + 2] === 0x6c && b[p + 3] === 0x73 && b[p + 4] === 0x65 ? p + 5 : -1
  return first === 0x6e && b[p + 1] === 0x75 && b[p + 2] === 0x6c && b[p + 3] === 0x6c ? p + 4 : -1
}

/** Values nested deeper than this are left to the plain reader, which does not recurse. */
const maxDepth = 64

/** Behind any value, checked to be whole. */
export function skipValue(c: Cursor, b: Buffer, p: number, depth: number): number {
  const byte = b[p]!
  if (byte === 0x22) return skipString(c, b, p + 1)
  if (byte === 0x7b) return skipMembers(c, b, p + 1, depth + 1)
  if (byte === 0x5b) return skipItems(c, b, p + 1, depth + 1)
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39) ? skipNumber(b, p) : skipWord(b, p)
}

function skipMembers(c: Cursor, b: Buffer, from: number, depth: number): number {
  if (depth > maxDepth) return -1
  let p = skipSpace(b, from)
  if (b[p] === 0x7d) return p + 1
  for (;;) {
    if (b[p] !== 0x22) return -1
    p = skipString(c, b, p + 1)
    if (p < 0) return -1
    p = skipSpace(b, p)
    if (b[p] !== 0x3a) return -1
    p = skipValue(c, b, skipSpace(b, p + 1), depth)
    if (p < 0 || p >= c.end) return -1
    p = skipSpace(b, p)
    if (b[p] === 0x7d) return p + 1
    if (b[p] !== 0x2c) return -1
    p = skipSpace(b, p + 1)
  }
}

function skipItems(c: Cursor, b: Buffer, from: number, depth: number): number {
  if (depth > maxDepth) return -1
  let p = skipSpace(b, from)
  if (b[p] === 0x5d) return p + 1
  for (;;) {
    p = skipValue(c, b, p, depth)
    if (p < 0 || p >= c.end) return -1
    p = skipSpace(b, p)
    if (b[p] === 0x5d) return p + 1
    if (b[p] !== 0x2c) return -1
    p = skipSpace(b, p + 1)
  }
}
