import { abandonPromise } from '../../plan/expression.ts'
import type { KeyTimers, ProcessContext, ProcessFunction, ProcessNode } from '../../plan/nodes/process.ts'
import type { StateStore } from '../../state/store.ts'
import { timerLayout, Timers } from '../../time/timers.ts'
import type { Timer } from '../../time/timers.ts'
import { processingFailure, RecordRejected, requireValue } from '../chain.ts'
import type { ChainContext, Push, StretchEnd } from '../chain.ts'
import type { Stateful } from '../stateful.ts'
import { Stretch } from '../running/stretch.ts'
import { meaningsOfCells, openCells } from './cells.ts'
import { Expiry, expiryOf } from './expiry.ts'
import { Journal } from './journal.ts'
import { KeyScope } from './key-scope.ts'
import { RecordTimers } from './record-timers.ts'

export interface ProcessOptions {
  readonly node: ProcessNode
  readonly store: StateStore
  readonly hasEventTime: boolean
  /** The key as functions see it, from the bytes of the record key. */
  readonly readKey: (key: Buffer) => unknown
  readonly context: ChainContext
  /** Where emitted values go, and where that ends. */
  readonly next: { readonly push: Push; readonly end: StretchEnd }
}

/**
 * A function of the author for each record, with state and timers of its key. It changes state at once and keeps how to undo that: when the function throws,
 * or what it emitted fails further down, nothing of it is left. A timer runs as a record does, with effects of its own, before the watermark goes on.
 */
export class KeyedProcess implements Stateful {
  watermark = -Infinity
  forwarded = -Infinity
  readonly latenessMs = 0
  readonly uid: string
  readonly meaning = 'process'
  readonly parts: Readonly<Record<string, string>>
  readonly push: Push
  readonly #options: ProcessOptions
  readonly #timers: Timers
  readonly #expiries: Timers
  readonly #cells: ReturnType<typeof openCells>
  readonly #scope = new KeyScope()
  readonly #journal = new Journal()
  readonly #control: RecordTimers
  readonly #context: Mutable<ProcessContext<unknown, unknown, unknown, KeyTimers>>
  readonly #ring: Stretch
  #emitted: unknown[] = []
  /** At the end of the input: the last timer that fires. */
  #end = Infinity

