import { describeValue } from '../formats/codec.ts'
import { encodeKey } from '../formats/key.ts'
import type { DedupNode } from '../plan/nodes/process.ts'
import type { StateStore, StateTable } from '../state/store.ts'
import { RecordRejected } from './chain.ts'
import type { ChainContext, Push, StretchEnd } from './chain.ts'
import { LateRecords } from './late-records.ts'
import type { Stateful } from './stateful.ts'

export interface DedupOptions {
  readonly node: DedupNode
  readonly store: StateStore
  /** The value that came in, as JSON. Throws when it can't be written. */
  readonly encodeLate: (value: unknown) => Uint8Array
  readonly context: ChainContext
  readonly next: { readonly push: Push; readonly end: StretchEnd }
}

/**
 * Lets a record through unless one of its id has gone through whose event time is less than `within` away, before or behind: of such records the first to come
 * wins. One that the watermark has left behind by `within` is late: what it may repeat is forgotten.
 *
 *     within 10       watermark 21 ...                the times that went through
 *     a12 a21 a30     12, 30                          21 is 9 from 12
 *     a21 again       repeats 12 and 30
 *     a11             late: 11 + 10 <= 21
 *
 * The times of an id are at least `within` apart, so each has a span of that length for itself: a row in the namespace of its span, with the time as its cell.
 * A time is looked at by records down to `within` behind the watermark, which may be `within` away from it; then its span goes as a whole.
 */
export class Dedup implements Stateful {
  watermark = -Infinity
  forwarded = -Infinity
  readonly latenessMs = 0
  /** Nothing comes of forgetting. */
  readonly lastDue = -Infinity
  readonly uid: string
  readonly meaning: string
  readonly push: Push
  readonly #options: DedupOptions
  readonly #table: StateTable
  readonly #late: LateRecords
  /** Start of the earliest span with rows; Infinity: there is none. */
  #earliest = Infinity
  #prepared: { readonly span: number; readonly id: Buffer; readonly timestamp: number }[] = []

  constructor(options: DedupOptions) {
    const { node, store, encodeLate, context } = options
    this.#options = options
    this.uid = node.uid
    this.meaning = `times of ${node.by === null ? 'keys' : `keys and ${node.by}`}, in spans of ${node.withinMs} ms`
    this.#table = store.table(node.uid, { kind: 'cells', cells: 1 })
    this.#late = new LateRecords({ uid: node.uid, encode: encodeLate, context })
    this.push = (value) => this.#judge(value, context.record.timestamp)
  }

  apply(): void {
    for (const { span, id, timestamp } of this.#prepared) {
      this.#table.setCell(this.#table.upsert(span, id, 0, id.length), 0, timestamp)
      if (span < this.#earliest) this.#earliest = span
    }
    this.#prepared = []
    this.#late.emit(this.watermark)
    this.#options.next.end.apply()
  }

  discard(): void {
    this.#prepared = []
    this.#late.discard()
    this.#options.next.end.discard()
  }

  advance(watermark: number): boolean {
    if (watermark > this.watermark) this.watermark = watermark
    while (this.isDue(this.watermark)) if (!this.#forget(this.#earliest)) return false
    this.forwarded = this.forwards
    return true
  }

  get forwards(): number {
    return this.watermark
  }

  /** The last time of a span is its end - 1; what is within reach of it is late from twice `within` on. */
  get due(): number {
    return this.#earliest + 3 * this.#options.node.withinMs - 1
  }

  isDue(watermark: number): boolean {
    return watermark >= this.due
  }

  restore(watermark: number, forwarded: number, closing: number): void {
    this.discard()
    this.watermark = Math.max(watermark, forwarded, closing)
    this.forwarded = forwarded
  }

  locate(): void {
    this.#earliest = this.#table.namespaces()[0] ?? Infinity
  }

  #judge(value: unknown, timestamp: number): void {
    const { node, next } = this.#options
    const { withinMs } = node
    if (timestamp + withinMs <= this.watermark) return this.#late.keep(value, timestamp, timestamp + withinMs)
    const id = this.#idOf(value)
    const span = Math.floor(timestamp / withinMs) * withinMs
    for (const near of [span, span - withinMs, span + withinMs]) if (this.#repeats(near, id, timestamp)) return
    this.#prepared.push({ span, id, timestamp })
    next.push(value)
  }

  /** Whether a time of this span is too near. */
  #repeats(span: number, id: Buffer, timestamp: number): boolean {
    const isNear = (time: number): boolean => Math.abs(time - timestamp) < this.#options.node.withinMs
    const row = this.#table.find(span, id, 0, id.length)
    if (row >= 0 && isNear(this.#table.getCell(row, 0))) return true
    return this.#prepared.some((one) => one.span === span && one.id.equals(id) && isNear(one.timestamp))
  }

  /** The key, or its length, the key and the field that is the id among its records. */
  #idOf(value: unknown): Buffer {
    const { node, context } = this.#options
    const { keyBytes, keyStart, keyEnd } = context.record
    if (keyBytes === null) throw new RecordRejected('null-key', `dedup "${this.uid}" needs a key`)
    const key = Buffer.from(keyBytes.buffer, keyBytes.byteOffset + keyStart, keyEnd - keyStart)
    if (node.by === null) return key
    const found = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[node.by] : undefined
    const length = Buffer.alloc(4)
    length.writeUInt32BE(key.length)
    try {
      return Buffer.concat([length, key, encodeKey(found)])
    } catch {
      throw new RecordRejected('processing', `dedup "${this.uid}": field "${node.by}" is ${describeValue(found)}, which is no id`)
    }
  }

  /** False: the slice is full. */
  #forget(span: number): boolean {
    const { slice } = this.#options.context
    const table = this.#table
    while (table.rowsIn(span) > 0) {
      if (slice.spent >= slice.limit) return false
      table.drain(span, batchRows, (row) => {
        table.delete(row)
        slice.spent += rowBytes
      })
    }
    this.locate()
    return true
  }
}

const batchRows = 256

/** About what a row takes. */
const rowBytes = 32
