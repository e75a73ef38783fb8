/** Splitting a stream: each record goes one way. */
import type { RecordContext } from '../plan/nodes.ts'
import { lambda } from './additions.ts'
import { addNode, type Draft } from './draft.ts'
import type { Site } from './site.ts'

/** Stands in the place of a predicate: the branch of what no other branch takes. */
export interface Otherwise {
  readonly kind: 'otherwise'
}

/** The branch of what no other branch takes: `split({ big: (order) => order.amount > 100, rest: otherwise })`. */
export const otherwise: Otherwise = { kind: 'otherwise' }

/** Which records go to a branch. They are asked in the order in which they are written, and the first that gives true has the record. */
export type Branch<V> = BranchPredicate<V> | Otherwise

export type BranchPredicate<V> = (value: V, record: RecordContext) => boolean

/** What a split without an `otherwise` says. */
export interface SplitOptions {
  /** What becomes of records that no branch takes. */
  readonly unmatched: 'drop'
}

/** Compiles only where a branch takes the rest. */
export type TakesRest<B> = Extract<B[keyof B], Otherwise> extends never ? { readonly [N in keyof B]: SayTheRest } : unknown

type SayTheRest = "say what becomes of records that no branch takes: NAME: otherwise, or { unmatched: 'drop' } behind the branches"

/** The type of a branch's records: what its predicate narrows them to, if it does. */
export type BranchValue<V, P> = P extends ((value: V, record: RecordContext) => value is infer U extends V) ? U : V

/** The drafts of the branches, by name. */
export function addSplit(
  draft: Draft,
  site: Site,
  branches: Readonly<Record<string, Branch<never>>>,
  options: SplitOptions | undefined,
): Readonly<Record<string, Draft>> {
  const given = Object.entries(branches)
  const left = given.filter(([, one]) => typeof one !== 'function')
  const split = addNode(draft, site, (add) => {
    for (const [name] of left.slice(1)) add.invalid(name, 'one branch takes the rest: there is another otherwise before it')
    if (left.length === 0 && options?.unmatched !== 'drop')
      add.invalid('unmatched', "say what becomes of records that no branch takes: NAME: otherwise, or { unmatched: 'drop' }")
    if (left.length > 0 && options !== undefined) add.invalid('unmatched', 'the otherwise takes them: leave unmatched out')
    const predicates = given.flatMap(([name, call]) => (typeof call === 'function' ? [{ name, predicate: lambda(call) }] : []))
    return { kind: 'split', uid: add.uid('split'), inputs: add.inputs, branches: predicates, otherwise: left[0]?.[0] ?? null }
  })
  const branchOf = (name: string): Draft =>
    addNode(split, { ...site, path: `${site.path}.${name}` }, (add) => ({ kind: 'branch', uid: add.uid('branch'), inputs: add.inputs, name }))
  return Object.fromEntries(given.map(([name]) => [name, branchOf(name)]))
}
