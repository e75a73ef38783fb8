import type { StateTable } from '../../state/store.ts'
import { Timers, type Timer } from '../../time/timers.ts'
import type { Chunk, Place, SessionDirectory } from './session-directory.ts'

/**
 * When sessions come to their ends, for one of two purposes: to be closed, or to fire on time. A chunk of a key has a timer at the earliest end - 1 that a piece
 * of it had when the timer was set. When that rings, the piece is over, or goes on in the next chunk, or has got longer; then the timer is set again. So
 * records do not move timers.
 */
export class SessionEnds {
  readonly #timers: Timers
  readonly #directory: SessionDirectory
  readonly #purpose: 'closes' | 'fires'

  constructor(timers: StateTable, directory: SessionDirectory, purpose: 'closes' | 'fires') {
    this.#timers = new Timers(timers)
    this.#directory = directory
    this.#purpose = purpose
  }

  /** The chunk with a timer no later than this. */
  expect(timestamp: number, chunk: Chunk, key: Uint8Array, keyStart: number, keyEnd: number): Chunk {
    if (timestamp >= chunk[this.#purpose]) return chunk
    this.#timers.set(timestamp, noName, key, keyStart, keyEnd)
    return { ...chunk, [this.#purpose]: timestamp }
  }

  /** Timers up to this time, all of one moment; empty: there is none. */
  due(upTo: number): readonly Timer[] {
    return this.#timers.due(upTo)
  }

  /** The last piece of the session that ends with this timer; null: none does. */
  ended({ timestamp, key }: Timer): Place | null {
    const directory = this.#directory
    const last = timestamp - directory.gapMs + 1
    const start = directory.chunkOf(last)
    const chunk = directory.read(start, key)
    // Unless an earlier timer took its place.
    const piece = chunk[this.#purpose] === timestamp ? chunk.pieces.find((one) => one.last === last) : undefined
    if (piece === undefined) return null
    const place = { start, chunk, piece }
    return directory.behind(place, key) === null ? place : null
  }

  /** The timer has been heard: its chunk gets the next one. */
  pass({ timestamp, name, key }: Timer): void {
    const directory = this.#directory
    const start = directory.chunkOf(timestamp - directory.gapMs + 1)
    this.#timers.delete(timestamp, name, key)
    const chunk = directory.read(start, key)
    if (chunk[this.#purpose] !== timestamp) return
    const next = Math.min(...chunk.pieces.map(({ last }) => last + directory.gapMs - 1).filter((end) => end > timestamp))
    if (next !== Infinity) this.#timers.set(next, noName, key)
    directory.write(start, { ...chunk, [this.#purpose]: next }, key)
  }

  /** No timer is earlier; Infinity: there is none. */
  get next(): number {
    return this.#timers.next
  }

  /** The latest timer; -Infinity: there is none. */
  get last(): number {
    return this.#timers.last
  }

  locate(): void {
    this.#timers.locate()
  }
}

const noName = Buffer.alloc(0)

/** About what a timer that is heard changes, beside its key: its own row and that of its chunk. Bytes. */
export const timerBytes = 64
