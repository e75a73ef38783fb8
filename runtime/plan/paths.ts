/** The ways that records take through a plan: one from each source to the sink. Streams are merged and never split, so each node has one successor. */
import type { PlanNode, SourceNode, Uid } from './nodes.ts'

/** For each source the nodes that its records pass, itself first. A path ends where nothing reads on. */
export function pathsOf(nodes: readonly PlanNode[]): readonly (readonly PlanNode[])[] {
  const next = new Map<Uid, PlanNode>()
  for (const node of nodes) for (const input of node.inputs) if (!next.has(input)) next.set(input, node)
  return nodes.filter((node): node is SourceNode => node.kind === 'source').map((source) => pathFrom(source, next))
}

function pathFrom(source: SourceNode, next: ReadonlyMap<Uid, PlanNode>): readonly PlanNode[] {
  const path: PlanNode[] = []
  // A node that reads from behind itself is no valid plan, and must not make this endless.
  for (let node: PlanNode | undefined = source; node !== undefined && !path.includes(node); node = next.get(node.uid)) path.push(node)
  return path
}
