import type { RowId, RowLayout, StateTable } from '../../state/store.ts'

/** Named numbers. */
export type Numbers<N extends string> = Record<N, number>

/** The layout of a table with these numbers. */
export function numberLayout(empty: Readonly<Numbers<string>>): RowLayout {
  return { kind: 'cells', cells: Object.keys(empty).length }
}

/** A row of named numbers for each key, in one namespace: in the order of their names in `empty`, which stands for a key that has no row. */
export class NumberRows<N extends string> {
  readonly #table: StateTable
  readonly #empty: Readonly<Numbers<N>>
  readonly #names: readonly N[]

  constructor(table: StateTable, empty: Readonly<Numbers<N>>) {
    this.#table = table
    this.#empty = empty
    // Its own keys, and no others.
    this.#names = Object.keys(empty) as N[]
  }

  /** A copy. */
  of(key: Uint8Array, start = 0, end = key.length): Numbers<N> {
    const row = this.#table.find(namespace, key, start, end)
    const numbers: Numbers<N> = { ...this.#empty }
    if (row >= 0) for (let cell = 0; cell < this.#names.length; cell++) numbers[this.#names[cell]!] = this.#table.getCell(row, cell)
    return numbers
  }

  /** Null: the key has no row. */
  keep(key: Uint8Array, numbers: Readonly<Numbers<N>> | null): void {
    const table = this.#table
    if (numbers !== null) {
      const row = table.upsert(namespace, key, 0, key.length)
      for (let cell = 0; cell < this.#names.length; cell++) table.setCell(row, cell, numbers[this.#names[cell]!])
      return
    }
    const row = table.find(namespace, key, 0, key.length)
    if (row >= 0) table.delete(row)
  }

  get size(): number {
    return this.#table.size
  }

  /** One number of a row that `drain` visits. */
  at(row: RowId, name: N): number {
    return this.#table.getCell(row, this.#names.indexOf(name))
  }

  /** Visits rows as a table does. */
  drain(limit: number, visit: (row: RowId, key: () => Buffer) => void, after?: RowId): number {
    return this.#table.drain(namespace, limit, (row) => visit(row, () => this.#table.keyOf(row)), after)
  }
}

const namespace = 0
