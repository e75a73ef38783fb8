import { describeState, isNumberAggregate } from '../../plan/nodes/aggregates.ts'
import type { WindowAggregateNode } from '../../plan/nodes.ts'
import type { Firing } from '../../plan/nodes/windows.ts'
import type { RowId, StateTable } from '../../state/store.ts'
import { NumberColumns } from '../aggregates/number-columns.ts'
import type { CurrentRecord } from '../record.ts'
import { mark, resultHead, type ContentsOptions, type Mark, type WindowContents } from './contents.ts'

/** Aggregates that numbers suffice for: a row of float64 cells per key and window. */
export class AggregateContents implements WindowContents {
  readonly table: StateTable
  readonly meaning: string
  readonly #record: CurrentRecord
  readonly #slideMs: number
  readonly #columns: NumberColumns
  readonly #names: readonly string[]
  /** Behind the others; -1: the window fires once. */
  readonly #markCell: number
  /** Prepared values: of each the newest window, the number of open windows and the input fields. */
  #count = 0
  #starts = new Float64Array(1)
  #opens = new Float64Array(1)
  #values: Float64Array

  constructor(node: WindowAggregateNode, { store, record, slideMs, marked }: ContentsOptions) {
    const aggregates = Object.values(node.fields)
    this.#columns = new NumberColumns(aggregates.filter(isNumberAggregate), `aggregate "${node.uid}"`)
    this.#names = Object.keys(node.fields)
    this.meaning = aggregates.map(describeState).join(', ')
    this.#markCell = marked ? this.#columns.cells : -1
    this.table = store.table(node.uid, { kind: 'cells', cells: this.#columns.cells + (marked ? 1 : 0) })
    this.#record = record
    this.#slideMs = slideMs
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
        if (this.#markCell >= 0) table.setCell(row, this.#markCell, mark.changed)
        start -= this.#slideMs
      }
    }
    this.#count = 0
  }

  discard(): void {
    this.#count = 0
  }

  merge(into: RowId, from: RowId): void {
    this.#columns.merge(this.table, into, from)
  }

  result(row: RowId, key: unknown, windowStart: number, windowEnd: number, firing?: Firing): unknown {
    const result = resultHead(key, windowStart, windowEnd, firing)
    for (let i = 0; i < this.#names.length; i++) result[this.#names[i]!] = this.#columns.resultOf(this.table, row, i)
    return result
  }

  resultBytes(): number {
    return 48 + 16 * this.#names.length
  }

  markOf(row: RowId): Mark {
    // Written by setMark only.
    return this.table.getCell(row, this.#markCell) as Mark
  }

  setMark(row: RowId, to: Mark): void {
    this.table.setCell(row, this.#markCell, to)
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
