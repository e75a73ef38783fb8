/** Process functions: what a plan holds of them, and what they see. */
import type { FieldSchema, RecordSchema } from '../../formats/schema.ts'
import type { Uid } from '../nodes.ts'

/** A function of the author for each record of a key, with state of that key, and one for its timers. */
export interface ProcessNode {
  readonly kind: 'process'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly state: Readonly<Record<string, StateCell>>
  /** What it emits; null: not declared. */
  readonly emits: RecordSchema | null
  readonly onRecord: ProcessFunction
  readonly onTimer: ProcessFunction | null
}

export interface ProcessFunction {
  readonly kind: 'lambda'
  readonly call: (first: never, context: never, name: never) => unknown
  readonly text: string
}

/** State by key. `ttlMs`: how long it lives after it was written, in event time; null: until it is cleared. */
export type StateCell =
  /** The default of the type stands for what was never set, or has expired. */
  | { readonly kind: 'value'; readonly type: FieldSchema; readonly ttlMs: number | null }
  | { readonly kind: 'list'; readonly type: FieldSchema; readonly ttlMs: number | null }
  | { readonly kind: 'map'; readonly names: FieldSchema; readonly type: FieldSchema; readonly ttlMs: number | null }

/** Lets the first record of each id through, in event time. */
export interface DedupNode {
  readonly kind: 'dedup'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  /** The field that is the id, among the records of a key; null: the key itself. */
  readonly by: string | null
  readonly withinMs: number
}

/** One value per key. `E` is what `get` gives where there is none: the initial value, or null. */
export interface ValueState<T, E = null> {
  /** A copy: changing it changes nothing that is kept. */
  get(): T | E
  set(value: T): void
  /** Sets what the function makes of the present value. */
  update(change: (value: T | E) => T): void
  clear(): void
}

/** A list per key. To add to it costs the same however long it is. */
export interface ListState<T> {
  /** A copy of all items, in the order in which they were added. */
  get(): T[]
  add(...items: readonly T[]): void
  /** Replaces all items. */
  set(items: readonly T[]): void
  clear(): void
}

/** A map per key. To change an entry costs the same however many there are. */
export interface MapState<N, T> {
  /** A copy of the value; null: there is no entry. */
  get(name: N): T | null
  has(name: N): boolean
  set(name: N, value: T): void
  /** False: there was none. */
  delete(name: N): boolean
  /** In the order in which the entries were made. */
  keys(): N[]
  entries(): [N, T][]
  clear(): void
}

/** Timers of the key in work. */
export interface KeyTimers {
  /**
   * Calls onTimer for this key when the watermark reaches the timestamp (epoch ms): once, however often it is set. At or behind the watermark: right behind the
   * record. In onTimer: only later than the timer in work.
   */
  set(timestamp: number, name?: string): void
  delete(timestamp: number, name?: string): void
}

/** What a function over the values of a window may know and do. */
export interface WindowContext<K, O> {
  readonly key: K
  /** Epoch ms. */
  readonly windowStart: number
  /** Epoch ms, exclusive. */
  readonly windowEnd: number
  /** Sends a value on, when the function has returned; its timestamp is that of the window's result. */
  readonly emit: (value: O) => void
}

/** What a process function may know and do. One object per transform, reused for every record: copy what you keep. */
export interface ProcessContext<K, S, O, T = KeyTimers> {
  readonly key: K
  /** Event time of the record, or of the timer: that of what is emitted, too. Epoch ms. */
  readonly timestamp: number
  /** The watermark, epoch ms: a record with a timestamp at or below it is late. -Infinity before the first record. */
  readonly watermark: number
  readonly state: S
  readonly timers: T
  /** Sends a value on, when the function has returned. */
  readonly emit: (value: O) => void
}
