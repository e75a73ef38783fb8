import { rowDecoder } from '../../formats/binary/decoder.ts'
import { rowEncoder } from '../../formats/binary/encoder.ts'
import type { Uid } from '../../plan/nodes.ts'
import type { Firing } from '../../plan/nodes/windows.ts'
import type { RowId, StateTable } from '../../state/store.ts'
import { processingFailure, RecordRejected } from '../chain.ts'
import type { CurrentRecord } from '../record.ts'
import { mostRowBytes, type ContentsOptions, type Mark, type WindowContents } from './contents.ts'
import { MarkedBlobs } from './marked-blobs.ts'

/** What a window gives whose values are all kept. */
export interface FiredValues {
  readonly key: unknown
  readonly windowStart: number
  readonly windowEnd: number
  readonly firing: Firing | undefined
  /** In the order of arrival; made anew from their bytes, one by one, each time they are gone through. */
  readonly values: Iterable<unknown>
}

/**
 * All values of a window, in the order of arrival. A row holds of each the length of its bytes as uint32, then the bytes, which are those that go between
 * stages. A record that would make it longer than a row may be fails.
 */
export class ValueContents implements WindowContents {
  readonly table: StateTable
  readonly meaning = 'all values'
  readonly #blobs: MarkedBlobs
  readonly #record: CurrentRecord
  readonly #slideMs: number
  readonly #name: string
  readonly #encoder = rowEncoder()
  readonly #decoder = rowDecoder()
  /** By window start, all of the key of the record in work: what its values add. */
  readonly #prepared = new Map<number, Added>()

  constructor({ uid }: { readonly uid: Uid }, { store, record, slideMs, marked }: ContentsOptions) {
    this.table = store.table(uid, { kind: 'blob' })
    this.#blobs = new MarkedBlobs(this.table, marked)
    this.#record = record
    this.#slideMs = slideMs
    this.#name = `process "${uid}"`
  }

  prepare(value: unknown, newestStart: number, openWindows: number): void {
    const bytes = this.#encode(value)
    let start = newestStart
    for (let left = openWindows; left > 0; left--) {
      const added = this.#prepared.get(start) ?? { parts: [], total: this.#storedBytes(start) }
      this.#prepared.set(start, added)
      added.total += bytes.length
      this.#requireRoom(added.total)
      added.parts.push(bytes)
      start -= this.#slideMs
    }
  }

  apply(): void {
    const { keyBytes, keyStart, keyEnd } = this.#record
    if (keyBytes === null) throw new Error('a record without a key reached a window')
    for (const [start, { parts }] of this.#prepared) {
      const row = this.table.upsert(start, keyBytes, keyStart, keyEnd)
      this.#blobs.set(row, Buffer.concat([this.#blobs.get(row), ...parts]))
    }
    this.#prepared.clear()
  }

  discard(): void {
    this.#prepared.clear()
  }

  merge(into: RowId, from: RowId): void {
    const values = Buffer.concat([this.#blobs.get(into), this.#blobs.get(from)])
    this.#requireRoom(values.length)
    this.#blobs.set(into, values)
  }

  /** FiredValues, for `callOnWindow`. */
  result(row: RowId, key: unknown, windowStart: number, windowEnd: number, firing?: Firing): FiredValues {
    // The row is gone, or another, when they are read.
    const bytes = Buffer.from(this.#blobs.get(row))
    const decoder = this.#decoder
    return {
      key,
      windowStart,
      windowEnd,
      firing,
      values: { [Symbol.iterator]: () => valuesOf(bytes, (from, to) => decoder.decode(bytes, from, to)) },
    }
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

  #encode(value: unknown): Buffer {
    try {
      const bytes = this.#encoder.encode(value)
      const length = Buffer.allocUnsafe(lengthBytes)
      length.writeUInt32LE(bytes.length)
      return Buffer.concat([length, bytes])
    } catch (error) {
      throw processingFailure(this.#name, error)
    }
  }

  #storedBytes(start: number): number {
    const { keyBytes, keyStart, keyEnd } = this.#record
    if (keyBytes === null) return 0
    const row = this.table.find(start, keyBytes, keyStart, keyEnd)
    return row < 0 ? 0 : this.#blobs.get(row).length
  }

  #requireRoom(bytes: number): void {
    if (bytes <= mostRowBytes) return
    const message = `${this.#name}: what it keeps for this key would take ${bytes} bytes, more than the ${mostRowBytes} of a row`
    throw new RecordRejected('processing', message)
  }
}

/** What the record in work adds to a window. */
interface Added {
  readonly parts: Buffer[]
  /** Bytes of all values, those that are kept already included. */
  total: number
}

function* valuesOf(bytes: Buffer, read: (from: number, to: number) => unknown): IterableIterator<unknown> {
  for (let at = 0; at < bytes.length;) {
    const from = at + lengthBytes
    at = from + bytes.readUInt32LE(at)
    yield read(from, at)
  }
}

const lengthBytes = 4
