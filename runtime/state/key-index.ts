/**
 * Finds rows by the hash of their keys. When a table of slots is nearly full, one of twice the size takes over little by little: both live side by side, and
 * every insertion moves a few slots, so that no single one has to wait for all.
 */
import { Slots } from './slots.ts'
import type { KeyTest } from './slots.ts'

const firstHomes = 512
/** How full a table may be before the next takes over. */
const mostLoad = 0.7
/** The move is over before an eighth more rows have come: the old table is not much fuller at its end than it was. */
const slotsPerInsertion = 8

export class KeyIndex {
  #slots = new Slots(firstHomes)
  /** The smaller table that is being left; its rows whose home is below `moved` are in the new one. */
  #old: Slots | null = null
  #moved = 0
  #count = 0

  get memoryBytes(): number {
    return this.#slots.memoryBytes + (this.#old?.memoryBytes ?? 0)
  }

  /** The row of the key with this hash; -1: none. */
  find(hash: number, key: KeyTest): number {
    return this.#of(hash).find(hash, key)
  }

  /** Adds a row that is not there. */
  insert(hash: number, row: number): void {
    if (this.#old !== null) this.#move(this.#old)
    else if (this.#count >= this.#slots.homes * mostLoad) this.#grow()
    this.#count++
    this.#of(hash).insert(hash, row)
  }

  remove(hash: number, row: number): void {
    this.#count--
    this.#of(hash).remove(hash, row)
  }

  /** The table that holds rows of this hash. */
  #of(hash: number): Slots {
    const old = this.#old
    return old !== null && old.home(hash) >= this.#moved ? old : this.#slots
  }

  #grow(): void {
    this.#old = this.#slots
    this.#moved = 0
    this.#slots = new Slots(this.#old.homes * 2)
  }

  #move(old: Slots): void {
    this.#moved = old.copyInto(this.#slots, this.#moved, slotsPerInsertion)
    if (this.#moved >= old.homes) this.#old = null
  }
}
