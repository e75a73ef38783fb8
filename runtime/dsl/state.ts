/** Keyed state as a program declares it. */
import type { FieldSchema } from '../formats/schema.ts'
import type { Type } from '../formats/types.ts'
import type { ListState, MapState, StateCell, ValueState } from '../plan/nodes/process.ts'
import type { Addition } from './draft.ts'
import type { Duration } from './values.ts'

/** One cell of state; `H` is what functions get of it. Made by `state.value`, `state.list` and `state.map`. */
export interface StateDeclaration<H> {
  readonly cell:
    | { readonly kind: 'value' | 'list'; readonly type: FieldSchema }
    | { readonly kind: 'map'; readonly names: FieldSchema; readonly type: FieldSchema }
  readonly ttl: string | undefined
  /** Never there; carries H for inference. */
  readonly handle?: H
}

export interface StateOptions {
  /** How long it lives after it was written, in event time. Without it, until it is cleared. */
  readonly ttl?: Duration
}

/** Values, lists and maps by key, each of a declared type. */
export const state = {
  value,
  /** A list per key; with a ttl, each item has a life of its own. */
  list: <T>(items: Type<T>, { ttl }: StateOptions = {}): StateDeclaration<ListState<T>> =>
    Object.freeze({ cell: { kind: 'list', type: items.field } as const, ttl }),
  /** A map per key; with a ttl, each entry has a life of its own. */
  map: <N extends string | number | boolean, T>(names: Type<N>, values: Type<T>, { ttl }: StateOptions = {}): StateDeclaration<MapState<N, T>> =>
    Object.freeze({ cell: { kind: 'map', names: names.field, type: values.field } as const, ttl }),
} as const

export interface ValueOptions<T> extends StateOptions {
  /** What `get` gives before the first `set`; without it null. */
  readonly initial?: NonNullable<T>
}

/** One value per key: `state.value(t.number)`, null before it is set, or `state.value(t.number, { initial: 0 })`. */
function value<T, O extends ValueOptions<T> = {}>(
  type: Type<T>,
  options?: O,
): StateDeclaration<ValueState<T, O extends { readonly initial: unknown } ? never : null>> {
  const { initial, ttl }: ValueOptions<T> = options ?? {}
  return Object.freeze({ cell: { kind: 'value', type: initial === undefined ? type.field : type.default(initial).field } as const, ttl })
}

/** State by name. */
export type StateDeclarations = Readonly<Record<string, StateDeclaration<unknown>>>

/** What functions get of declared state. */
export type StateHandles<S> = { readonly [N in keyof S]: S[N] extends StateDeclaration<infer H> ? H : never }

/** Declared state as a plan has it; `at` is where it was written. */
export function cellsOf(add: Addition, at: string, declared: StateDeclarations): Readonly<Record<string, StateCell>> {
  const cells = Object.entries(declared).map(([name, { cell, ttl }]): [string, StateCell] => {
    return [name, { ...cell, ttlMs: ttl === undefined ? null : add.duration(`${at}.${name}.ttl`, ttl, 1) }]
  })
  return Object.fromEntries(cells)
}
