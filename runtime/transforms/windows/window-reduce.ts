import { jsonEncoder } from '../../formats/json/encoder.ts'
import type { WindowReduceNode } from '../../plan/nodes.ts'
import type { Firing } from '../../plan/nodes/windows.ts'
import type { RowId, StateTable } from '../../state/store.ts'
import { processingFailure, requireValue } from '../chain.ts'
import type { CurrentRecord } from '../record.ts'
import { resultHead, type ContentsOptions, type Mark, type WindowContents } from './contents.ts'
import { MarkedBlobs } from './marked-blobs.ts'

/**
 * Folds the values of a window into one with a function of the author: the first value as it is, then reducer(accumulator, value). The accumulator is
 * kept as JSON between records, so it must be what JSON can carry, and the function may change and return it.
 */
export class ReduceContents implements WindowContents {
  readonly table: StateTable
  readonly meaning = 'reduce'
  readonly #blobs: MarkedBlobs
  readonly #record: CurrentRecord
  readonly #slideMs: number
  readonly #name: string
  readonly #reducer: (accumulator: unknown, value: unknown) => unknown
  /** Refuses what JSON would silently change. */
  readonly #encoder = jsonEncoder(null)
  /** Encoded accumulators by window start; all are of the key of the record in work. */
  readonly #prepared = new Map<number, Uint8Array>()

  constructor(node: WindowReduceNode, { store, record, slideMs, marked }: ContentsOptions) {
    this.table = store.table(node.uid, { kind: 'blob' })
    this.#blobs = new MarkedBlobs(this.table, marked)
    this.#record = record
    this.#slideMs = slideMs
    this.#name = `reduce "${node.uid}"`
    // The builder has checked its parameters against the type of the stream.
    this.#reducer = node.reducer.call as (accumulator: unknown, value: unknown) => unknown
  }

  prepare(value: unknown, newestStart: number, openWindows: number): void {
    let start = newestStart
    for (let left = openWindows; left > 0; left--) {
      const held = this.#prepared.get(start) ?? this.#stored(start)
      this.#prepared.set(start, this.#fold(held, value))
      start -= this.#slideMs
    }
  }

  apply(): void {
    const { keyBytes, keyStart, keyEnd } = this.#record
    if (keyBytes === null) throw new Error('a record without a key reached a window')
    for (const [start, accumulator] of this.#prepared) {
      this.#blobs.set(this.table.upsert(start, keyBytes, keyStart, keyEnd), accumulator)
    }
    this.#prepared.clear()
  }

  discard(): void {
    this.#prepared.clear()
  }

  merge(into: RowId, from: RowId): void {
    this.#blobs.set(into, this.#fold(this.#blobs.get(into), parse(this.#blobs.get(from))))
  }

  result(row: RowId, key: unknown, windowStart: number, windowEnd: number, firing?: Firing): unknown {
    const result = resultHead(key, windowStart, windowEnd, firing)
    result['value'] = parse(this.#blobs.get(row))
    return result
  }

  resultBytes(row: RowId): number {
    return 48 + this.table.getBlob(row).length
  }

  markOf(row: RowId): Mark {
    return this.#blobs.markOf(row)
  }

  setMark(row: RowId, to: Mark): void {
    this.#blobs.setMark(row, to)
  }

  #stored(start: number): Uint8Array | null {
    const { keyBytes, keyStart, keyEnd } = this.#record
    if (keyBytes === null) return null
    const row = this.table.find(start, keyBytes, keyStart, keyEnd)
    return row < 0 ? null : this.#blobs.get(row)
  }

  #fold(held: Uint8Array | null, value: unknown): Uint8Array {
    let folded: unknown
    try {
      folded = held === null ? value : this.#reducer(parse(held), value)
    } catch (error) {
      throw processingFailure(this.#name, error)
    }
    requireValue(this.#name, folded)
    try {
      return this.#encoder.encode(folded)
    } catch (error) {
      throw processingFailure(this.#name, error)
    }
  }
}

function parse(blob: Uint8Array): unknown {
  return JSON.parse(Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('utf8'))
}
