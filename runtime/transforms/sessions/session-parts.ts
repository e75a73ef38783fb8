import type { RowId } from '../../state/store.ts'
import type { Slice } from '../chain.ts'
import type { WindowContents } from '../windows/contents.ts'
import type { Place, SessionDirectory } from './session-directory.ts'

/** A session whose rows have become one. */
export interface Whole {
  /** Its first record. */
  readonly first: number
  readonly namespace: number
}

/** One of the rows of a session, and the chunk that names it. */
interface Part {
  readonly start: number
  readonly namespace: number
}

/** What sessions hold, which lies in several rows where they are long or were joined. Each step leaves the directory true. */
export class SessionParts {
  readonly #directory: SessionDirectory
  readonly #contents: WindowContents
  readonly #slice: Slice

  constructor(directory: SessionDirectory, contents: WindowContents, slice: Slice) {
    this.#directory = directory
    this.#contents = contents
    this.#slice = slice
  }

  /**
   * Merges all that a session holds into one row, two neighbours at a time and small ones first, so that a large row is not written again for each small one.
   * Null: the slice is full (where it is heeded), call again: the order is the same whenever it was cut. Throws RecordRejected when two rows can not be merged,
   * and leaves them.
   */
  fold(tail: Place, key: Buffer, heedSlice: boolean): Whole | null {
    const { first, parts, pieces } = this.#partsOf(tail, key)
    const open: Part[] = []
    for (const [i, part] of parts.entries()) {
      open.push(part)
      while (open.length > 1 && (i === parts.length - 1 || this.#areAlike(open.at(-2)!, open.at(-1)!, key))) {
        if (heedSlice && this.#isFull) return null
        this.#merge(open.at(-2)!, open.pop()!, key)
      }
    }
    // Only now: a walk that is longer than a slice must not stop what it is for.
    this.#slice.spent += pieces * visitedBytes
    // The first piece of a session holds something.
    return { first, namespace: parts[0]!.namespace }
  }

  /** Whether `drop` has begun. */
  isDropped({ start, piece }: Place): boolean {
    return piece.first < start
  }

  /**
   * Takes a session out of the tables, an earlier piece at a time: its last piece takes over where that began, so that what is left can be found. `begin`
   * takes one step whatever the slice says. False: the slice is full, call again.
   */
  drop(tail: Place, key: Buffer, begin: boolean): boolean {
    const directory = this.#directory
    let place = tail
    for (let first = begin; first || !this.#isFull; first = false) {
      const before = directory.before(place, key)
      this.#deleteRows((before ?? place).piece.accumulators, key)
      if (before === null) {
        directory.put(place, key, null)
        return true
      }
      directory.put(before, key, null)
      place = directory.put(place, key, { ...place.piece, first: before.piece.first })
    }
    return false
  }

  get #isFull(): boolean {
    return this.#slice.spent >= this.#slice.limit
  }

  /** The rows of a session, in its order, when it began, and how many pieces it has. */
  #partsOf(tail: Place, key: Buffer): { readonly first: number; readonly parts: readonly Part[]; readonly pieces: number } {
    const parts: Part[] = []
    let pieces = 0
    let { first } = tail.piece
    for (let place: Place | null = tail; place !== null; place = this.#directory.before(place, key)) {
      const { start, piece } = place
      for (const namespace of piece.accumulators.toReversed()) parts.push({ start, namespace })
      first = piece.first
      pieces++
    }
    return { first, parts: parts.reverse(), pieces }
  }

  /** Whether the later one is not much smaller. */
  #areAlike(earlier: Part, later: Part, key: Buffer): boolean {
    return this.#bytesOf(earlier, key) <= 2 * this.#bytesOf(later, key)
  }

  #merge(into: Part, from: Part, key: Buffer): void {
    const contents = this.#contents
    const directory = this.#directory
    const { table } = contents
    this.#slice.spent += key.length + this.#bytesOf(into, key) + this.#bytesOf(from, key)
    const row = this.#rowOf(from, key)
    contents.merge(this.#rowOf(into, key), row)
    table.delete(row)
    const chunk = directory.read(from.start, key)
    const piece = chunk.pieces.find(({ accumulators }) => accumulators.includes(from.namespace))!
    const accumulators = piece.accumulators.filter((one) => one !== from.namespace)
    directory.put({ start: from.start, chunk, piece }, key, { ...piece, accumulators })
  }

  #bytesOf(part: Part, key: Buffer): number {
    return this.#contents.resultBytes(this.#rowOf(part, key))
  }

  #rowOf({ namespace }: Part, key: Buffer): RowId {
    return this.#contents.table.find(namespace, key, 0, key.length)
  }

  #deleteRows(namespaces: readonly number[], key: Buffer): void {
    const { table } = this.#contents
    this.#slice.spent += key.length + droppedBytes
    for (const namespace of namespaces) {
      this.#slice.spent += key.length + droppedBytes
      table.delete(table.find(namespace, key, 0, key.length))
    }
  }
}

/** What it counts for to look at a piece that holds nothing. */
const visitedBytes = 16

/** About what the tombstone of a row takes beside its key. */
const droppedBytes = 32
