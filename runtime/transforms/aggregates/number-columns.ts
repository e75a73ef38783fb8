import type { NumberAggregate } from '../../plan/nodes/aggregates.ts'
import { numberOf } from './summary.ts'

/** Where numbers are kept: cells of rows of a table, or one row of numbers in hand. */
export interface Cells {
  getCell(row: number, cell: number): number
  setCell(row: number, cell: number, value: number): void
}

/**
 * Aggregates in float64 cells, as in SQL: count counts records; the others skip values that are null or absent, and are null when there was none. Sums of
 * integers are exact below 2^53. One cell each, NaN where there was no value yet, and a second for the number of avg. Variance and standard deviation take
 * three: the number of values, their mean and the sum of squared distances from it (Welford 1962), which stay exact where sums of squares would cancel.
 */
export class NumberColumns {
  /** How many cells a row takes. */
  readonly cells: number
  /** The fields that are read, each once. */
  readonly inputs: readonly string[]
  readonly #columns: readonly Column[]
  readonly #name: string

  /** `name` is what messages begin with. */
  constructor(aggregates: readonly NumberAggregate[], name: string) {
    this.inputs = [...new Set(aggregates.flatMap((aggregate) => (aggregate.kind === 'count' ? [] : [aggregate.field])))]
    this.#columns = layOut(aggregates, this.inputs)
    this.cells = this.#columns.reduce((sum, column) => sum + cellsOf(column.kind), 0)
    this.#name = name
  }

  /** Reads the inputs of a record into `into` from `at` on; NaN: null or absent. Throws RecordRejected. */
  read(value: unknown, into: Float64Array, at: number): void {
    for (let i = 0; i < this.inputs.length; i++) into[at + i] = numberOf(value, this.inputs[i]!, this.#name) ?? NaN
  }

  /** Takes in what `read` gave; `fresh`: the row is new, its cells 0. */
  update(cells: Cells, row: number, fresh: boolean, values: Float64Array, at: number): void {
    const columns = this.#columns
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!
      const { kind, cell } = column
      if (kind === 'count') {
        cells.setCell(row, cell, cells.getCell(row, cell) + 1)
        continue
      }
      const value = values[at + column.input]!
      const absent = Number.isNaN(value)
      if (kind === 'variance') {
        if (!absent) addToVariance(cells, row, cell, value)
        continue
      }
      const held = fresh ? NaN : cells.getCell(row, cell)
      if (absent) {
        if (fresh) cells.setCell(row, cell, NaN)
        continue
      }
      if (Number.isNaN(held)) cells.setCell(row, cell, value)
      else if (kind === 'min' || kind === 'max') {
        if (kind === 'min' ? value < held : value > held) cells.setCell(row, cell, value)
      } else cells.setCell(row, cell, held + value)
      if (kind === 'avg') cells.setCell(row, cell + 1, cells.getCell(row, cell + 1) + 1)
    }
  }

  /** Takes what a row holds into another one, as if its records had come behind. */
  merge(cells: Cells, into: number, from: number): void {
    for (const { kind, cell } of this.#columns) {
      if (kind === 'variance') {
        mergeVariance(cells, into, from, cell)
        continue
      }
      const [held, more] = [cells.getCell(into, cell), cells.getCell(from, cell)]
      if (Number.isNaN(more)) continue
      if (Number.isNaN(held)) cells.setCell(into, cell, more)
      else if (kind === 'min' || kind === 'max') cells.setCell(into, cell, Math[kind](held, more))
      else cells.setCell(into, cell, held + more)
      if (kind === 'avg') cells.setCell(into, cell + 1, cells.getCell(into, cell + 1) + cells.getCell(from, cell + 1))
    }
  }

  /** The result of the aggregate of this place. */
  resultOf(cells: Cells, row: number, place: number): number | null {
    const { kind, cell, finish } = this.#columns[place]!
    const held = cells.getCell(row, cell)
    if (kind === 'variance') return finish(held, cells.getCell(row, cell + 2))
    if (Number.isNaN(held)) return null
    return kind === 'avg' ? held / cells.getCell(row, cell + 1) : held
  }
}

type ColumnKind = 'count' | 'sum' | 'min' | 'max' | 'avg' | 'variance'

/** One aggregate: the cell it begins at, and which input field it reads (-1: none). */
interface Column {
  readonly kind: ColumnKind
  readonly cell: number
  readonly input: number
  /** Of a variance: from the number of values and the sum of squared distances. */
  readonly finish: (count: number, squares: number) => number | null
}

function layOut(aggregates: readonly NumberAggregate[], inputs: readonly string[]): readonly Column[] {
  let cell = 0
  return aggregates.map((aggregate) => {
    const kind = aggregate.kind === 'stddev' ? 'variance' : aggregate.kind
    const column = { kind, cell, input: aggregate.kind === 'count' ? -1 : inputs.indexOf(aggregate.field), finish: finisherOf(aggregate) }
    cell += cellsOf(kind)
    return column
  })
}

function finisherOf(aggregate: NumberAggregate): Column['finish'] {
  if (aggregate.kind !== 'variance' && aggregate.kind !== 'stddev') return () => null
  const less = aggregate.of === 'sample' ? 1 : 0
  const root = aggregate.kind === 'stddev'
  return (count, squares) => {
    if (count - less <= 0) return null
    const variance = squares / (count - less)
    return root ? Math.sqrt(variance) : variance
  }
}

function addToVariance(cells: Cells, row: number, cell: number, value: number): void {
  const count = cells.getCell(row, cell) + 1
  const mean = cells.getCell(row, cell + 1)
  const distance = value - mean
  const moved = mean + distance / count
  cells.setCell(row, cell, count)
  cells.setCell(row, cell + 1, moved)
  cells.setCell(row, cell + 2, cells.getCell(row, cell + 2) + distance * (value - moved))
}

/** Of two groups (Chan, Golub, LeVeque 1979). */
function mergeVariance(cells: Cells, into: number, from: number, cell: number): void {
  const [held, more] = [cells.getCell(into, cell), cells.getCell(from, cell)]
  if (more === 0) return
  const distance = cells.getCell(from, cell + 1) - cells.getCell(into, cell + 1)
  const count = held + more
  cells.setCell(into, cell, count)
  cells.setCell(into, cell + 1, cells.getCell(into, cell + 1) + (distance * more) / count)
  cells.setCell(into, cell + 2, cells.getCell(into, cell + 2) + cells.getCell(from, cell + 2) + (distance * distance * held * more) / count)
}

function cellsOf(kind: ColumnKind): number {
  return kind === 'avg' ? 2 : kind === 'variance' ? 3 : 1
}
