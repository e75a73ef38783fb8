/**
 * Which sessions of a key are open, and where they lie. The time line is cut into chunks of 64 gaps, and a session into one piece per chunk that it has
 * records in: a record changes one row, however many sessions its key has and however long they are.
 *
 *     gap 10          chunk 0 [0, 640)            chunk 1 [640, 1280)
 *     records         20 25 31     600 605 .. 635 644 650
 *     pieces          [20..31]     [600 .. 635]   [644..650]      the last two are one session: 644 - 635 is no more than the gap
 *
 * A row is the chunk's pieces in order, as float64: the timestamp that a timer is set for, then of each piece its first and last record, the number of its
 * accumulators and the namespaces that these are found in. Where sessions fire more than once there are a second timestamp, and behind the last record of each
 * piece whether it has changed (1) or not (0).
 */
import type { StateTable } from '../../state/store.ts'

/** Records of one key and one chunk with no more than a gap between any two neighbours. */
export interface Piece {
  readonly first: number
  readonly last: number
  /**
   * Namespaces of its accumulators, in the order of their first records. Several where a record has bridged what had begun apart; none where what it held has
   * been merged into an earlier piece of its session.
   */
  readonly accumulators: readonly number[]
  /** Since its session last fired; never where sessions fire once. */
  readonly changed: boolean
}

export interface Chunk {
  /** A timer is set for this timestamp, no later than any piece ends that may end a session; Infinity: none. */
  readonly closes: number
  /** The same for results on time. */
  readonly fires: number
  readonly pieces: readonly Piece[]
}

/** Where a piece lies, as things were when it was read. */
export interface Place {
  /** Of the chunk. */
  readonly start: number
  readonly chunk: Chunk
  readonly piece: Piece
}

export interface DirectoryOptions {
  readonly table: StateTable
  readonly gapMs: number
  /** Whether sessions fire more than once. */
  readonly marked: boolean
  /** Has a row for each chunk of a key with pieces that have changed; null: nobody wants to know. */
  readonly changed: StateTable | null
}

/** A session may reach from one chunk into the next, so chunks are no shorter than the gap; longer, rows get long where a key has many sessions. */
const gapsPerChunk = 64

export class SessionDirectory {
  readonly gapMs: number
  readonly chunkMs: number
  readonly marked: boolean
  readonly #options: DirectoryOptions

  constructor(options: DirectoryOptions) {
    this.#options = options
    this.gapMs = options.gapMs
    this.marked = options.marked
    this.chunkMs = gapsPerChunk * options.gapMs
  }

  /** Start of the chunk that a timestamp is in. */
  chunkOf(timestamp: number): number {
    return Math.floor(timestamp / this.chunkMs) * this.chunkMs
  }

  read(chunkStart: number, key: Uint8Array, keyStart = 0, keyEnd = key.length): Chunk {
    const { table, marked } = this.#options
    const row = table.find(chunkStart, key, keyStart, keyEnd)
    return row < 0 ? emptyChunk : decode(table.getBlob(row), marked)
  }

  /** A chunk without pieces has no row. */
  write(chunkStart: number, chunk: Chunk, key: Uint8Array, keyStart = 0, keyEnd = key.length): void {
    const { table, marked, changed } = this.#options
    if (chunk.pieces.length > 0) table.setBlob(table.upsert(chunkStart, key, keyStart, keyEnd), encode(chunk, marked))
    else remove(table, chunkStart, key, keyStart, keyEnd)
    if (changed === null) return
    if (chunk.pieces.some((piece) => piece.changed)) changed.upsert(chunkStart, key, keyStart, keyEnd)
    else remove(changed, chunkStart, key, keyStart, keyEnd)
  }

  /** Puts another piece in the place of one; null: takes it out. Gives the place as it is then. */
  put({ start, chunk, piece }: Place, key: Buffer, other: Piece): Place
  put({ start, chunk, piece }: Place, key: Buffer, other: null): null
  put({ start, chunk, piece }: Place, key: Buffer, other: Piece | null): Place | null {
    const pieces = chunk.pieces.flatMap((one) => (one !== piece ? one : (other ?? [])))
    const next = { ...chunk, pieces }
    this.write(start, next, key)
    return other && { start, chunk: next, piece: other }
  }

