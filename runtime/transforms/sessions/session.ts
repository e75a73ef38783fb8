import type { Emission } from '../../plan/nodes/windows.ts'
import type { Timer } from '../../time/timers.ts'
import { RecordRejected } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'
import { LateRecords } from '../late-records.ts'
import type { Stateful } from '../stateful.ts'
import { NearPiece } from './near-piece.ts'
import { Results, type ResultsOptions } from '../windows/results.ts'
import { SessionDirectory, type Chunk, type Piece } from './session-directory.ts'
import { SessionEnds, timerBytes } from './session-ends.ts'
import { SessionFirings } from './session-firings.ts'
import { SessionParts } from './session-parts.ts'
import { SessionResults } from './session-results.ts'
import type { SessionTables } from './session-tables.ts'

export interface SessionOptions extends ResultsOptions {
  readonly gapMs: number
  readonly latenessMs: number
  /** Null: one result, when the session is closed. */
  readonly emission: Emission | null
  readonly tables: SessionTables
  /** The value that came in, as JSON. Throws when it can't be written. */
  readonly encodeLate: (value: unknown) => Uint8Array
}

/**
 * Sessions per key: a record is a window of its own, [timestamp, timestamp + gap), and windows that overlap or touch are one. A session is closed when the
 * watermark is at least its end - 1 + lateness: it gives its result, unless the results were given before (SessionFirings), and leaves with all its rows. It is
 * late what touches no open session and is, alone, behind that.
 *
 * A session that is being closed has its timer until it is gone, and is taken out piece by piece once its result is out: so closing may stop after any step, be
 * committed, lost with the process and taken up again.
 */
export class SessionWindow implements Stateful {
  watermark = -Infinity
  forwarded = -Infinity
  readonly uid: string
  readonly latenessMs: number
  readonly meaning: string
  readonly push: Push
  readonly #options: SessionOptions
  readonly #context: ChainContext
  readonly #gapMs: number
  readonly #directory: SessionDirectory
  readonly #parts: SessionParts
  readonly #results: SessionResults
  readonly #closes: SessionEnds
  readonly #onTime: SessionEnds | null
  /** Null: results are given when a session is closed, and then only. */
  readonly #firings: SessionFirings | null
  readonly #late: LateRecords
  readonly #near: NearPiece
  /** By start: chunks of the key in work as they will be, and the earliest new timers that they need. */
  readonly #prepared = new Map<number, Prepared>()
  /** Of the record in work, where sessions fire more than once. */
  readonly #touched = new Set<number>()

