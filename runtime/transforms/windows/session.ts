import type { StateTable } from '../../state/store.ts'
import { Timers } from '../../time/timers.ts'
import type { Timer } from '../../time/timers.ts'
import { RecordRejected } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'
import { LateRecords } from '../late-records.ts'
import type { Stateful } from '../stateful.ts'
import type { Stretch } from '../stretch.ts'
import { SessionDirectory } from './session-directory.ts'
import type { Chunk, Piece } from './session-directory.ts'
import type { WindowContents } from './contents.ts'

export interface SessionOptions {
  readonly uid: string
  readonly gapMs: number
  readonly latenessMs: number
  readonly contents: WindowContents
  /** Of the directory and of the timers. */
  readonly sessions: StateTable
  readonly timers: StateTable
  /** The value that came in, as JSON. Throws when it can't be written. */
  readonly encodeLate: (value: unknown) => Uint8Array
  /** The key of a result, from the bytes of the record key. */
  readonly readKey: (key: Buffer) => unknown
  readonly context: ChainContext
  /** Where results go. */
  readonly next: Stretch
}

/**
 * Sessions per key: a record is a window of its own, [timestamp, timestamp + gap), and windows that overlap or touch are one. A session gives its result
 * when the watermark is at least its end - 1 + lateness. It is late what touches no open session and is, alone, behind that.
 *
 * A piece of a session (see session-directory.ts) has a timer at the end - 1 that it had when the timer was set. When that fires, the piece is over, or goes
 * on in the next chunk, or has got longer and has its timer set again: so records do not move timers. A session that is over leaves with all its rows.
 */
export class SessionWindow implements Stateful {
  watermark = -Infinity
  forwarded = -Infinity
  readonly uid: string
  readonly latenessMs: number
  readonly meaning: string
  readonly push: Push
  readonly #options: SessionOptions
  readonly #gapMs: number
  readonly #directory: SessionDirectory
  readonly #timers: Timers
  readonly #late: LateRecords
  /** By start: chunks of the key in work as they will be, and the earliest new timer that they need. */
  readonly #prepared = new Map<number, { readonly chunk: Chunk; readonly timer: number }>()

  constructor(options: SessionOptions) {
    const { uid, gapMs, latenessMs, contents, context, encodeLate } = options
    this.#options = options
    this.uid = uid
    this.latenessMs = latenessMs
    this.meaning = `${contents.meaning} over sessions with a gap of ${gapMs} ms`
    this.#gapMs = gapMs
    this.#directory = new SessionDirectory(options.sessions, gapMs)
    this.#timers = new Timers(options.timers)
    this.#late = new LateRecords({ uid, encode: encodeLate, context })
    this.push = (value) => this.#prepare(value, context.record.timestamp)
  }

  apply(): void {
    if (this.#prepared.size > 0) {
      const { contents, context } = this.#options
      const { keyBytes, keyStart, keyEnd } = context.record
      if (keyBytes === null) throw new Error('a record without a key reached a session')
      contents.apply()
      for (const [start, { chunk, timer }] of this.#prepared) {
        if (timer < chunk.armed) this.#timers.set(timer, noName, keyBytes, keyStart, keyEnd)
        this.#directory.write(start, keyBytes, keyStart, keyEnd, { ...chunk, armed: Math.min(timer, chunk.armed) })
      }
      this.#prepared.clear()
    }
    this.#late.emit(this.watermark)
  }

  discard(): void {
    this.#options.contents.discard()
    this.#prepared.clear()
    this.#late.discard()
  }

  advance(watermark: number): boolean {
    if (watermark > this.watermark) this.watermark = watermark
    const { slice } = this.#options.context
    for (let due = this.#timers.due(this.forwards); due.length > 0; due = this.#timers.due(this.forwards)) {
      for (const timer of due) {
        if (slice.spent >= slice.limit) return false
        slice.spent += timer.key.length + timerBytes
        this.#timers.delete(timer.timestamp, timer.name, timer.key)
        this.#ring(timer)
      }
    }
    this.forwarded = this.forwards
    return true
  }

  get forwards(): number {
    return this.watermark - this.latenessMs
  }

  get due(): number {
    return this.#timers.next + this.latenessMs
  }

  isDue(watermark: number): boolean {
    return watermark >= this.due
  }

  /** Of the timers there are: one that fires too early for its session is set again. */
  get lastDue(): number {
    return this.#timers.last + this.latenessMs
  }

  /** As a window: what has ended stays so, also under a new version that allows for more disorder or lateness. */
  restore(watermark: number, forwarded: number, closing: number): void {
    this.discard()
    this.#options.next.discard()
    this.watermark = Math.max(watermark, Math.max(forwarded, closing) + this.latenessMs)
    this.forwarded = forwarded
  }

  locate(): void {
    this.#timers.locate()
  }

