import { describeState, isNumberAggregate } from '../../plan/aggregates.ts'
import type { WindowAggregateNode } from '../../plan/nodes.ts'
import type { RowId, StateStore, StateTable } from '../../state/store.ts'
import { NumberColumns } from '../aggregates/number-columns.ts'
import type { CurrentRecord } from '../record.ts'
import type { WindowContents } from './window.ts'

/** Aggregates that numbers suffice for: a row of float64 cells per key and window. */
export class AggregateContents implements WindowContents {
  readonly table: StateTable
  readonly meaning: string
  readonly #record: CurrentRecord
  readonly #slideMs: number
  readonly #columns: NumberColumns
  readonly #names: readonly string[]
  /** Prepared values: of each the newest window, the number of open windows and the input fields. */
  #count = 0
  #starts = new Float64Array(1)
  #opens = new Float64Array(1)
  #values: Float64Array

  constructor(node: WindowAggregateNode, store: StateStore, record: CurrentRecord) {
    const aggregates = Object.values(node.fields)
    this.#columns = new NumberColumns(aggregates.filter(isNumberAggregate), `aggregate "${node.uid}"`)
    this.#names = Object.keys(node.fields)
    this.meaning = aggregates.map(describeState).join(', ')
    this.table = store.table(node.uid, { kind: 'cells', cells: this.#columns.cells })
    this.#record = record
    this.#slideMs = node.window.slideMs
    this.#values = new Float64Array(Math.max(1, this.#columns.inputs.length))
  }

  prepare(value: unknown, newestStart: number, openWindows: number): void {
    const at = this.#count
    if (at === this.#starts.length) this.#grow()
    this.#starts[at] = newestStart
    this.#opens[at] = openWindows
    this.#columns.read(value, this.#values, at * this.#columns.inputs.length)
    this.#count = at + 1
  }

  apply(): void {
    const { keyBytes, keyStart, keyEnd } = this.#record
    if (keyBytes === null) throw new Error('a record without a key reached a window')
    const { table } = this
    for (let at = 0; at < this.#count; at++) {
      let start = this.#starts[at]!
      for (let left = this.#opens[at]!; left > 0; left--) {
        const row = table.upsert(start, keyBytes, keyStart, keyEnd)
        this.#columns.update(table, row, table.created, this.#values, at * this.#columns.inputs.length)
        start -= this.#slideMs
      }
    }
    this.#count = 0
  }

  discard(): void {
    this.#count = 0
  }

  result(row: RowId, key: unknown, windowStart: number, windowEnd: number): unknown {
    const result: Record<string, unknown> = { key, windowStart, windowEnd }
    for (let i = 0; i < this.#names.length; i++) result[this.#names[i]!] = this.#columns.resultOf(this.table, row, i)
    return result
  }

  resultBytes(): number {
    return 48 + 16 * this.#names.length
  }

  #grow(): void {
    const size = this.#starts.length * 2
    this.#starts = copied(this.#starts, size)
    this.#opens = copied(this.#opens, size)
    this.#values = copied(this.#values, Math.max(1, size * this.#columns.inputs.length))
  }
}

function copied(values: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(size)
  larger.set(values)
  return larger
}
