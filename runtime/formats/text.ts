/** Text from bytes, by the short way. */

/** Methods of Node's Buffer behind `toString`, without its look at encoding and bounds. */
interface BufferSlices {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

/** UTF-8; invalid sequences become U+FFFD. */
export function utf8Text(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & BufferSlices).utf8Slice(start, end)
}

/** Bytes that are known to be ASCII. */
export function asciiText(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & BufferSlices).latin1Slice(start, end)
}

const slots = 256
const longestRemembered = 24
const mostCredit = 4096

/**
 * Texts of one field. Where a few short ones come again and again (types, currencies, names of a map) most are found in a small table, which takes a
 * third of the time of making them. Where they do not, the table is given up.
 */
export class RecentTexts {
  readonly #texts: string[] = Array.from({ length: slots }, () => '')
  /** Hits less misses; the table is given up at zero. */
  #credit = mostCredit / 4

  /** The text of bytes that are known to be ASCII. */
  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start
    if (this.#credit === 0 || length > longestRemembered) return asciiText(bytes, start, end)
    let hash = length
    for (let p = start; p < end; p++) hash = (Math.imul(hash, 31) + bytes[p]!) | 0
    const slot = (hash ^ (hash >>> 15)) & (slots - 1)
    const found = this.#texts[slot]!
    if (isText(found, bytes, start, length)) {
      if (this.#credit < mostCredit) this.#credit++
      return found
    }
    this.#credit--
    return (this.#texts[slot] = asciiText(bytes, start, end))
  }
}

function isText(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}
