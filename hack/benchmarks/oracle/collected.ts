import { isFlush, type InputValue } from '../input/records.ts'
import { Checksum, difference } from './checksum.ts'
import type { Oracle, OutputCheck, ResultRow } from './oracle.ts'

/** How results come of all records together. */
export interface Collection {
  /** Of a result, in the order of its values; the first one names whose it is. */
  readonly fields: readonly string[]
  readonly keyField: string
  add(value: InputValue): void
  /** Those of the flush among them, or not. */
  results(): Iterable<readonly unknown[]>
}

/** Results that are known when every record is: compared as multisets, by number and checksum. */
export class Collected implements Oracle {
  readonly #collection: Collection
  #expected: Checksum | null = null

  constructor(collection: Collection) {
    this.#collection = collection
  }

  get keyField(): string {
    return this.#collection.keyField
  }

  get rows(): number {
    return this.#sum().count
  }

  add(value: InputValue): void {
    this.#collection.add(value)
    this.#expected = null
  }

  check(): OutputCheck {
    const { fields } = this.#collection
    const [found, expected] = [new Checksum(), this.#sum()]
    return {
      add: (row: ResultRow) =>
        addTo(
          found,
          fields.map((field) => row[field]),
        ),
      verdict: () => difference(found, expected),
    }
  }

  #sum(): Checksum {
    if (this.#expected !== null) return this.#expected
    const expected = new Checksum()
    for (const result of this.#collection.results()) addTo(expected, result)
    return (this.#expected = expected)
  }
}

function addTo(sum: Checksum, result: readonly unknown[]): void {
  if (!isFlush(Number(result[0]))) sum.add(result)
}
