import type { Firing } from '../../plan/nodes/windows.ts'
import { RecordRejected } from '../chain.ts'
import type { WindowContents } from '../windows/contents.ts'
import type { Results } from '../windows/results.ts'
import type { Place, SessionDirectory } from './session-directory.ts'
import type { SessionParts, Whole } from './session-parts.ts'

/** Sends what sessions hold on as results. */
export class SessionResults {
  readonly #directory: SessionDirectory
  readonly #parts: SessionParts
  readonly #contents: WindowContents
  readonly #results: Results

  constructor(directory: SessionDirectory, parts: SessionParts, contents: WindowContents, results: Results) {
    this.#directory = directory
    this.#parts = parts
    this.#contents = contents
    this.#results = results
  }

  /**
   * Sends the result of the session that ends with this piece, whose rows become one first; that it has fired is one step with its result. One whose rows can not
   * be merged has a dead letter in its place. False: the slice is full (where it is heeded) and nothing was sent, call again.
   */
  send(tail: Place, key: Buffer, firing: Firing | undefined, heedSlice: boolean): boolean {
    const directory = this.#directory
    const end = directory.endOf(tail)
    const timestamp = end - 1
    let whole: Whole | null
    try {
      whole = this.#parts.fold(tail, key, heedSlice)
    } catch (error) {
      if (!(error instanceof RecordRejected)) throw error
      const start = directory.headOf(tail, key).piece.first
      this.#settle(tail, key)
      this.#results.refuse(key, error, { start, end, timestamp })
      return true
    }
    if (whole === null) return false
    const row = this.#contents.table.find(whole.namespace, key, 0, key.length)
    this.#results.sendOne(row, { start: whole.first, end, timestamp }, firing, () => this.#settle(tail, key))
    return true
  }

  /** Nothing of the session has changed since it fired. */
  #settle(tail: Place, key: Buffer): void {
    const directory = this.#directory
    if (!directory.marked) return
    // As it is now: its rows may have become one.
    let place = directory.find(tail.piece.last, key)
    for (; place !== null; place = directory.before(place, key)) {
      if (place.piece.changed) place = directory.put(place, key, { ...place.piece, changed: false })
    }
  }
}
