import { describeRecords, type CustomTrigger } from '../../plan/nodes/windows.ts'
import type { StateStore } from '../../state/store.ts'
import { timerLayout, Timers, type Timer } from '../../time/timers.ts'
import { RecordRejected } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'
import type { Stateful } from '../stateful.ts'
import type { WindowContents } from './contents.ts'
import { moveRow } from './copy-row.ts'
import { numberLayout, NumberRows, type Numbers } from './number-rows.ts'
import { Results, type ResultsOptions } from './results.ts'
import { WindowTrigger, type Decision } from './window-trigger.ts'

export interface TriggeredOptions extends ResultsOptions {
  readonly trigger: CustomTrigger
  readonly store: StateStore
}

/** Of a key: how many records its window has, the least and greatest event time of them, and when its timer fires. */
const emptyProgress = { records: 0, first: Infinity, last: -Infinity, timer: Infinity } as const
type Progress = Numbers<keyof typeof emptyProgress>

/** The contents of a key are in this namespace; those of windows that the record in work ends, and the one behind them, in those that follow. */
const present = 0

/**
 * A window per key with all its records, that fires when a trigger of the author says so: for each value, and for the one timer that it may have set. What it
 * decides for a value is done when the record has come through. Purged, the window begins anew: contents, state of the trigger and timer are gone.
 */
export class TriggeredWindow implements Stateful {
  watermark = -Infinity
  forwarded = -Infinity
  readonly uid: string
  readonly latenessMs = 0
  readonly meaning: string
  readonly parts: Readonly<Record<string, string>>
  readonly push: Push
  readonly #contents: WindowContents
  readonly #context: ChainContext
  readonly #options: TriggeredOptions
  readonly #progress: NumberRows<keyof Progress>
  readonly #timers: Timers
  readonly #trigger: WindowTrigger
  readonly #results: Results
  /** Windows that the record in work has ended, in order; they are purged. */
  readonly #ended: Touched[] = []
  /** The window that its next value is in. */
  #open: Touched | null = null
  /** When the timer of its key fires that is set so far. */
  #formerTimer = Infinity
  /** At the end of the input: the last timer that fires. */
  #end = Infinity

