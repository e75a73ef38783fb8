/**
 * The chained builder. Every call gives a new stream over frozen nodes; nothing runs. Stages are types: what makes no sense at a stage has no
 * method there.
 */
import type { Plan, RecordContext } from '../plan/nodes.ts'
import {
  addEventTime,
  addFilter,
  addFlatMap,
  addKeyBy,
  addMap,
  addProcessingTime,
  addSink,
  addSource,
  addWindowAggregate,
  addWindowReduce,
  lambda,
} from './additions.ts'
import type { Aggregation, CheckedAggregates, WindowBounds, WindowResult } from './aggregates.ts'
import { emptyDraft, finishDraft, mergeDrafts, type Draft } from './draft.ts'
import { timestampOf, type EventTimeOptions, type EventTimeSource } from './event-time.ts'
import type { KafkaTopic } from './kafka.ts'
import { addDedup, addProcess, addWindowProcess, type ProcessDefinition, type WindowProcessDefinition } from './process.ts'
import { addSessionAggregate, addSessionReduce, type Session } from './sessions.ts'
import { callerPlace, type Site } from './site.ts'
import { addSplit, type Branch, type BranchValue, type BranchPredicate, type SplitOptions, type TakesRest } from './split.ts'
import type { StateDeclarations } from './state.ts'
import type { Firing } from '../plan/nodes/windows.ts'
import type { Duration, JsonObject, KeyField, KeyOf } from './values.ts'
import type { CountWindow, TriggeredWindow, Window, WindowDraft } from './windows.ts'

/** What gives records their time: windows need one. */
export type Clock = 'event time' | 'processing time' | 'no event time'

export interface DedupOptions<V> {
  /** The field that is the id, among the records of a key. @default the key itself */
  readonly by?: KeyField<V>
  readonly within: Duration
}

/** Begins a program. */
export const stream = {
  /** Reads a topic. */
  from<V, K, F>(topic: KafkaTopic<V, K, F>): Stream<V, 'no event time', K, F> {
    return new Stream(addSource(emptyDraft, site('from'), topic))
  },
} as const

/** A stream of records of type V, whatever they are keyed by. */
export interface AnyStream<V, C extends Clock> {
  /** Never there; carries the types for checking. */
  readonly inferred?: { readonly value: V; readonly clock: C }
}

/** Records of type V, with record keys of type K: those of the source, as its schema declares them, of which F names the field. */
export class Stream<V, C extends Clock, K, F = never> implements AnyStream<V, C> {
  declare readonly inferred?: { readonly value: V; readonly clock: C }
  readonly #draft: Draft

  constructor(draft: Draft) {
    this.#draft = draft
  }