  /** The piece that a record is in. */
  find(timestamp: number, key: Buffer): Place | null {
    const start = this.chunkOf(timestamp)
    const chunk = this.read(start, key)
    const piece = chunk.pieces.find(({ first, last }) => first <= timestamp && timestamp <= last)
    return piece === undefined ? null : { start, chunk, piece }
  }

  /** The first piece in a chunk that has changed. */
  changedIn(start: number, key: Buffer): Place | null {
    const chunk = this.read(start, key)
    const piece = chunk.pieces.find(({ changed }) => changed)
    return piece === undefined ? null : { start, chunk, piece }
  }

  /** The end of a session that ends with this piece, exclusive. */
  endOf({ piece }: Place): number {
    return piece.last + this.gapMs
  }

  /** What a session has in the chunk before; null: it begins here. */
  before({ chunk, piece }: Place, key: Buffer): Place | null {
    if (chunk.pieces[0] !== piece) return null
    const border = this.chunkOf(piece.first)
    if (piece.first - this.gapMs >= border) return null
    const start = border - this.chunkMs
    const earlier = this.read(start, key)
    const last = earlier.pieces.at(-1)
    return last === undefined || last.last + this.gapMs < piece.first ? null : { start, chunk: earlier, piece: last }
  }

  /** What a session has in the next chunk; null: it ends here. */
  behind({ start, chunk, piece }: Place, key: Buffer): Place | null {
    const border = start + this.chunkMs
    if (chunk.pieces.at(-1) !== piece || piece.last + this.gapMs < border) return null
    const later = this.read(border, key)
    const [first] = later.pieces
    return first === undefined || first.first - this.gapMs > piece.last ? null : { start: border, chunk: later, piece: first }
  }

  /** The first piece of a session. */
  headOf(place: Place, key: Buffer): Place {
    let head = place
    for (let before = this.before(head, key); before !== null; before = this.before(head, key)) head = before
    return head
  }

  /** The last piece of a session. */
  tailOf(place: Place, key: Buffer): Place {
    let tail = place
    for (let behind = this.behind(tail, key); behind !== null; behind = this.behind(tail, key)) tail = behind
    return tail
  }

  /** The latest record that any session has; -Infinity: there is none. Looks at all rows of its chunk. */
  get last(): number {
    const { table, marked } = this.#options
    const newest = table.namespaces().at(-1)
    let last = -Infinity
    if (newest === undefined) return last
    table.drain(newest, table.rowsIn(newest), (row) => {
      last = Math.max(last, decode(table.getBlob(row), marked).pieces.at(-1)!.last)
    })
    return last
  }
}

const emptyChunk: Chunk = { closes: Infinity, fires: Infinity, pieces: [] }

function remove(table: StateTable, namespace: number, key: Uint8Array, keyStart: number, keyEnd: number): void {
  const row = table.find(namespace, key, keyStart, keyEnd)
  if (row >= 0) table.delete(row)
}

function encode({ closes, fires, pieces }: Chunk, marked: boolean): Buffer {
  const more = marked ? 1 : 0
  const bytes = Buffer.allocUnsafe(8 * pieces.reduce((sum, { accumulators }) => sum + 3 + more + accumulators.length, 1 + more))
  let at = bytes.writeDoubleLE(closes, 0)
  if (marked) at = bytes.writeDoubleLE(fires, at)
  for (const { first, last, changed, accumulators } of pieces) {
    at = bytes.writeDoubleLE(first, at)
    at = bytes.writeDoubleLE(last, at)
    if (marked) at = bytes.writeDoubleLE(changed ? 1 : 0, at)
    at = bytes.writeDoubleLE(accumulators.length, at)
    for (const accumulator of accumulators) at = bytes.writeDoubleLE(accumulator, at)
  }
  return bytes
}

function decode(blob: Uint8Array, marked: boolean): Chunk {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  let at = 0
  const next = (): number => view.getFloat64((at += 8) - 8, true)
  const closes = next()
  const fires = marked ? next() : Infinity
  const pieces: Piece[] = []
  while (at < blob.length) {
    const [first, last] = [next(), next()]
    const changed = marked && next() > 0
    const accumulators: number[] = []
    for (let left = next(); left > 0; left--) accumulators.push(next())
    pieces.push({ first, last, changed, accumulators })
  }
  return { closes, fires, pieces }
}
