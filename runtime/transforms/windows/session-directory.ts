/**
 * Which sessions of a key are open, and where they lie. The time line is cut into chunks of 64 gaps, and a session into one piece per chunk that it has
 * records in: a record changes one row, however many sessions its key has and however long they are.
 *
 *     gap 10          chunk 0 [0, 640)            chunk 1 [640, 1280)
 *     records         20 25 31     600 605 .. 635 644 650
 *     pieces          [20..31]     [600 .. 635]   [644..650]      the last two are one session: 644 - 635 is no more than the gap
 *
 * A row is the chunk's pieces in order, as float64: the timestamp that a timer is set for, then of each piece its first and last record, the number of its
 * accumulators and the namespaces that these are found in.
 */
import type { StateTable } from '../../state/store.ts'

/** Records of one key and one chunk with no more than a gap between any two neighbours. */
export interface Piece {
  readonly first: number
  readonly last: number
  /** Namespaces of its accumulators, in the order of their first records. Several where a record has bridged what had begun apart. */
  readonly accumulators: readonly number[]
}

export interface Chunk {
  /** A timer is set for this timestamp, no later than any piece ends that may end a session; Infinity: none. */
  readonly armed: number
  readonly pieces: readonly Piece[]
}

export const emptyChunk: Chunk = { armed: Infinity, pieces: [] }

/** A session may reach from one chunk into the next, so chunks are no shorter than the gap; longer, rows get long where a key has many sessions. */
const gapsPerChunk = 64

export class SessionDirectory {
  readonly chunkMs: number
  readonly #table: StateTable

  constructor(table: StateTable, gapMs: number) {
    this.#table = table
    this.chunkMs = gapsPerChunk * gapMs
  }

  /** Start of the chunk that a timestamp is in. */
  chunkOf(timestamp: number): number {
    return Math.floor(timestamp / this.chunkMs) * this.chunkMs
  }

  read(chunkStart: number, key: Uint8Array, keyStart: number, keyEnd: number): Chunk {
    const row = this.#table.find(chunkStart, key, keyStart, keyEnd)
    return row < 0 ? emptyChunk : decode(this.#table.getBlob(row))
  }

  /** A chunk without pieces has no row. */
  write(chunkStart: number, key: Uint8Array, keyStart: number, keyEnd: number, chunk: Chunk): void {
    const table = this.#table
    if (chunk.pieces.length > 0) return table.setBlob(table.upsert(chunkStart, key, keyStart, keyEnd), encode(chunk))
    const row = table.find(chunkStart, key, keyStart, keyEnd)
    if (row >= 0) table.delete(row)
  }
}

function encode({ armed, pieces }: Chunk): Buffer {
  const bytes = Buffer.allocUnsafe(8 * pieces.reduce((sum, { accumulators }) => sum + 3 + accumulators.length, 1))
  let at = bytes.writeDoubleLE(armed, 0)
  for (const { first, last, accumulators } of pieces) {
    at = bytes.writeDoubleLE(first, at)
    at = bytes.writeDoubleLE(last, at)
    at = bytes.writeDoubleLE(accumulators.length, at)
    for (const accumulator of accumulators) at = bytes.writeDoubleLE(accumulator, at)
  }
  return bytes
}

function decode(blob: Uint8Array): Chunk {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  let at = 8
  const next = (): number => {
    const value = view.getFloat64(at, true)
    at += 8
    return value
  }
  const pieces: Piece[] = []
  while (at < blob.length) {
    const [first, last, count] = [next(), next(), next()]
    pieces.push({ first, last, accumulators: Array.from({ length: count }, next) })
  }
  return { armed: view.getFloat64(0, true), pieces }
}
