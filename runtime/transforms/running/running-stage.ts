import type { Decoder } from '../../formats/codec.ts'
import { DecodeError } from '../../formats/codec.ts'
import type { RecordBlock } from '../../kafka/records.ts'
import { RecordRejected } from '../chain.ts'
import type { ChainContext } from '../chain.ts'
import type { KeyKind } from '../sinks/key-kind.ts'
import type { MarkedInput } from '../time/marked-input.ts'
import type { CompiledStage, StageCounters, StageSnapshot } from '../stage.ts'
import type { StageTime } from '../time/stage-time.ts'
import { heldAbove, watermarkAt, type Placed } from './placed.ts'
import type { Stateful } from '../stateful.ts'
import type { Stretch } from './stretch.ts'

/** What `compileStage` puts together. */
export interface StageParts {
  readonly context: ChainContext
  readonly decoder: Decoder
  /** From the source to the first windows, or the sinks. */
  readonly first: Stretch
  /** What gives records their time; null: they have none, or it came with them. */
  readonly time: StageTime | null
  /** What is between the records, where other stages send them; null: the stage reads a source. */
  readonly markers: MarkedInput | null
  /** Of keys whose type nobody has declared; null: somebody has. */
  readonly keyKind: KeyKind | null
  /** Windows and what else keeps state, each behind what is above it. */
  readonly windows: readonly Placed[]
  /** For each sink the last of them on each way there; null: there is none on it. */
  readonly sinks: readonly (readonly (Placed | null)[])[]
}

/** A stage at work: record by record through the first stretch, then the watermark through the windows, branch by branch. */
export class RunningStage implements CompiledStage {
  readonly counters: StageCounters
  readonly state: CompiledStage['state']
  readonly #parts: StageParts
  /** A watermark is on its way through the windows and the slice was full before it arrived. */
  #closing = false
  /** Rows were put back since the windows last looked into their tables. */
  #restored = true
  /** The input has ended and there may be open windows. */
  #ending = false

  constructor(parts: StageParts) {
    this.#parts = parts
    this.counters = parts.context.counters
    const clock = parts.time?.byClock ? ' by processing time' : ''
    this.state = Object.fromEntries(parts.windows.flatMap(({ window }) => meaningsOf(window)).map(([name, meaning]) => [name, `${meaning}${clock}`]))
  }

