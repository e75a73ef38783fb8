/** Number and sum of hashes of rows: the same for the same rows in any order, another one when a row is missing, doubled or changed. */
export class Checksum {
  count = 0
  readonly #sums = new Float64Array(2)

  add(values: readonly unknown[]): void {
    const text = JSON.stringify(values)
    this.count++
    for (let i = 0; i < seeds.length; i++) this.#sums[i] = (this.#sums[i]! + hash(text, seeds[i]!)) % modulus
  }

  equals(other: Checksum): boolean {
    return this.count === other.count && this.#sums.every((sum, i) => sum === other.#sums[i])
  }
}

/** What is wrong with results, by their checksum; null: nothing. */
export function difference(found: Checksum, expected: Checksum): string | null {
  if (found.equals(expected)) return null
  return `${found.count} results, ${expected.count} expected${found.count === expected.count ? ': their values differ' : ''}`
}

const seeds = [0x811c9dc5, 0x2545f491] as const
/** Sums of two stay exact. */
const modulus = 2 ** 52

/** FNV-1a with a final mix (that of MurmurHash3), 32 bits. */
function hash(text: string, seed: number): number {
  let state = seed
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}
