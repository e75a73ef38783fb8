/** Names of nodes. State is found by them, so stateful nodes are named by the author; the others by kind and place. */
import type { PlanNode, Uid } from './nodes.ts'

/** The uid of a node that the author did not name: `filter-2` is the second filter of the plan. */
export function defaultUid(kind: PlanNode['kind'], before: readonly PlanNode[]): Uid {
  return `${kind}-${before.filter((node) => node.kind === kind).length + 1}`
}

/** Whether nobody has named the node. */
export function isDefaultUid({ kind, uid }: PlanNode): boolean {
  return uid.startsWith(`${kind}-`) && /^\d+$/.test(uid.slice(kind.length + 1))
}

/** What the name of a stateful node may be; it becomes part of keys in the changelog. */
export const namePattern = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/

/** The same in words. */
export const nameHint = 'a name begins with a letter and has at most 63 letters, digits, dots, dashes and underscores'
