/**
 * A hash table of rows: open addressing with linear probing, hash and row side by side. A row is looked at only where all of its hash is the one that is
 * looked for, so most look-ups cost one access to memory that is not in a cache, and moving to a larger table needs no row at all.
 *
 * Homes are the highest bits of the hash and nothing wraps around: entries lie in the order of their homes, and so they do in a table of twice the size.
 */

/** What tells whether a row has the key that is looked for. */
export interface KeyTest {
  isAt(row: number): boolean
}

/** Slots behind the last home, to begin with. */
const spareSlots = 32

export class Slots {
  /** Per slot: the hash, and the row plus one; 0: empty. The last slot always is. */
  #ints: Int32Array
  readonly #homes: number
  readonly #shift: number

  /** `homes` is a power of two, and at least 2. */
  constructor(homes: number) {
    this.#homes = homes
    this.#shift = Math.clz32(homes) + 1
    this.#ints = new Int32Array((homes + spareSlots) * 2)
  }

  get homes(): number {
    return this.#homes
  }

  get memoryBytes(): number {
    return this.#ints.length * 4
  }

  /** Where a row of this hash is looked for first. */
  home(hash: number): number {
    return hash >>> this.#shift
  }

  /** The row of the key; -1: none. */
  find(hash: number, key: KeyTest): number {
    const ints = this.#ints
    for (let at = (hash >>> this.#shift) << 1; ; at += 2) {
      const link = ints[at + 1]!
      if (link === 0) return -1
      if (ints[at] === hash && key.isAt(link - 1)) return link - 1
    }
  }

  insert(hash: number, row: number): void {
    const ints = this.#ints
    let at = (hash >>> this.#shift) << 1
    while (ints[at + 1] !== 0) at += 2
    ints[at] = hash
    ints[at + 1] = row + 1
    if (at + 2 === ints.length) this.#lengthen()
  }

  /** What lies behind the row moves up as far as its home, so that no search ends too early. */
  remove(hash: number, row: number): void {
    const ints = this.#ints
    let gap = (hash >>> this.#shift) << 1
    for (; ints[gap + 1] !== row + 1; gap += 2) if (ints[gap + 1] === 0) throw new Error(`row ${row} is not in the index`)
    for (let at = gap + 2; ints[at + 1] !== 0; at += 2) {
      if ((ints[at]! >>> this.#shift) << 1 > gap) continue
      ints[gap] = ints[at]!
      ints[gap + 1] = ints[at + 1]!
      gap = at
    }
    ints[gap + 1] = 0
  }

  /**
   * Copies the rows from slot `from` on into another table: of `least` slots, and on to the next empty one, so that no run of rows is divided. Returns the
   * slot behind it: rows whose home is below are all in the other table.
   */
  copyInto(other: Slots, from: number, least: number): number {
    const ints = this.#ints
    const enough = (from + least) << 1
    for (let at = from << 1; at < ints.length; at += 2) {
      const link = ints[at + 1]!
      if (link !== 0) other.insert(ints[at]!, link - 1)
      else if (at >= enough) return (at >> 1) + 1
    }
    return this.#homes
  }

  #lengthen(): void {
    const longer = new Int32Array(this.#ints.length + spareSlots * 2)
    longer.set(this.#ints)
    this.#ints = longer
  }
}
