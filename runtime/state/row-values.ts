/** What a row holds, cells or a blob: reading and writing it, its former image in the undo log, its changelog value. */
import { noBlock } from './arena.ts'
import type { ByteArena } from './arena.ts'
import { emptyCellsValue, encodeBlobValue, valueHead, writeBlobHead, writeCellsHead } from './changelog-row.ts'
import { field } from './rows.ts'
import type { Rows } from './rows.ts'
import type { RowLayout } from './store.ts'
import type { UndoLog } from './undo-log.ts'

export class RowValues {
  readonly #isBlob: boolean
  readonly #cells: number
  readonly #rows: Rows
  readonly #arena: ByteArena
  readonly #undo: UndoLog

  constructor(layout: RowLayout, rows: Rows, arena: ByteArena, undo: UndoLog) {
    this.#isBlob = layout.kind === 'blob'
    this.#cells = layout.kind === 'cells' ? layout.cells : 0
    this.#rows = rows
    this.#arena = arena
    this.#undo = undo
  }

  /** Bytes of the value. */
  size(row: number): number {
    return this.#isBlob ? this.#rows.get(row, field.blobLength) : this.#cells * 8
  }

  /** Valid until the row changes. */
  getBlob(row: number): Buffer {
    return this.#arena.view(this.#rows.get(row, field.blob), this.#rows.get(row, field.blobLength))
  }

  /** The value becomes `bytes[start, end)`, which may be a part of the present one. */
  setBlob(row: number, bytes: Uint8Array, start: number, end: number): void {
    const former = this.#rows.get(row, field.blob)
    const formerLength = this.#rows.get(row, field.blobLength)
    if (former !== noBlock && this.#arena.fits(formerLength, end - start)) this.#arena.overwrite(former, bytes, start, end)
    else {
      // Stored before the old block is freed.
      this.#rows.set(row, field.blob, this.#arena.store(bytes, start, end))
      this.#arena.free(former, formerLength)
    }
    this.#rows.set(row, field.blobLength, end - start)
  }

  /** Makes a row empty whose ints are those of its last use. */
  clear(row: number): void {
    if (this.#isBlob) this.#setBlock(row, noBlock, 0)
    else for (let cell = 0; cell < this.#cells; cell++) this.#rows.setCell(row, cell, 0)
  }

  /** Gives up the memory of a row's blob. */
  drop(row: number): void {
    if (!this.#isBlob) return
    this.#arena.free(this.#rows.get(row, field.blob), this.#rows.get(row, field.blobLength))
    this.#setBlock(row, noBlock, 0)
  }

  /** Puts the value into an undo entry. A blob moves there: the row has none until it is set. */
  keep(row: number, entry: number): void {
    if (this.#isBlob) {
      this.#undo.setBlob(entry, this.#rows.get(row, field.blob), this.#rows.get(row, field.blobLength))
      this.#setBlock(row, noBlock, 0)
    } else for (let cell = 0; cell < this.#cells; cell++) this.#undo.setCell(entry, cell, this.#rows.getCell(row, cell))
  }

  /** Puts the value back from an undo entry. */
  restore(row: number, entry: number): void {
    if (this.#isBlob) {
      this.drop(row)
      this.#setBlock(row, this.#undo.blob(entry), this.#undo.blobLength(entry))
    } else for (let cell = 0; cell < this.#cells; cell++) this.#rows.setCell(row, cell, this.#undo.cell(entry, cell))
  }

  /** Gives up what an undo entry holds. */
  forget(entry: number): void {
    if (this.#isBlob) this.#arena.free(this.#undo.blob(entry), this.#undo.blobLength(entry))
  }

  /** Whether the value is, bit for bit, what the undo entry holds. */
  isSame(row: number, entry: number): boolean {
    if (this.#isBlob) return this.#arena.view(this.#undo.blob(entry), this.#undo.blobLength(entry)).equals(this.getBlob(row))
    for (let cell = 0; cell < this.#cells; cell++) if (!Object.is(this.#rows.getCell(row, cell), this.#undo.cell(entry, cell))) return false
    return true
  }

  /** The changelog value. */
  encode(row: number): Buffer {
    if (this.#isBlob) return encodeBlobValue(this.getBlob(row))
    const value = emptyCellsValue(this.#cells)
    for (let cell = 0; cell < this.#cells; cell++) value.writeDoubleLE(this.#rows.getCell(row, cell), valueHead + cell * 8)
    return value
  }

  /** Takes the value over from the changelog value `bytes[start, end)`, which is of the row's layout. */
  decode(row: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isBlob) this.setBlob(row, bytes, start + valueHead, end)
    else this.#rows.setCells(row, bytes, start + valueHead)
  }

  /** Bytes of the changelog value. */
  encodedSize(row: number): number {
    return valueHead + this.size(row)
  }

  /** Writes the changelog value into memory that has room for it. */
  write(row: number, bytes: Buffer, at: number): void {
    if (this.#isBlob) {
      writeBlobHead(bytes, at)
      bytes.set(this.getBlob(row), at + valueHead)
      return
    }
    writeCellsHead(bytes, at)
    for (let cell = 0; cell < this.#cells; cell++) bytes.writeDoubleLE(this.#rows.getCell(row, cell), at + valueHead + cell * 8)
  }

  #setBlock(row: number, block: number, length: number): void {
    this.#rows.set(row, field.blob, block)
    this.#rows.set(row, field.blobLength, length)
  }
}
