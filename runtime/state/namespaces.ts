/** The namespaces of a table, each with the chain of its live rows in order of insertion: a window's rows are found without looking at any other. */
import { field } from './rows.ts'
import type { Rows } from './rows.ts'

export class Namespaces {
  readonly #rows: Rows
  readonly #slots = new Map<number, number>()
  /** By slot: the namespace, first and last live row plus one, live rows, and all rows that name the slot. */
  readonly #value: number[] = []
  readonly #first: number[] = []
  readonly #last: number[] = []
  readonly #live: number[] = []
  readonly #users: number[] = []
  readonly #freeSlots: number[] = []
  #sorted: readonly number[] | null = null
  #lastNamespace = NaN
  #lastSlot = -1

  constructor(rows: Rows) {
    this.#rows = rows
  }

  /** The slot of a namespace; -1: no row names it. */
  find(namespace: number): number {
    if (namespace === this.#lastNamespace) return this.#lastSlot
    const slot = this.#slots.get(namespace) ?? -1
    if (slot >= 0) this.#remember(namespace, slot)
    return slot
  }

  /** The slot of a namespace, made when there is none. A new slot lives as long as rows use it. */
  open(namespace: number): number {
    const found = this.find(namespace)
    if (found >= 0) return found
    if (!Number.isSafeInteger(namespace)) throw new RangeError(`a namespace must be a whole number of at most 53 bits, not ${namespace}`)
    const slot = this.#freeSlots.pop() ?? this.#value.length
    this.#value[slot] = namespace
    this.#first[slot] = this.#last[slot] = this.#live[slot] = this.#users[slot] = 0
    this.#slots.set(namespace, slot)
    this.#remember(namespace, slot)
    return slot
  }

  valueOf(slot: number): number {
    return this.#value[slot]!
  }

  /** Live rows. */
  count(slot: number): number {
    return slot < 0 ? 0 : this.#live[slot]!
  }

  /** First live row plus one; 0: none. Go on with `field.after`. */
  first(slot: number): number {
    return slot < 0 ? 0 : this.#first[slot]!
  }

  /** Namespaces with live rows, ascending. */
  live(): readonly number[] {
    this.#sorted ??= [...this.#slots]
      .filter(([, slot]) => this.#live[slot]! > 0)
      .map(([namespace]) => namespace)
      .sort((a, b) => a - b)
    return this.#sorted
  }

  /** A row begins to name the slot. */
  use(slot: number): void {
    this.#users[slot]!++
  }

  /** A row ends to name the slot; the last one frees it. */
  release(slot: number): void {
    if (--this.#users[slot]! > 0) return
    const namespace = this.#value[slot]!
    this.#slots.delete(namespace)
    this.#freeSlots.push(slot)
    if (namespace === this.#lastNamespace) this.#remember(NaN, -1)
  }

  /** Appends a live row to the chain. */
  append(slot: number, row: number): void {
    const last = this.#last[slot]!
    this.#rows.set(row, field.before, last)
    this.#rows.set(row, field.after, 0)
    if (last === 0) this.#first[slot] = row + 1
    else this.#rows.set(last - 1, field.after, row + 1)
    this.#last[slot] = row + 1
    this.#added(slot)
  }

  /** Puts a live row before all others: undoing a drain from the last deletion to the first gives the old order. */
  prepend(slot: number, row: number): void {
    const first = this.#first[slot]!
    this.#rows.set(row, field.before, 0)
    this.#rows.set(row, field.after, first)
    if (first === 0) this.#last[slot] = row + 1
    else this.#rows.set(first - 1, field.before, row + 1)
    this.#first[slot] = row + 1
    this.#added(slot)
  }

  /** Takes a row out of the chain. */
  unlink(slot: number, row: number): void {
    const before = this.#rows.get(row, field.before)
    const after = this.#rows.get(row, field.after)
    if (before === 0) this.#first[slot] = after
    else this.#rows.set(before - 1, field.after, after)
    if (after === 0) this.#last[slot] = before
    else this.#rows.set(after - 1, field.before, before)
    if (--this.#live[slot]! === 0) this.#sorted = null
  }

  #added(slot: number): void {
    if (this.#live[slot]!++ === 0) this.#sorted = null
  }

  #remember(namespace: number, slot: number): void {
    this.#lastNamespace = namespace
    this.#lastSlot = slot
  }
}
