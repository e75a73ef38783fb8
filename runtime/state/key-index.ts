/**
 * Finds rows by hash: chains of rows, one per bucket, linked through the rows themselves. When there are more rows than buckets a larger array of buckets
 * takes over little by little: both live side by side, and every insertion moves a few buckets, so that no single one has to wait for all.
 */
import { field } from './rows.ts'
import type { Rows } from './rows.ts'

const firstSize = 1024
/** Two per insertion are done when half of the insertions have come that lead to the next growth. */
const bucketsPerInsertion = 2

export class KeyIndex {
  readonly #rows: Rows
  /** Row plus one; 0: empty. The length is a power of two. */
  #buckets = new Int32Array(firstSize)
  #mask = firstSize - 1
  /** The smaller array that is being left; its buckets below `moved` are in the new one. */
  #old: Int32Array | null = null
  #oldMask = 0
  #moved = 0
  #count = 0

  constructor(rows: Rows) {
    this.#rows = rows
  }

  get memoryBytes(): number {
    return (this.#buckets.length + (this.#old?.length ?? 0)) * 4
  }

  /** First row of the chain that rows of this hash are in, plus one; 0: none. Rows of other hashes are in it too. */
  first(hash: number): number {
    const old = this.#old
    if (old !== null && (hash & this.#oldMask) >= this.#moved) return old[hash & this.#oldMask]!
    return this.#buckets[hash & this.#mask]!
  }

  /** Adds a row, whose hash is set. */
  insert(row: number, hash: number): void {
    if (this.#old !== null) this.#moveBuckets(this.#old)
    else if (this.#count >= this.#buckets.length) this.#grow()
    this.#count++
    this.#rows.set(row, field.next, this.first(hash))
    this.#setFirst(hash, row + 1)
  }

  remove(row: number, hash: number): void {
    this.#count--
    const rows = this.#rows
    const next = rows.get(row, field.next)
    let at = this.first(hash)
    if (at === row + 1) {
      this.#setFirst(hash, next)
      return
    }
    while (at !== 0) {
      const following = rows.get(at - 1, field.next)
      if (following === row + 1) {
        rows.set(at - 1, field.next, next)
        return
      }
      at = following
    }
    throw new Error(`row ${row} is not in its index chain`)
  }

  #setFirst(hash: number, link: number): void {
    const old = this.#old
    if (old !== null && (hash & this.#oldMask) >= this.#moved) old[hash & this.#oldMask] = link
    else this.#buckets[hash & this.#mask] = link
  }

  #grow(): void {
    this.#old = this.#buckets
    this.#oldMask = this.#mask
    this.#moved = 0
    this.#buckets = new Int32Array(this.#old.length * 2)
    this.#mask = this.#buckets.length - 1
  }

  #moveBuckets(old: Int32Array): void {
    const rows = this.#rows
    const end = Math.min(this.#moved + bucketsPerInsertion, old.length)
    for (let bucket = this.#moved; bucket < end; bucket++) {
      let link = old[bucket]!
      while (link !== 0) {
        const row = link - 1
        link = rows.get(row, field.next)
        const target = rows.get(row, field.hash) & this.#mask
        rows.set(row, field.next, this.#buckets[target]!)
        this.#buckets[target] = row + 1
      }
    }
    this.#moved = end
    if (end === old.length) this.#old = null
  }
}
