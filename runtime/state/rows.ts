/**
 * The memory of a table's rows: fixed-size rows in chunks, so that growing never copies. One row is contiguous: links, a short key, cells.
 *
 *     int32   0 namespace slot   1 key length   2 previous in the namespace   3 next in the namespace
 *             4 undo entry       5 state
 *             6..11 the key, or in 6 the arena block of a key longer than 24 bytes
 *     then    the cells as float64, or int32 12 the arena block of the blob, 13 its length
 *
 * Links and the undo entry are stored plus one, so that 0, which new memory is full of, means none.
 */

export const field = {
  namespace: 0,
  keyLength: 1,
  before: 2,
  after: 3,
  undo: 4,
  state: 5,
  key: 6,
  blob: 12,
  blobLength: 13,
} as const

/** `removed`: deleted since the last commit, kept because a rollback brings it back. */
export const rowState = { free: 0, live: 1, removed: 2 } as const

/** Longest key that a row holds itself, bytes. */
export const inlineKeyBytes = 24

const headInts = 12
const chunkShift = 11
const chunkRows = 1 << chunkShift
const chunkMask = chunkRows - 1

export class Rows {
  readonly #ints: Int32Array[] = []
  readonly #doubles: Float64Array[] = []
  /** Length of a row in int32 and in float64 units. */
  readonly #stride: number
  readonly #strideDoubles: number
  readonly #cells: number
  #fresh = 0
  /** First free row plus one; free rows are linked by `after`. */
  #free = 0

  constructor(cells: number) {
    this.#cells = cells
    this.#stride = headInts + 2 * Math.max(1, cells)
    this.#strideDoubles = this.#stride / 2
  }

  get memoryBytes(): number {
    return this.#ints.length * chunkRows * this.#stride * 4
  }

  /** A row whose ints are those of its last use, or 0. */
  allocate(): number {
    if (this.#free !== 0) {
      const row = this.#free - 1
      this.#free = this.get(row, field.after)
      return row
    }
    if (this.#fresh >>> chunkShift === this.#ints.length) {
      const memory = new ArrayBuffer(chunkRows * this.#stride * 4)
      this.#ints.push(new Int32Array(memory))
      this.#doubles.push(new Float64Array(memory))
    }
    return this.#fresh++
  }

  free(row: number): void {
    this.set(row, field.state, rowState.free)
    this.set(row, field.after, this.#free)
    this.#free = row + 1
  }

  /** Every row that was ever used has a number below. */
  get used(): number {
    return this.#fresh
  }

  /** Whether the number is that of a row which was ever used. */
  holds(row: number): boolean {
    return row >= 0 && row < this.#fresh
  }

  get(row: number, index: number): number {
    return this.#ints[row >>> chunkShift]![(row & chunkMask) * this.#stride + index]!
  }

  set(row: number, index: number, value: number): void {
    this.#ints[row >>> chunkShift]![(row & chunkMask) * this.#stride + index] = value
  }

  /** The int32 view that a row lies in, for a run of accesses from `base(row)` on. */
  ints(row: number): Int32Array {
    return this.#ints[row >>> chunkShift]!
  }

  base(row: number): number {
    return (row & chunkMask) * this.#stride
  }

  getCell(row: number, cell: number): number {
    return this.#doubles[row >>> chunkShift]![(row & chunkMask) * this.#strideDoubles + headInts / 2 + cell]!
  }

  setCell(row: number, cell: number, value: number): void {
    this.#doubles[row >>> chunkShift]![(row & chunkMask) * this.#strideDoubles + headInts / 2 + cell] = value
  }

  /** Sets all cells to little-endian float64 bytes, bit for bit. */
  setCells(row: number, bytes: Uint8Array, start: number): void {
    const ints = this.ints(row)
    let at = start
    for (let cell = this.base(row) + headInts, end = cell + 2 * this.#cells; cell < end; cell += 2, at += 8) {
      ints[cell + lowWord] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      ints[cell + 1 - lowWord] = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)
    }
  }
}

/** Which of the two int32 that a float64 lies in has its lower half: the first, on all machines but a few. */
const lowWord = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1
