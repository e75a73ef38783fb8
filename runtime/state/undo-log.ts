/**
 * What the rows of a table were at the last commit: one entry per row that changed since, in the order of their first changes. An entry holds the row,
 * whether the row was absent, and else its former cells or its former blob.
 */
import { noBlock } from './arena.ts'
import type { BlockRef } from './arena.ts'

const chunkShift = 11
const chunkEntries = 1 << chunkShift
const chunkMask = chunkEntries - 1
const entryInts = 4
/** As many are kept for the next commit; more came of an unusually large one and go back to the system. */
const chunksKept = 32

export class UndoLog {
  readonly #ints: Int32Array[] = []
  readonly #cells: Float64Array[] = []
  readonly #cellsPerEntry: number
  #length = 0

  constructor(cells: number) {
    this.#cellsPerEntry = cells
  }

  get length(): number {
    return this.#length
  }

  get memoryBytes(): number {
    return this.#ints.length * chunkEntries * (entryInts * 4 + this.#cellsPerEntry * 8)
  }

  /** Adds an entry and gives its number. */
  add(row: number, wasAbsent: boolean): number {
    const entry = this.#length
    if (entry >>> chunkShift === this.#ints.length) {
      this.#ints.push(new Int32Array(chunkEntries * entryInts))
      this.#cells.push(new Float64Array(chunkEntries * this.#cellsPerEntry))
    }
    const ints = this.#ints[entry >>> chunkShift]!
    const base = (entry & chunkMask) * entryInts
    ints[base] = row
    ints[base + 1] = wasAbsent ? 1 : 0
    ints[base + 2] = noBlock
    ints[base + 3] = 0
    this.#length = entry + 1
    return entry
  }

  /** -1: the row was made and deleted since the commit, the entry means nothing. */
  row(entry: number): number {
    return this.#int(entry, 0)
  }

  wasAbsent(entry: number): boolean {
    return this.#int(entry, 1) === 1
  }

  blob(entry: number): BlockRef {
    return this.#int(entry, 2)
  }

  blobLength(entry: number): number {
    return this.#int(entry, 3)
  }

  cell(entry: number, cell: number): number {
    return this.#cells[entry >>> chunkShift]![(entry & chunkMask) * this.#cellsPerEntry + cell]!
  }

  setBlob(entry: number, blob: BlockRef, length: number): void {
    const base = (entry & chunkMask) * entryInts
    this.#ints[entry >>> chunkShift]![base + 2] = blob
    this.#ints[entry >>> chunkShift]![base + 3] = length
  }

  setCell(entry: number, cell: number, value: number): void {
    this.#cells[entry >>> chunkShift]![(entry & chunkMask) * this.#cellsPerEntry + cell] = value
  }

  /** The row of this entry is gone as if it had never been. */
  void(entry: number): void {
    this.#ints[entry >>> chunkShift]![(entry & chunkMask) * entryInts] = -1
  }

  clear(): void {
    this.#length = 0
    if (this.#ints.length > chunksKept) this.#ints.length = this.#cells.length = chunksKept
  }

  #int(entry: number, index: number): number {
    return this.#ints[entry >>> chunkShift]![(entry & chunkMask) * entryInts + index]!
  }
}