  constructor(options: TriggeredOptions) {
    const { uid, trigger, contents, context, store } = options
    this.#options = options
    this.uid = uid
    this.#contents = contents
    this.#context = context
    this.#progress = new NumberRows(store.table(`${uid}/records`, numberLayout(emptyProgress)), emptyProgress)
    this.#timers = new Timers(store.table(`${uid}/timers`, timerLayout))
    this.#trigger = new WindowTrigger({ uid, trigger, store, timers: this.#timers })
    this.#results = new Results(options)
    this.meaning = `${contents.meaning} over ${describeRecords({ kind: 'global', trigger, purge: false })}`
    this.parts = { records: 'number, first, last, timer', ...this.#trigger.meanings }
    this.push = (value) => this.#onRecord(value)
  }

  apply(): void {
    const open = this.#open
    if (open === null) return
    this.#contents.apply()
    this.#trigger.keep()
    // Results take the place of the record.
    const key = this.#key()
    const ended = this.#ended.splice(0)
    this.#open = null
    for (const [place, window] of ended.entries()) this.#settle(place, key, window, -Infinity)
    if (ended.length > 0 && open.progress.records > 0) moveRow(this.#contents.table, ended.length, present, key)
    const { timer } = open.progress
    this.#moveTimer(key, this.#formerTimer, timer)
    if (this.#end !== Infinity && timer !== Infinity) this.#end = Math.max(this.#end, timer)
    this.#settle(present, key, open, -Infinity)
    this.#keep(key, open.progress)
    if (this.#timers.next <= this.watermark) this.#context.slice.due = true
  }

  discard(): void {
    this.#contents.discard()
    this.#trigger.undo()
    this.#ended.length = 0
    this.#open = null
  }

  advance(watermark: number): boolean {
    if (watermark > this.watermark) this.watermark = watermark
    const { slice } = this.#context
    const until = Math.min(this.watermark, this.#end)
    for (let due = this.#timers.due(until); due.length > 0; due = this.#timers.due(until)) {
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
    return this.watermark
  }

  get due(): number {
    return this.#timers.next <= this.#end ? this.#timers.next : Infinity
  }

  isDue(watermark: number): boolean {
    return watermark >= this.due
  }

  /** A window that waits for records waits for no watermark. */
  get lastDue(): number {
    return this.#timers.next <= this.#end ? this.#end : -Infinity
  }

  /** All timers fire that there are, and those that records set meanwhile; not what timers set beyond them, which might have no end. */
  ending(is: boolean): void {
    this.#end = is ? this.#timers.last : Infinity
  }

  restore(watermark: number, forwarded: number, closing: number): void {
    this.discard()
    this.#options.next.discard()
    this.watermark = Math.max(watermark, forwarded, closing)
    this.forwarded = forwarded
  }

  locate(): void {
    this.#timers.locate()
  }

  #onRecord(value: unknown): void {
    const { keyBytes, timestamp } = this.#context.record
    if (keyBytes === null) throw new RecordRejected('null-key', `a window of "${this.uid}" needs a key`)
    const key = this.#key()
    const window = (this.#open ??= this.#opened(key))
    this.#contents.prepare(value, this.#ended.length, 1)
    const { progress } = window
    progress.records++
    progress.first = Math.min(progress.first, timestamp)
    progress.last = Math.max(progress.last, timestamp)
    const { fires, purges } = this.#trigger.onRecord(value, timestamp, key, progress)
    window.fires ||= fires
    window.purges = purges
    if (!purges) return
    this.#ended.push(window)
    this.#open = { progress: { ...emptyProgress }, fires: false, purges: false }
  }

  /** The bytes of the record key; they are not written again. */
  #key(): Buffer {
    const { keyBytes, keyStart, keyEnd } = this.#context.record
    return Buffer.from(keyBytes!.subarray(keyStart, keyEnd))
  }

  #opened(key: Buffer): Touched {
    const progress = this.#progress.of(key)
    this.#formerTimer = progress.timer
    return { progress, fires: false, purges: false }
  }

  /** A timer fires. One whose function throws is a dead letter without a record, and gone. */
  #ring({ timestamp, key }: Timer): void {
    const { counters, output } = this.#context
    const progress = { ...this.#progress.of(key), timer: Infinity }
    let decision: Decision
    try {
      decision = this.#trigger.onTimer(timestamp, key, progress)
    } catch (error) {
      if (!(error instanceof RecordRejected)) throw error
      this.#trigger.undo()
      this.#keep(key, { ...progress, timer: Infinity })
      counters.dropped[error.reason]++
      const which = `the timer at ${timestamp} of window "${this.uid}" for key ${JSON.stringify(key.toString())}`
      return output.deadLetter(-1, error.reason, `${which} failed: ${error.message}`)
    }
    this.#trigger.keep()
    this.#moveTimer(key, Infinity, progress.timer)
    this.#settle(present, key, { progress, ...decision }, timestamp)
    this.#keep(key, decision.purges ? emptyProgress : progress)
  }

  /** Gives the result of a window, and takes its contents away, where the trigger has said so. */
  #settle(place: number, key: Buffer, { progress, fires, purges }: Touched, at: number): void {
    if (!fires && !purges) return
    const { table } = this.#contents
    const row = table.find(place, key, 0, key.length)
    if (purges) this.#context.counters.windowsClosed++
    if (!fires) return table.delete(row)
    const { first, last } = progress
    // As a record it is no older than the watermark, so that no window behind takes it for late, and than the timer.
    const timestamp = Math.max(last, at, this.forwarded + 1)
    this.#results.sendOne(row, { start: first, end: last + 1, timestamp }, undefined, () => {
      if (purges) table.delete(row)
    })
  }

  #moveTimer(key: Buffer, from: number, to: number): void {
    if (from === to) return
    if (from !== Infinity) this.#timers.delete(from, noName, key)
    if (to !== Infinity) this.#timers.set(to, noName, key)
  }

  /** A window without records has no row. */
  #keep(key: Buffer, progress: Readonly<Progress>): void {
    this.#progress.keep(key, progress.records === 0 ? null : progress)
  }
}

/** A window that the record in work is in: how far it is with it, and what the trigger has decided. */
interface Touched {
  readonly progress: Progress
  fires: boolean
  purges: boolean
}

const noName = Buffer.alloc(0)

/** About what a timer takes beside its key. */
const timerBytes = 16
