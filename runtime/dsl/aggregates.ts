/** Aggregates over the records of a window. */
import type { Aggregate } from '../plan/nodes.ts'
import type { NumberField } from './values.ts'

/** One aggregate; `F` is the field it computes with, never for a count. */
export interface Aggregation<F extends string = string> {
  readonly aggregate: Aggregate
  /** Never there; carries F for checking. */
  readonly field?: F
}

/** How many records. */
export function count(): Aggregation<never> {
  return aggregation<never>({ kind: 'count' })
}

/** The sum of a number field. */
export function sum<const F extends string>(field: F): Aggregation<F> {
  return aggregation({ kind: 'sum', field })
}

/** The least value of a number field. */
export function min<const F extends string>(field: F): Aggregation<F> {
  return aggregation({ kind: 'min', field })
}

/** The greatest value of a number field. */
export function max<const F extends string>(field: F): Aggregation<F> {
  return aggregation({ kind: 'max', field })
}

/** The mean of a number field. */
export function avg<const F extends string>(field: F): Aggregation<F> {
  return aggregation({ kind: 'avg', field })
}

function aggregation<F extends string>(aggregate: Aggregate): Aggregation<F> {
  return Object.freeze({ aggregate: Object.freeze(aggregate) })
}

/** The fields of an aggregate as they may be over records of V; a wrong one is a type whose text says why. */
export type CheckedAggregates<V, A> = {
  readonly [N in keyof A]: N extends 'key' | 'windowStart' | 'windowEnd'
    ? `${N} is a field of every window result: choose another name`
    : A[N] extends Aggregation<infer F>
      ? [F] extends [NumberField<V>]
        ? A[N]
        : `there is no number field ${F} here: the number fields are ${NumberField<V>}`
      : 'give an aggregate, such as count() or sum(...)'
}

/** What a window emits for each key: its bounds in epoch ms, end exclusive, and the aggregates. */
export type WindowResult<Key, A> = { readonly key: Key; readonly windowStart: number; readonly windowEnd: number } & {
  readonly [N in keyof A]: number
} extends infer R
  ? { readonly [N in keyof R]: R[N] }
  : never