  constructor(options: SessionOptions) {
    const { uid, gapMs, latenessMs, emission, tables, contents, context, encodeLate } = options
    this.#options = options
    this.#context = context
    this.uid = uid
    this.latenessMs = latenessMs
    this.meaning = `${contents.meaning} over sessions with a gap of ${gapMs} ms${describeMarks(emission)}`
    this.#gapMs = gapMs
    const { changed } = tables
    this.#directory = new SessionDirectory({ table: tables.sessions, gapMs, marked: emission !== null, changed })
    this.#parts = new SessionParts(this.#directory, contents, context.slice)
    this.#results = new SessionResults(this.#directory, this.#parts, contents, new Results({ ...options, what: 'session' }))
    this.#closes = new SessionEnds(tables.timers, this.#directory, 'closes')
    this.#onTime = tables.onTime && new SessionEnds(tables.onTime, this.#directory, 'fires')
    const { slice } = context
    this.#firings =
      emission && new SessionFirings({ emission, directory: this.#directory, results: this.#results, slice, ends: this.#onTime, changed })
    this.#late = new LateRecords({ uid, encode: encodeLate, context })
    this.#near = new NearPiece(tables.sessions, this.#directory)
    this.push = (value) => this.#prepare(value, context.record.timestamp)
  }

  apply(): void {
    if (this.#prepared.size === 0 && !this.#near.pending) return this.#late.emit(this.watermark)
    const { keyBytes, keyStart, keyEnd } = this.#context.record
    if (keyBytes === null) throw new Error('a record without a key reached a session')
    this.#options.contents.apply()
    if (this.#near.pending) this.#near.apply()
    for (const [start, { chunk, closes, fires }] of this.#prepared) {
      const closing = this.#closes.expect(closes, chunk, keyBytes, keyStart, keyEnd)
      const next = this.#onTime === null ? closing : this.#onTime.expect(fires, closing, keyBytes, keyStart, keyEnd)
      this.#directory.write(start, next, keyBytes, keyStart, keyEnd)
    }
    this.#prepared.clear()
    this.#late.emit(this.watermark)
    if (this.#firings === null) return
    // Last, because results take the place of the record.
    this.#firings.apply(this.#touched, this.watermark, Buffer.from(keyBytes.subarray(keyStart, keyEnd)))
    this.#touched.clear()
  }

  discard(): void {
    this.#options.contents.discard()
    this.#near.discard()
    this.#prepared.clear()
    this.#touched.clear()
    this.#late.discard()
  }

  advance(watermark: number): boolean {
    if (watermark > this.watermark) this.watermark = watermark
    if (this.#firings !== null && !this.#firings.onTime(this.watermark)) return false
    const { slice } = this.#context
    for (let due = this.#closes.due(this.forwards); due.length > 0; due = this.#closes.due(this.forwards)) {
      for (const timer of due) {
        if (slice.spent >= slice.limit || !this.#close(timer)) return false
        slice.spent += timer.key.length + timerBytes
        this.#closes.pass(timer)
      }
    }
    if (this.#firings !== null && !this.#firings.early(this.watermark)) return false
    this.forwarded = this.forwards
    return true
  }

  get forwards(): number {
    return this.watermark - this.latenessMs
  }

  get due(): number {
    return Math.min(this.#closes.next + this.latenessMs, this.#firings?.due ?? Infinity)
  }

  isDue(watermark: number): boolean {
    return watermark >= this.due
  }

  /**
   * Of the timers there are: one that rings too early for its session is set again. Where there are early results, of the sessions: on the way from one timer to
   * the next there would be some that nobody has to wait for.
   */
  get lastDue(): number {
    const last = this.#options.tables.changed === null ? this.#closes.last : this.#directory.last + this.#gapMs - 1
    return last + this.latenessMs
  }

  /** As a window: what has ended stays so, also under a new version that allows for more disorder or lateness. */
  restore(watermark: number, forwarded: number, closing: number): void {
    this.discard()
    this.#options.next.discard()
    this.watermark = Math.max(watermark, Math.max(forwarded, closing) + this.latenessMs)
    this.forwarded = forwarded
    this.#firings?.restore(forwarded + this.latenessMs)
  }

  locate(): void {
    this.#closes.locate()
    this.#firings?.locate()
  }

  #prepare(value: unknown, timestamp: number): void {
    const start = this.#directory.chunkOf(timestamp)
    if (this.#isNear(start, timestamp)) {
      this.#options.contents.prepare(value, this.#near.namespace, 1)
      this.#near.take(timestamp)
    } else {
      const chunk = this.#chunk(start)
      const touched = this.#touchedIn(chunk, timestamp)
      const alone = timestamp + this.#gapMs - 1
      if (touched.length === 0 && alone <= this.forwards && !this.#touchesNeighbours(start, timestamp))
        return this.#late.keep(value, timestamp, timestamp + this.#gapMs)
      const { accumulators } = this.#reach(start, chunk, timestamp, touched)
      this.#options.contents.prepare(value, accumulators[0]!, 1)
    }
    if (this.#firings !== null) this.#touched.add(timestamp)
  }

  /** Whether nothing has to change but the ends of a piece. Values of one record may have other times: then the chunks are changed as they are for others. */
  #isNear(start: number, timestamp: number): boolean {
    const near = this.#near
    if (near.pending) {
      if (near.timestamp === timestamp) return true
      near.discard()
      const earlier = this.#directory.chunkOf(near.timestamp)
      const chunk = this.#chunk(earlier)
      this.#reach(earlier, chunk, near.timestamp, this.#touchedIn(chunk, near.timestamp))
    }
    const { keyBytes, keyStart, keyEnd } = this.#context.record
    return keyBytes !== null && this.#prepared.size === 0 && near.find(start, timestamp, this.watermark, keyBytes, keyStart, keyEnd)
  }

  #touchedIn({ pieces }: Chunk, timestamp: number): readonly Piece[] {
    const gap = this.#gapMs
    return pieces.filter(({ first, last }) => first - gap <= timestamp && timestamp <= last + gap)
  }

  /** The piece with a record of this time, in its chunk as it will be. */
  #reach(start: number, chunk: Chunk, timestamp: number, touched: readonly Piece[]): Piece {
    const piece = this.#joined(touched, timestamp)
    const before = this.#prepared.get(start)
    const pieces = [...chunk.pieces.filter((other) => !touched.includes(other)), piece].toSorted((a, b) => a.first - b.first)
    const end = piece.last + this.#gapMs - 1
    const closes = Math.min(before?.closes ?? Infinity, end > this.forwards ? end : Infinity)
    const fires = Math.min(before?.fires ?? Infinity, end > this.watermark ? end : Infinity)
    this.#prepared.set(start, { chunk: { ...chunk, pieces }, closes, fires })
    return piece
  }

  /**
   * The pieces that a record touches, which are at most two, as one. The first record of a piece gives its accumulator the start of its span of one gap as
   * namespace: two records of one span are in one session, so no other of the key has it.
   */
  #joined(touched: readonly Piece[], timestamp: number): Piece {
    const accumulators = touched.flatMap((piece) => piece.accumulators)
    return {
      first: Math.min(timestamp, touched[0]?.first ?? Infinity),
      last: Math.max(timestamp, touched.at(-1)?.last ?? -Infinity),
      accumulators: accumulators.length > 0 ? accumulators : [Math.floor(timestamp / this.#gapMs) * this.#gapMs],
      changed: this.#firings !== null,
    }
  }

  #touchesNeighbours(start: number, timestamp: number): boolean {
    const { chunkMs } = this.#directory
    const gap = this.#gapMs
    const before = timestamp - gap < start ? this.#chunk(start - chunkMs).pieces.at(-1) : undefined
    const after = timestamp + gap >= start + chunkMs ? this.#chunk(start + chunkMs).pieces[0] : undefined
    return (before !== undefined && before.last + gap >= timestamp) || (after !== undefined && after.first - gap <= timestamp)
  }

  /** A chunk of the key in work. */
  #chunk(start: number): Chunk {
    const { keyBytes, keyStart, keyEnd } = this.#context.record
    if (keyBytes === null) throw new RecordRejected('null-key', `a session of "${this.uid}" needs a key`)
    return this.#prepared.get(start)?.chunk ?? this.#directory.read(start, keyBytes, keyStart, keyEnd)
  }

  /** Closes the session that ends with this timer, if one does. False: the slice is full. */
  #close({ timestamp, name, key }: Timer): boolean {
    const { emission } = this.#options
    const parts = this.#parts
    const tail = this.#closes.ended({ timestamp, name, key })
    if (tail === null) return true
    const gives = emission?.then !== 'updates' && !parts.isDropped(tail)
    if (gives && !this.#results.send(tail, key, emission === null ? undefined : 'final', true)) return false
    // As it is now: its rows may have become one.
    const left = gives ? this.#directory.find(tail.piece.last, key)! : tail
    if (!parts.drop(left, key, gives)) return false
    this.#context.counters.windowsClosed++
    return true
  }
}

/** In work: a chunk, and the earliest ends - 1 of its pieces for which there must be a timer. */
interface Prepared {
  readonly chunk: Chunk
  readonly closes: number
  readonly fires: number
}

/** What rows bear where sessions fire more than once: other things for results on time and for early ones. */
function describeMarks(emission: Emission | null): string {
  if (emission === null) return ''
  return `, marked by ${emission.then === 'updates' ? 'updates' : 'one result'}${emission.earlyMs === null ? '' : ' and early ones'}`
}