  /** Says when each record happened, and how far records may be out of order. */
  eventTime(timestamp: EventTimeSource<V>, options: EventTimeOptions): Stream<V, 'event time', K, F> {
    return new Stream(addEventTime(this.#draft, site('eventTime'), timestampOf(timestamp), options))
  }

  /**
   * The time of a record is when it is worked on. Windows close by the clock of the worker, though no record comes; nothing is late, and what is worked on
   * again after a failure may come into another window than before.
   */
  processingTime(): Stream<V, 'processing time', K> {
    return new Stream(addProcessingTime(this.#draft, site('processingTime')))
  }

  /** Keeps the records for which the function gives true. */
  filter(predicate: (value: V, record: RecordContext) => boolean): Stream<V, C, K, F> {
    return new Stream(addFilter(this.#draft, site('filter'), lambda(predicate)))
  }

  /** Replaces each record by another. */
  map<U>(mapper: (value: V, record: RecordContext) => U): Stream<U, C, K, F> {
    return new Stream(addMap(this.#draft, site('map'), lambda(mapper)))
  }

  /** Replaces each record by any number of others. */
  flatMap<U>(mapper: (value: V, record: RecordContext) => Iterable<U>): Stream<U, C, K, F> {
    return new Stream(addFlatMap(this.#draft, site('flatMap'), lambda(mapper)))
  }

  /**
   * Sends each record one way: to the first branch whose function gives true, or else to the one that is `otherwise`. Where none is, what no branch takes is
   * dropped by `{ unmatched: 'drop' }`. Every branch must be read.
   *
   * ```ts
   * const { big, small } = orders.split({ big: (order) => order.amount > 100, small: otherwise })
   * export default job(big.to(kafka({ topic: 'big' })), small.to(kafka({ topic: 'small' })))
   * ```
   */
  split<const B extends Readonly<Record<string, BranchPredicate<V>>>>(
    branches: B,
    options: SplitOptions,
  ): { readonly [N in keyof B]: Stream<BranchValue<V, B[N]>, C, K, F> }
  split<const B extends Readonly<Record<string, Branch<V>>>>(
    branches: B & TakesRest<B>,
  ): { readonly [N in keyof B]: Stream<BranchValue<V, B[N]>, C, K, F> }
  split(branches: Readonly<Record<string, Branch<V>>>, options?: SplitOptions): Readonly<Record<string, Stream<V, C, K, F>>> {
    return mapValues(addSplit(this.#draft, site('split'), branches, options), (draft) => new Stream<V, C, K, F>(draft))
  }

  /**
   * The records of this stream and of others as one, in the order in which they come. They are of one type; `map` brings them there. To be grouped they are keyed
   * anew, and so meet in a topic of the job's own, with the least of their watermarks.
   */
  merge(...others: readonly AnyStream<V, C>[]): Stream<V, C, unknown, never> {
    return new Stream(mergeDrafts([this.#draft, ...others.map((other) => Stream.#draftOf(other))], site('merge')))
  }

  /**
   * Groups records by a field. By what they are keyed by already (the declared key of the source, `key` behind a window) they stay where they are; by anything
   * else they go to other workers, through a topic of the job's own. `name` is that of the topic and of the state behind it: keep it when the program changes.
   */
  keyBy<const B extends KeyField<V>>(field: B, options: { readonly name?: string } = {}): KeyedStream<V, C, [B] extends [F] ? K : KeyOf<V, B>> {
    return new KeyedStream(addKeyBy(this.#draft, site('keyBy'), field, options.name))
  }

  static #draftOf(stream: AnyStream<unknown, Clock>): Draft {
    if (#draft in stream) return stream.#draft
    throw new TypeError('only streams can be merged')
  }

  /** Ends the program, or one way through it (`job` takes several): results go to a topic. Throws with everything that is wrong up to here. */
  to(topic: KafkaTopic<unknown>): Plan {
    return finishDraft(addSink(this.#draft, site('to'), topic), false)
  }
}

/** Records of type V, grouped by a key of type K. */
export class KeyedStream<V, C extends Clock, K> {
  readonly #draft: Draft

  constructor(draft: Draft) {
    this.#draft = draft
  }

  /** Keeps the records for which the function gives true. */
  filter(predicate: (value: V, record: RecordContext) => boolean): KeyedStream<V, C, K> {
    return new KeyedStream(addFilter(this.#draft, site('filter'), lambda(predicate)))
  }

  /** Sends each record one way, as `split` of a stream does. */
  split<const B extends Readonly<Record<string, BranchPredicate<V>>>>(
    branches: B,
    options: SplitOptions,
  ): { readonly [N in keyof B]: KeyedStream<BranchValue<V, B[N]>, C, K> }
  split<const B extends Readonly<Record<string, Branch<V>>>>(
    branches: B & TakesRest<B>,
  ): { readonly [N in keyof B]: KeyedStream<BranchValue<V, B[N]>, C, K> }
  split(branches: Readonly<Record<string, Branch<V>>>, options?: SplitOptions): Readonly<Record<string, KeyedStream<V, C, K>>> {
    return mapValues(addSplit(this.#draft, site('split'), branches, options), (draft) => new KeyedStream<V, C, K>(draft))
  }

  /**
   * Lets the first record of each id through, and drops those of the same id whose event time is less than `within` from its own. The name is that of the state.
   */
  dedup(
    name: string,
    options: C extends 'no event time' ? 'dedup needs event time: call eventTime(...) before keyBy(...)' : DedupOptions<V>,
  ): KeyedStream<V, C, K> {
    // Without event time the type allows no options; what comes from untyped code is refused with the plan.
    return new KeyedStream(addDedup(this.#draft, site(`dedup(${JSON.stringify(name)})`), name, options as DedupOptions<V>))
  }

  /**
   * Calls a function for each record, with state and timers of its key. The name is that of the state: keep it when the program changes.
   *
   * ```ts
   * .process('limit', {
   *   state: { spent: state.value(t.number, { initial: 0 }) },
   *   emits: t.object({ customer: t.string, spent: t.number }),
   *   onRecord(order, { key, state, timers, timestamp }) {
   *     state.spent.update((spent) => spent + order.amount)
   *     timers.set(timestamp + 60_000)
   *   },
   *   onTimer(timestamp, { key, state, emit }) {
   *     emit({ customer: key, spent: state.spent.get() })
   *   },
   * })
   * ```
   */
  process<const S extends StateDeclarations = {}, O = JsonObject>(name: string, definition: ProcessDefinition<V, K, S, O, C>): Stream<O, C, K> {
    return new Stream(addProcess(this.#draft, site(`process(${JSON.stringify(name)})`), name, definition))
  }

  /** Groups the records of a key, in time or by their number. */
  window<F extends Firing = never>(
    window:
      | CountWindow
      | TriggeredWindow<V, 'records'>
      | (C extends 'no event time'
          ? 'a window needs event time: call eventTime(...) before keyBy(...)'
          : Window<F> | Session<F> | TriggeredWindow<V, 'event time'>),
  ): WindowedStream<V, C, K, F> {
    // Without event time the type allows no window in time; what comes from untyped code is refused with the plan.
    const given = window as Window | CountWindow | Session
    return new WindowedStream(this.#draft, 'draft' in given ? given.draft : given, site('window'))
  }
}

/** Records of type V in windows per key. Results of windows that fire more than once say which firing they are of: F. */
export class WindowedStream<V, C extends Clock, K, F extends Firing = never> {
  readonly #draft: Draft
  readonly #window: WindowDraft | Session
  readonly #windowSite: Site

  constructor(draft: Draft, window: WindowDraft | Session, windowSite: Site) {
    this.#draft = draft
    this.#window = window
    this.#windowSite = windowSite
  }

  /** Computes aggregates per key and window. The name is that of the state: keep it when the program changes. */
  aggregate<const A extends Readonly<Record<string, Aggregation>>>(
    name: string,
    fields: A & CheckedAggregates<V, A, F>,
  ): Stream<WindowResult<V, K, A, F>, C, K, 'key'> {
    const aggregates = Object.fromEntries(Object.entries<Aggregation>(fields).map(([field, { aggregate }]) => [field, aggregate]))
    const [window, at] = [this.#window, this.#site('aggregate', name)]
    return new Stream(
      window.kind === 'session'
        ? addSessionAggregate(this.#draft, at, window, name, aggregates)
        : addWindowAggregate(this.#draft, at, window, name, aggregates),
    )
  }

  /** Combines the records per key and window, two at a time, in the order of arrival. The name is that of the state. */
  reduce(name: string, reducer: (accumulator: V, value: V) => V): Stream<ReducedWindow<V, K, F>, C, K, 'key'> {
    const [window, at, by] = [this.#window, this.#site('reduce', name), lambda(reducer)]
    return new Stream(
      window.kind === 'session' ? addSessionReduce(this.#draft, at, window, name, by) : addWindowReduce(this.#draft, at, window, name, by),
    )
  }

  /**
   * Calls a function with all records of a key and window when that fires; it emits what it likes. An aggregate or a reduce keeps much less, so prefer those. The
   * name is that of the state.
   *
   * ```ts
   * .process('steps', {
   *   emits: t.object({ customer: t.string, most: t.number }),
   *   onWindow(orders, { key, emit }) {
   *     emit({ customer: key, most: Math.max(...Iterator.from(orders).map((order) => order.amount)) })
   *   },
   * })
   * ```
   */
  process<O = JsonObject>(name: string, definition: WindowProcessDefinition<V, K, O, F>): Stream<O, C, K> {
    return new Stream(addWindowProcess(this.#draft, this.#site('process', name), this.#window, name, definition))
  }

  #site(method: string, name: string): Site {
    return { ...site(`${method}(${JSON.stringify(name)})`), window: this.#windowSite }
  }
}

/** What a reduced window emits for each key: its bounds in epoch ms, end exclusive, and the combined value. */
export type ReducedWindow<V, K, F extends Firing = never> = WindowBounds<K, F> & { readonly value: V } extends infer R
  ? { readonly [N in keyof R]: R[N] }
  : never

function mapValues<A, B>(values: Readonly<Record<string, A>>, make: (value: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, make(value)]))
}

function site(path: string): Site {
  return { path, place: callerPlace() }
}
