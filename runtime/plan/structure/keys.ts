/** What records are keyed by along a chain, and so where they have to go to other partitions. */
import type { PlanNode, Uid } from '../nodes.ts'

/**
 * The keyBy nodes behind which records lie in other partitions than before: all but those by the field that the record key is already. That is the key
 * which the source declares, then that of the last keyBy, and behind a window its `key`; what functions emit is trusted to keep it. What was merged is
 * keyed by nothing.
 */
export function repartitionsOf(nodes: readonly PlanNode[]): ReadonlySet<Uid> {
  const found = new Set<Uid>()
  let key: string | null = null
  for (const node of nodes) {
    if (node.kind === 'source') key = node.keyField
    else if (isWindow(node) && givesKey(node)) key = 'key'
    else if (node.kind === 'merge') key = null
    else if (node.kind === 'keyBy') {
      if (node.field !== key) found.add(node.uid)
      key = node.field
    }
  }
  return found
}

export type WindowNode = Extract<PlanNode, { kind: 'windowAggregate' | 'windowReduce' | 'windowProcess' | 'session' }>

/** Whether a node groups the records of a key in time: behind it there are results for each key and window. */
export function isWindow(node: PlanNode): node is WindowNode {
  return node.kind === 'windowAggregate' || node.kind === 'windowReduce' || node.kind === 'windowProcess' || node.kind === 'session'
}

/** Whether the results of a window have a field `key` that is their key: those of a function have what it gives them. */
export function givesKey(node: WindowNode): boolean {
  return node.kind === 'session' ? node.contents.kind !== 'process' : node.kind !== 'windowProcess'
}
