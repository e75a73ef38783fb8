import { describeState, isNumberAggregate } from '../../plan/nodes/aggregates.ts'
import type { WindowAggregateNode } from '../../plan/nodes.ts'
import type { Firing } from '../../plan/nodes/windows.ts'
import type { RowId, StateTable } from '../../state/store.ts'
import { ByteReader, ByteWriter } from '../aggregates/bytes.ts'
import { NumberColumns, type Cells } from '../aggregates/number-columns.ts'
import { summaryOf } from '../aggregates/summaries.ts'
import type { Summary, SummaryKind } from '../aggregates/summary.ts'
import { RecordRejected } from '../chain.ts'
import type { CurrentRecord } from '../record.ts'
import { mostRowBytes, resultHead, type ContentsOptions, type Mark, type WindowContents } from './contents.ts'
import { MarkedBlobs } from './marked-blobs.ts'

/**
 * Aggregates of which at least one needs more than numbers: one blob per key and window, the numbers of all others first, then the summaries in the order
 * of the fields.
 */
export class SummaryContents implements WindowContents {
  readonly table: StateTable
  readonly meaning: string
  readonly #blobs: MarkedBlobs
  readonly #record: CurrentRecord
  readonly #slideMs: number
  readonly #name: string
  readonly #columns: NumberColumns
  readonly #inputs: Float64Array
  readonly #summaries: readonly SummaryKind[]
  readonly #fields: readonly Field[]
  readonly #writer = new ByteWriter()
  /** By window start, all of the key of the record in work: what they hold with its values. */
  readonly #prepared = new Map<number, Held>()

  constructor(node: WindowAggregateNode, { store, record, slideMs, marked }: ContentsOptions) {
    const aggregates = Object.values(node.fields)
    this.#name = `aggregate "${node.uid}"`
    this.#columns = new NumberColumns(aggregates.filter(isNumberAggregate), this.#name)
    this.#inputs = new Float64Array(this.#columns.inputs.length)
    this.#summaries = aggregates.flatMap((aggregate) => (isNumberAggregate(aggregate) ? [] : [summaryOf(aggregate, this.#name)]))
    this.#fields = fieldsOf(node)
    this.meaning = aggregates.map(describeState).join(', ')
    this.table = store.table(node.uid, { kind: 'blob' })
    this.#blobs = new MarkedBlobs(this.table, marked)
    this.#record = record
    this.#slideMs = slideMs
  }

  prepare(value: unknown, newestStart: number, openWindows: number): void {
    this.#columns.read(value, this.#inputs, 0)
    let start = newestStart
    for (let left = openWindows; left > 0; left--) {
      const held = this.#prepared.get(start) ?? this.#stored(start) ?? this.#empty()
      this.#prepared.set(start, held)
      this.#columns.update(held.numbers, 0, held.fresh, this.#inputs, 0)
      for (const summary of held.summaries) summary.add(value, this.#record.timestamp)
      held.fresh = false
      held.bytes = this.#encode(held)
      start -= this.#slideMs
    }
  }

  apply(): void {
    const { keyBytes, keyStart, keyEnd } = this.#record
    if (keyBytes === null) throw new Error('a record without a key reached a window')
    for (const [start, { bytes }] of this.#prepared) this.#blobs.set(this.table.upsert(start, keyBytes, keyStart, keyEnd), bytes)
    this.#prepared.clear()
  }

  discard(): void {
    this.#prepared.clear()
  }

  merge(into: RowId, from: RowId): void {
    const [held, more] = [this.#decode(this.#blobs.get(into)), this.#decode(this.#blobs.get(from))]
    // Both rows of numbers as one, so that they have places.
    this.#columns.merge(new TwoRows(held.numbers, more.numbers), 0, 1)
    for (const [i, summary] of held.summaries.entries()) summary.merge(more.summaries[i]!)
    this.#blobs.set(into, this.#encode(held))
  }

  result(row: RowId, key: unknown, windowStart: number, windowEnd: number, firing?: Firing): unknown {
    const { numbers, summaries } = this.#decode(this.#blobs.get(row))
    const result = resultHead(key, windowStart, windowEnd, firing)
    for (const { name, isNumber, place } of this.#fields) {
      result[name] = isNumber ? this.#columns.resultOf(numbers, 0, place) : summaries[place]!.result()
    }
    return result
  }

  resultBytes(row: RowId): number {
    return 48 + 16 * this.#fields.length + this.table.getBlob(row).length
  }

  markOf(row: RowId): Mark {
    return this.#blobs.markOf(row)
  }

  setMark(row: RowId, to: Mark): void {
    this.#blobs.setMark(row, to)
  }

  #empty(): Held {
    const summaries = this.#summaries.map((kind) => kind.empty())
    return { numbers: new Numbers(new Float64Array(this.#columns.cells)), summaries, fresh: true, bytes: noBytes }
  }

  #stored(start: number): Held | null {
    const { keyBytes, keyStart, keyEnd } = this.#record
    if (keyBytes === null) return null
    const row = this.table.find(start, keyBytes, keyStart, keyEnd)
    return row < 0 ? null : this.#decode(this.#blobs.get(row))
  }

  /** A summary may change what it read in place, so it gets a copy. */
  #decode(blob: Uint8Array): Held {
    const reader = new ByteReader(Buffer.from(blob))
    const cells = new Float64Array(this.#columns.cells)
    for (let i = 0; i < cells.length; i++) cells[i] = reader.double()
    return { numbers: new Numbers(cells), summaries: this.#summaries.map((kind) => kind.read(reader)), fresh: false, bytes: noBytes }
  }

  #encode({ numbers, summaries }: Held): Buffer {
    for (const cell of numbers.cells) this.#writer.double(cell)
    for (const summary of summaries) summary.write(this.#writer)
    const bytes = this.#writer.finish()
    if (bytes.length <= mostRowBytes) return bytes
    const message = `${this.#name}: what it keeps for this key would take ${bytes.length} bytes, more than the ${mostRowBytes} of a row`
    throw new RecordRejected('processing', message)
  }
}

/** What a row holds, in the making. */
interface Held {
  readonly numbers: Numbers
  readonly summaries: readonly Summary[]
  fresh: boolean
  bytes: Buffer
}

/** One row of cells. */
class Numbers implements Cells {
  readonly cells: Float64Array

  constructor(cells: Float64Array) {
    this.cells = cells
  }

  getCell(_row: number, cell: number): number {
    return this.cells[cell]!
  }

  setCell(_row: number, cell: number, value: number): void {
    this.cells[cell] = value
  }
}

/** Two rows of cells, numbered 0 and 1. */
class TwoRows implements Cells {
  readonly #rows: readonly [Numbers, Numbers]

  constructor(first: Numbers, second: Numbers) {
    this.#rows = [first, second]
  }

  getCell(row: number, cell: number): number {
    return this.#rows[row]!.getCell(row, cell)
  }

  setCell(row: number, cell: number, value: number): void {
    this.#rows[row]!.setCell(row, cell, value)
  }
}

/** A field of the result, and its place among the numbers or the summaries. */
interface Field {
  readonly name: string
  readonly isNumber: boolean
  readonly place: number
}

function fieldsOf(node: WindowAggregateNode): readonly Field[] {
  const places = { numbers: 0, summaries: 0 }
  return Object.entries(node.fields).map(([name, aggregate]) => {
    const isNumber = isNumberAggregate(aggregate)
    return { name, isNumber, place: isNumber ? places.numbers++ : places.summaries++ }
  })
}

const noBytes = Buffer.alloc(0)