  #prepare(value: unknown, timestamp: number): void {
    const gap = this.#gapMs
    const start = this.#directory.chunkOf(timestamp)
    const chunk = this.#chunk(start)
    const touched = chunk.pieces.filter(({ first, last }) => first - gap <= timestamp && timestamp <= last + gap)
    const alone = timestamp + gap - 1
    if (touched.length === 0 && alone <= this.forwards && !this.#touchesNeighbours(start, timestamp))
      return this.#late.keep(value, timestamp, timestamp + gap)
    const piece = this.#joined(touched, timestamp)
    this.#options.contents.prepare(value, piece.accumulators[0]!, 1)
    const pieces = [...chunk.pieces.filter((other) => !touched.includes(other)), piece].toSorted((a, b) => a.first - b.first)
    const end = piece.last + gap - 1
    const timer = Math.min(this.#prepared.get(start)?.timer ?? Infinity, end > this.forwards ? end : Infinity)
    this.#prepared.set(start, { chunk: { ...chunk, pieces }, timer })
  }

  /**
   * The pieces that a record touches, which are at most two, as one. The first record of a session gives its accumulator the start of its span of one gap as
   * namespace: two records of one span are in one session, so no other of the key has it.
   */
  #joined(touched: readonly Piece[], timestamp: number): Piece {
    if (touched.length === 0) return { first: timestamp, last: timestamp, accumulators: [Math.floor(timestamp / this.#gapMs) * this.#gapMs] }
    return {
      first: Math.min(timestamp, touched[0]!.first),
      last: Math.max(timestamp, touched.at(-1)!.last),
      accumulators: touched.flatMap(({ accumulators }) => accumulators),
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
    const { keyBytes, keyStart, keyEnd } = this.#options.context.record
    if (keyBytes === null) throw new RecordRejected('null-key', `a session of "${this.uid}" needs a key`)
    return this.#prepared.get(start)?.chunk ?? this.#directory.read(start, keyBytes, keyStart, keyEnd)
  }

  /** A timer fires. It is that of a piece whose last record it was set for, and so of the chunk of that. */
  #ring({ timestamp, key }: Timer): void {
    const gap = this.#gapMs
    const directory = this.#directory
    const start = directory.chunkOf(timestamp - gap + 1)
    const { armed, pieces } = directory.read(start, key, 0, key.length)
    // An earlier one took its place.
    if (armed !== timestamp) return
    const following = directory.read(start + directory.chunkMs, key, 0, key.length).pieces[0]
    const ended = pieces.findIndex(({ last }) => last + gap - 1 === timestamp)
    const goesOn = ended === pieces.length - 1 && following !== undefined && following.first - gap <= pieces[ended]!.last
    const left = ended < 0 || goesOn ? pieces : pieces.toSpliced(ended, 1)
    const next = Math.min(...left.map(({ last }) => last + gap - 1).filter((end) => end > timestamp))
    if (next !== Infinity) this.#timers.set(next, noName, key)
    directory.write(start, key, 0, key.length, { armed: next, pieces: left })
    if (left !== pieces) this.#close(ended === 0 ? this.#takeBefore(start, pieces[0]!, key) : pieces[ended]!, key)
  }

  /** The whole session that ends with the first piece of a chunk; what lies in earlier chunks is taken out of the directory. */
  #takeBefore(start: number, tail: Piece, key: Buffer): Piece {
    const directory = this.#directory
    let session = tail
    for (let at = start - directory.chunkMs; ; at -= directory.chunkMs) {
      const chunk = directory.read(at, key, 0, key.length)
      const piece = chunk.pieces.at(-1)
      if (piece === undefined || piece.last + this.#gapMs < session.first) return session
      session = { first: piece.first, last: tail.last, accumulators: [...piece.accumulators, ...session.accumulators] }
      directory.write(at, key, 0, key.length, { ...chunk, pieces: chunk.pieces.slice(0, -1) })
      if (chunk.pieces.length > 1) return session
    }
  }

  /** Sends the result of a session on, and takes its accumulators out of the table. */
  #close({ first, last, accumulators }: Piece, key: Buffer): void {
    const { contents, context, next, readKey, uid } = this.#options
    const { table } = contents
    const end = last + this.#gapMs
    const row = table.find(accumulators[0]!, key, 0, key.length)
    context.slice.spent += key.length + contents.resultBytes(row)
    let result: unknown
    let rejected: RecordRejected | null = null
    try {
      for (const other of accumulators.slice(1)) contents.merge(row, table.find(other, key, 0, key.length))
      result = contents.result(row, readKey(key), first, end)
    } catch (error) {
      if (!(error instanceof RecordRejected)) throw error
      rejected = error
    }
    for (const one of accumulators) table.delete(table.find(one, key, 0, key.length))
    context.record.moveToResult(key, end - 1)
    context.counters.windowsClosed++
    rejected ??= next.run(result)
    if (rejected === null) return
    context.counters.dropped[rejected.reason]++
    const what = `the result of session "${uid}" [${first}, ${end}) for key ${JSON.stringify(context.record.key)}`
    context.output.deadLetter(-1, rejected.reason, `${what} failed: ${rejected.message}`)
  }
}

const noName = Buffer.alloc(0)

/** About what a timer takes beside its key. */
const timerBytes = 16