  constructor(options: ProcessOptions) {
    const { node, store, context, hasEventTime } = options
    this.#options = options
    this.uid = node.uid
    this.parts = meaningsOfCells(node)
    this.#timers = new Timers(store.table(`${node.uid}/timers`, timerLayout))
    this.#expiries = new Timers(store.table(`${node.uid}/expiries`, timerLayout))
    this.#cells = openCells(node, store, this.#scope, this.#journal, new Expiry(this.#expiries, this.#journal))
    this.#control = new RecordTimers(this.#timers, this.#scope, this.#journal, hasEventTime && node.onTimer !== null)
    this.#context = {
      key: null,
      timestamp: -Infinity,
      watermark: -Infinity,
      state: this.#cells,
      timers: this.#control,
      emit: (value) => this.#emit(value),
    }
    this.push = (value) => this.#onRecord(value, context.record.timestamp)
    this.#ring = new Stretch((timer) => this.#onTimer(timer as Timer), this)
  }

  apply(): void {
    this.#journal.keep()
    if (this.#timers.next <= this.watermark) this.#options.context.slice.due = true
    this.#options.next.end.apply()
  }

  discard(): void {
    this.#journal.undo()
    this.#options.next.end.discard()
  }

  advance(watermark: number): boolean {
    if (watermark > this.watermark) this.watermark = watermark
    const until = Math.min(this.watermark, this.#end)
    if (!this.#takeAll(this.#timers, until, (timer) => this.#fire(timer))) return false
    if (!this.#takeAll(this.#expiries, this.watermark, (timer) => this.#sweep(timer))) return false
    this.forwarded = this.forwards
    return true
  }

  get forwards(): number {
    return this.watermark
  }

  get due(): number {
    const timer = this.#timers.next <= this.#end ? this.#timers.next : Infinity
    return Math.min(timer, this.#expiries.next)
  }

  isDue(watermark: number): boolean {
    return watermark >= this.due
  }

  get lastDue(): number {
    return this.#timers.next <= this.#end ? this.#end : -Infinity
  }

  /** All timers fire that there are, and those that records set meanwhile; not what timers set beyond them, which might have no end. */
  ending(is: boolean): void {
    this.#end = is ? this.#timers.last : Infinity
    this.#control.onSet = is ? (timestamp) => (this.#end = Math.max(this.#end, timestamp)) : null
  }

  restore(watermark: number, forwarded: number, closing: number): void {
    this.discard()
    this.watermark = Math.max(watermark, forwarded, closing)
    this.forwarded = forwarded
  }

  locate(): void {
    this.#timers.locate()
    this.#expiries.locate()
  }

  #onRecord(value: unknown, timestamp: number): void {
    const { node, context } = this.#options
    const { keyBytes, keyStart, keyEnd } = context.record
    if (keyBytes === null) throw new RecordRejected('null-key', `process "${this.uid}" needs a key`)
    const key = Buffer.from(keyBytes.buffer, keyBytes.byteOffset + keyStart, keyEnd - keyStart)
    this.#scope.enter(key, this.watermark, Math.max(timestamp, this.watermark))
    this.#control.after = -Infinity
    this.#run(node.onRecord, 'onRecord', value, timestamp, '')
  }

  #onTimer({ key, timestamp, name }: Timer): void {
    const { node } = this.#options
    if (node.onTimer === null) return
    // What had expired when a timer was set behind the watermark has been removed.
    const now = Math.max(timestamp, this.forwarded)
    this.#scope.enter(key, now, now)
    this.#control.after = timestamp
    this.#run(node.onTimer, 'onTimer', timestamp, timestamp, name.toString())
  }

  /** Calls a function, then sends on what it has emitted. */
  #run(from: ProcessFunction, what: string, first: unknown, timestamp: number, timer: string): void {
    const { readKey, context, next } = this.#options
    const name = `${what} of process "${this.uid}"`
    Object.assign(this.#context, { key: readKey(this.#scope.key), timestamp, watermark: this.watermark })
    this.#emitted = []
    try {
      // The builder has checked its parameters against the type of the stream.
      const result = (from.call as (first: unknown, context: unknown, name: string) => unknown)(first, this.#context, timer)
      if (result instanceof Promise) requireValue(name, result)
      for (const value of this.#emitted) requireValue(name, value)
    } catch (error) {
      for (const value of this.#emitted) abandonPromise(value)
      throw error instanceof RecordRejected ? error : processingFailure(name, error)
    } finally {
      this.#scope.leave()
    }
    for (const value of this.#emitted) {
      context.record.timestamp = timestamp
      next.push(value)
    }
  }

  #emit(value: unknown): void {
    if (this.#scope.key.length >= 0) this.#emitted.push(value)
  }

  /** False: the slice is full. */
  #takeAll(timers: Timers, until: number, take: (timer: Timer) => void): boolean {
    const { slice } = this.#options.context
    for (let due = timers.due(until); due.length > 0; due = timers.due(until)) {
      for (const timer of due) {
        if (slice.spent >= slice.limit) return false
        slice.spent += timer.key.length + timer.name.length + timerBytes
        // One before it may have deleted it.
        if (timers.delete(timer.timestamp, timer.name, timer.key)) take(timer)
      }
    }
    return true
  }

  /** A timer that fails is a dead letter without a record, as a result of a window is. */
  #fire(timer: Timer): void {
    const { record, counters, output } = this.#options.context
    record.moveToResult(timer.key, timer.timestamp)
    const rejected = this.#ring.run(timer)
    if (rejected === null) return
    counters.dropped[rejected.reason]++
    const which = timer.name.length === 0 ? 'the timer' : `the timer ${JSON.stringify(timer.name.toString())}`
    const what = `${which} at ${timer.timestamp} of process "${this.uid}" for key ${JSON.stringify(timer.key.toString())}`
    output.deadLetter(-1, rejected.reason, `${what} failed: ${rejected.message}`)
  }

  #sweep(timer: Timer): void {
    const { cell, detail } = expiryOf(timer)
    this.#scope.enter(timer.key, this.watermark, this.watermark)
    this.#cells[cell]?.sweep(detail)
    this.#scope.leave()
    this.#journal.keep()
  }
}

type Mutable<T> = { -readonly [P in keyof T]: T[P] }

/** About what a timer takes beside key and name. */
const timerBytes = 16