  process(block: RecordBlock, from: number): number {
    const { context, time, markers } = this.#parts
    const { slice, record } = context
    if (from >= block.count) return from
    slice.spent = 0
    if (this.closing) {
      record.moveTo(block, from)
      if (!this.#advance()) return from
    }
    for (let i = from; i < block.count; i++) {
      record.moveTo(block, i)
      if (markers?.isMarker(block, i)) {
        if (markers.apply(block, i) && !this.#advance()) return i + 1
        continue
      }
      time?.begin()
      const rejected = this.#runOne(block, i)
      if (rejected !== null) this.#reject(rejected, i)
      else if ((time?.apply() || slice.due) && !this.#advance()) return i + 1
      if (slice.spent >= slice.limit) return i + 1
    }
    return block.count
  }

  get closing(): boolean {
    if (this.#restored) {
      for (const { window } of this.#parts.windows) window.locate()
      this.#restored = false
      this.#closing = this.#overdue()
    }
    return this.#closing
  }

  resume(): boolean {
    this.#parts.context.slice.spent = 0
    return !this.closing || this.#advance()
  }

  get watermark(): number {
    return this.#parts.time?.watermark.current ?? this.#parts.markers?.watermark ?? -Infinity
  }

  forwardedTo(sink: number): number {
    const ways = this.#parts.sinks[sink] ?? []
    return Math.min(...ways.map((last) => (last?.timed ? last.window.forwarded : this.watermark)))
  }

  get inputsIdle(): boolean | null {
    return this.#parts.markers?.idle ?? null
  }

  get dueAt(): number {
    // While something is being closed, that goes on by itself.
    if (!this.#parts.time?.byClock || this.closing) return Infinity
    let dueAt = Infinity
    for (const placed of this.#parts.windows) if (placed.timed) dueAt = Math.min(dueAt, placed.window.due + heldAbove(placed) + 1)
    return dueAt
  }

  tick(now: number): void {
    const { time, context } = this.#parts
    if (!time?.byClock || this.closing) return
    context.slice.spent = 0
    if (time.tick(now)) this.#advance()
  }

  expectWriters(writers: readonly string[]): void {
    this.#parts.markers?.expect(writers)
  }

  endOfInput(): void {
    this.#parts.context.slice.spent = 0
    this.#end(true)
    if (this.closing || this.#parts.windows.length > 0) this.#advance()
  }

  snapshot(): StageSnapshot {
    const { time, markers, keyKind } = this.#parts
    const windows = this.#parts.windows.map(({ window }) => window)
    const newest = time?.watermark.maxTimestamp ?? -Infinity
    const known = Number.isFinite(newest) ? newest : null
    const forwarded = windows.filter((window) => Number.isFinite(window.forwarded)).map((window) => [window.uid, window.forwarded] as const)
    const closing = windows.filter((window) => window.forwards > window.forwarded).map((window) => [window.uid, window.forwards] as const)
    return {
      maxTimestamp: time?.byClock ? null : known,
      watermarks: Object.fromEntries(forwarded),
      ...(time?.byClock && known !== null && { processingTime: known }),
      ...(closing.length > 0 && { closing: Object.fromEntries(closing) }),
      ...(markers !== null && { writers: markers.snapshot() }),
      ...(keyKind !== null && keyKind.seen !== null && { keyKind: keyKind.seen }),
    }
  }

  restore(snapshot: StageSnapshot | null): void {
    const { time, markers, keyKind, windows, context, first } = this.#parts
    context.record.clear()
    context.slice.due = false
    first.discard()
    time?.watermark.restore((time.byClock ? snapshot?.processingTime : snapshot?.maxTimestamp) ?? null)
    markers?.restore(snapshot?.writers ?? null)
    if (keyKind !== null) keyKind.seen = snapshot?.keyKind ?? null
    this.#end(false)
    this.#closing = false
    this.#restored = true
    const { watermark } = this
    for (const placed of windows) {
      const { window } = placed
      const forwarded = snapshot?.watermarks[window.uid] ?? -Infinity
      window.restore(watermarkAt(placed, watermark), forwarded, snapshot?.closing?.[window.uid] ?? forwarded)
    }
  }

  #runOne(block: RecordBlock, index: number): RecordRejected | null {
    this.counters.recordsIn++
    const start = block.valueStart[index]!
    if (start < 0) return new RecordRejected('undecodable', 'the record has no value')
    let value: unknown
    try {
      value = this.#parts.decoder.decode(block.bytes, start, block.valueEnd[index]!)
    } catch (error) {
      if (error instanceof DecodeError) return new RecordRejected('undecodable', error.message)
      throw error
    }
    this.#parts.keyKind?.look(value)
    return this.#parts.first.run(value)
  }

  #reject(rejected: RecordRejected, index: number): void {
    this.counters.dropped[rejected.reason]++
    this.#parts.context.output.deadLetter(index, rejected.reason, rejected.message)
  }

  /** Takes the watermark through the windows. False when the slice was full before it was through. */
  #advance(): boolean {
    this.#closing = true
    this.#parts.context.slice.due = false
    do {
      const { watermark } = this
      for (const placed of this.#parts.windows) if (!placed.window.advance(watermarkAt(placed, watermark))) return false
    } while (this.#ending && this.#raise())
    this.#closing = false
    this.#end(false)
    return true
  }

  #end(is: boolean): void {
    if (this.#ending === is) return
    this.#ending = is
    for (const { window } of this.#parts.windows) window.ending?.(is)
  }

  /**
   * At the end of the input: raises the watermark, as a record would, so far that every window there is becomes due. Results may open windows further
   * down, so this is repeated. False: none is left.
   */
  #raise(): boolean {
    const { time, markers, windows } = this.#parts
    let needed = -Infinity
    for (const placed of windows) if (placed.timed) needed = Math.max(needed, placed.window.lastDue + heldAbove(placed))
    if (needed === -Infinity) return false
    if (time === null) return markers?.raise(needed) ?? false
    return time.watermark.advance(needed + time.watermark.outOfOrdernessMs + 1)
  }

  /** Whether a window would close if the watermark were taken through now. */
  #overdue(): boolean {
    const passed = new Map<Placed, number>()
    for (const placed of this.#parts.windows) {
      const { window, above } = placed
      const given = placed.timed && above?.timed ? (passed.get(above) ?? -Infinity) : watermarkAt(placed, this.watermark)
      const watermark = Math.max(given, window.watermark)
      if (window.isDue(watermark)) return true
      passed.set(placed, watermark - window.latenessMs)
    }
    return false
  }
}

/** What the rows of a transform mean, and of its parts. */
function meaningsOf({ uid, meaning, parts = {} }: Stateful): readonly (readonly [string, string])[] {
  return [[uid, meaning], ...Object.entries(parts).map(([part, words]) => [`${uid}/${part}`, words] as const)]
}
