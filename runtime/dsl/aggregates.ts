/** Aggregates over the records of a window. */
import type { Aggregate } from '../plan/nodes/aggregates.ts'
import type { Firing } from '../plan/nodes/windows.ts'
import type { FieldOf, NumberField } from './values.ts'

/** One aggregate. `N` are the fields that must hold numbers, `F` those that may hold anything, `R` says what its result is. */
export interface Aggregation<N extends string = string, F extends string = string, R extends ResultKind = ResultKind> {
  readonly aggregate: Aggregate
  /** Never there; carries the types for checking. */
  readonly inferred?: { readonly numbers: N; readonly fields: F; readonly result: R }
}

/** What an aggregate gives: a number, maybe null, some of them, the value of its field, some of those, or some whole records. */
export type ResultKind = 'number' | 'number or null' | 'numbers' | 'value' | 'values' | 'values or nulls' | 'records'

/** How many records. */
export function count(): Aggregation<never, never, 'number'> {
  return aggregation({ kind: 'count' })
}

/** The sum of a number field. */
export function sum<const N extends string>(field: N): Aggregation<N, never, 'number'> {
  return aggregation({ kind: 'sum', field })
}

/** The least value of a number field. */
export function min<const N extends string>(field: N): Aggregation<N, never, 'number'> {
  return aggregation({ kind: 'min', field })
}

/** The greatest value of a number field. */
export function max<const N extends string>(field: N): Aggregation<N, never, 'number'> {
  return aggregation({ kind: 'max', field })
}

/** The mean of a number field. */
export function avg<const N extends string>(field: N): Aggregation<N, never, 'number'> {
  return aggregation({ kind: 'avg', field })
}

export interface SpreadOptions {
  /** `sample`: divided by n - 1, and null where there is one value only; `population`: by n. @default 'sample' */
  readonly of?: 'sample' | 'population'
}

/** The variance of a number field. */
export function variance<const N extends string>(field: N, { of = 'sample' }: SpreadOptions = {}): Aggregation<N, never, 'number or null'> {
  return aggregation({ kind: 'variance', field, of })
}

/** The standard deviation of a number field. */
export function stddev<const N extends string>(field: N, { of = 'sample' }: SpreadOptions = {}): Aggregation<N, never, 'number or null'> {
  return aggregation({ kind: 'stddev', field, of })
}

/** The value of the record with the least event time; of several the one that came first. Null values do not count. */
export function first<const F extends string>(field: F): Aggregation<never, F, 'value'> {
  return aggregation({ kind: 'first', field })
}

/** The value of the record with the greatest event time; of several the one that came last. Null values do not count. */
export function last<const F extends string>(field: F): Aggregation<never, F, 'value'> {
  return aggregation({ kind: 'last', field })
}

/** All values of a field, in the order of arrival, without nulls. A record that would be one more than the limit is a dead letter. @default limit: 1000 */
export function collect<const F extends string>(
  field: F,
  { limit = defaultLimit }: { readonly limit?: number } = {},
): Aggregation<never, F, 'values'> {
  return aggregation({ kind: 'collect', field, limit })
}

/** The n records with the greatest value of a number field, greatest first; of equals the earlier one. */
export function topN<const N extends string>(options: { readonly by: N; readonly n: number }): Aggregation<N, never, 'records'>
/** A field of the n records with the greatest value of a number field, greatest first; of equals the earlier one. */
export function topN<const N extends string, const F extends string>(options: {
  readonly by: N
  readonly n: number
  readonly field: F
}): Aggregation<N, F, 'values or nulls'>
export function topN({ by, n, field = null }: { readonly by: string; readonly n: number; readonly field?: string | null }): Aggregation {
  return aggregation({ kind: 'topN', by, n, field })
}

/** Quantiles of a number field, in the order asked for; each is within 1 % of a value of that rank. `quantiles('amount', [0.5, 0.99])` */
export function quantiles<const N extends string>(field: N, at: readonly number[]): Aggregation<N, never, 'numbers'> {
  return aggregation({ kind: 'quantiles', field, at: Object.freeze([...at]) })
}

/** About how many different values a field has: exact to 256, with a standard error of 1.6 % above. */
export function approxDistinct<const F extends string>(field: F): Aggregation<never, F, 'number'> {
  return aggregation({ kind: 'approxDistinct', field })
}

/** How many values are collected where nothing is said. */
export const defaultLimit = 1_000

function aggregation<N extends string, F extends string, R extends ResultKind>(aggregate: Aggregate): Aggregation<N, F, R> {
  return Object.freeze({ aggregate: Object.freeze(aggregate) })
}

/** The fields of an aggregate as they may be over records of V; a wrong one is a type whose text says why. */
export type CheckedAggregates<V, A, F extends Firing = never> = {
  readonly [N in keyof A]: N extends keyof WindowBounds<unknown, F>
    ? `${N & string} is a field of every window result: choose another name`
    : A[N] extends Aggregation<infer Numbers, infer F>
      ? [Numbers] extends [NumberField<V>]
        ? [F] extends [FieldOf<V, unknown>]
          ? A[N]
          : `there is no field ${F} here: the fields are ${FieldOf<V, unknown>}`
        : `there is no number field ${Numbers} here: the number fields are ${NumberField<V>}`
      : 'give an aggregate, such as count() or sum(...)'
}

/** What every result of a window has: its key, its bounds in epoch ms, end exclusive, and where it fires more than once which firing it is of. */
export type WindowBounds<Key, F extends Firing> = { readonly key: Key; readonly windowStart: number; readonly windowEnd: number } & ([F] extends [
  never,
]
  ? unknown
  : { readonly firing: F })

/** What a window emits for each key. */
export type WindowResult<V, Key, A, F extends Firing = never> = WindowBounds<Key, F> & { readonly [N in keyof A]: ResultOf<V, A[N]> } extends infer R
  ? { readonly [N in keyof R]: R[N] }
  : never

/** What one aggregate gives over records of V. */
export type ResultOf<V, A> = A extends Aggregation<string, infer F, infer R> ? Results<V, F>[R] : never

interface Results<V, F extends string> {
  readonly number: number
  readonly 'number or null': number | null
  readonly numbers: readonly number[]
  readonly value: ValueOf<V, F>
  readonly values: readonly NonNullable<ValueOf<V, F>>[]
  readonly 'values or nulls': readonly ValueOf<V, F>[]
  readonly records: readonly V[]
}

type ValueOf<V, F extends string> = F extends keyof V ? V[F] : never
