import { describeValue } from '../../formats/codec.ts'
import type { Aggregate, WindowAggregateNode } from '../../plan/nodes.ts'
import type { RowId, StateStore, StateTable } from '../../state/store.ts'
import { RecordRejected } from '../chain.ts'
import type { CurrentRecord } from '../record.ts'
import type { WindowContents } from './window.ts'

/**
 * count, sum, min, max and avg in float64 cells, as in SQL: count counts records; the others skip values that are null or absent, and are null when
 * there was none. Sums of integers are exact below 2^53. One cell each, NaN where there was no value yet, and a second for the number of avg.
 */
export class AggregateContents implements WindowContents {
  readonly table: StateTable
  readonly meaning: string
  readonly #record: CurrentRecord
  readonly #slideMs: number
  readonly #name: string
  /** The fields that are read, each once. */
  readonly #inputs: readonly string[]
  readonly #columns: readonly Column[]
  /** Prepared values: of each the newest window, the number of open windows and the input fields. */
  #count = 0
  #starts = new Float64Array(1)
  #opens = new Float64Array(1)
  #values: Float64Array

  constructor(node: WindowAggregateNode, store: StateStore, record: CurrentRecord) {
    this.#inputs = [...new Set(Object.values(node.fields).flatMap((aggregate) => (aggregate.kind === 'count' ? [] : [aggregate.field])))]
    this.#columns = layOut(node.fields, this.#inputs)
    this.meaning = Object.values(node.fields).map(describeAggregate).join(', ')
    const cells = this.#columns.reduce((sum, column) => sum + cellsOf(column.kind), 0)
    this.table = store.table(node.uid, { kind: 'cells', cells })
    this.#record = record
    this.#slideMs = node.window.slideMs
    this.#name = `aggregate "${node.uid}"`
    this.#values = new Float64Array(Math.max(1, this.#inputs.length))
  }

  prepare(value: unknown, newestStart: number, openWindows: number): void {
    const at = this.#count
    if (at === this.#starts.length) this.#grow()
    this.#starts[at] = newestStart
    this.#opens[at] = openWindows
    const inputs = this.#inputs
    for (let i = 0; i < inputs.length; i++) this.#values[at * inputs.length + i] = this.#read(value, inputs[i]!)
    this.#count = at + 1
  }

  apply(): void {
    const { keyBytes, keyStart, keyEnd } = this.#record
    if (keyBytes === null) throw new Error('a record without a key reached a window')
    for (let at = 0; at < this.#count; at++) {
      let start = this.#starts[at]!
      for (let left = this.#opens[at]!; left > 0; left--) {
        this.#update(this.table.upsert(start, keyBytes, keyStart, keyEnd), at * this.#inputs.length)
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
    for (const column of this.#columns) result[column.name] = this.#resultOf(row, column)
    return result
  }

  resultBytes(): number {
    return 48 + 16 * this.#columns.length
  }

  #update(row: RowId, values: number): void {
    const { table } = this
    const fresh = table.created
    const columns = this.#columns
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!
      const { kind, cell } = column
      if (kind === 'count') {
        table.setCell(row, cell, table.getCell(row, cell) + 1)
        continue
      }
      const value = this.#values[values + column.input]!
      const absent = Number.isNaN(value)
      const held = fresh ? NaN : table.getCell(row, cell)
      if (absent) {
        if (fresh) table.setCell(row, cell, NaN)
        continue
      }
      if (Number.isNaN(held)) table.setCell(row, cell, value)
      else if (kind === 'min' || kind === 'max') {
        if (kind === 'min' ? value < held : value > held) table.setCell(row, cell, value)
      } else table.setCell(row, cell, held + value)
      if (kind === 'avg') table.setCell(row, cell + 1, table.getCell(row, cell + 1) + 1)
    }
  }

  #resultOf(row: RowId, { kind, cell }: Column): number | null {
    const held = this.table.getCell(row, cell)
    if (Number.isNaN(held)) return null
    return kind === 'avg' ? held / this.table.getCell(row, cell + 1) : held
  }

  /** NaN: null or absent. */
  #read(value: unknown, field: string): number {
    const read = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[field] : undefined
    if (typeof read === 'number' && Number.isFinite(read)) return read
    if (read === undefined || read === null) return NaN
    throw new RecordRejected('processing', `${this.#name}: field "${field}" is ${describeValue(read)}, not a finite number`)
  }

  #grow(): void {
    const size = this.#starts.length * 2
    this.#starts = copied(this.#starts, size)
    this.#opens = copied(this.#opens, size)
    this.#values = copied(this.#values, Math.max(1, size * this.#inputs.length))
  }
}

/** One aggregate: the cell it begins at, and which input field it reads (-1: none). */
interface Column {
  readonly name: string
  readonly kind: Aggregate['kind']
  readonly cell: number
  readonly input: number
}

function layOut(fields: WindowAggregateNode['fields'], inputs: readonly string[]): readonly Column[] {
  let cell = 0
  return Object.entries(fields).map(([name, aggregate]) => {
    const column = { name, kind: aggregate.kind, cell, input: aggregate.kind === 'count' ? -1 : inputs.indexOf(aggregate.field) }
    cell += cellsOf(aggregate.kind)
    return column
  })
}

function describeAggregate(aggregate: Aggregate): string {
  return aggregate.kind === 'count' ? 'count' : `${aggregate.kind}(${aggregate.field})`
}

function cellsOf(kind: Aggregate['kind']): number {
  return kind === 'avg' ? 2 : 1
}

function copied(values: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(size)
  larger.set(values)
  return larger
}
