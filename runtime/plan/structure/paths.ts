/** The ways that records take through a plan, from each source to each sink that they may come to. */
import type { PlanNode, SourceNode, Uid } from '../nodes.ts'

/** More are not followed: a plan with so many is refused. */
export const mostPaths = 256

/** For each way the nodes on it, the source first. A way ends where nothing reads on. */
export function pathsOf(nodes: readonly PlanNode[]): readonly (readonly PlanNode[])[] {
  const readers = new Map<Uid, PlanNode[]>()
  for (const node of nodes) for (const input of new Set<Uid>(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node])
  const paths: (readonly PlanNode[])[] = []
  for (const source of nodes) if (source.kind === 'source') follow([source], readers, paths)
  return paths
}

function follow(path: readonly [SourceNode, ...PlanNode[]], readers: ReadonlyMap<Uid, readonly PlanNode[]>, paths: (readonly PlanNode[])[]): void {
  // A node that reads from behind itself is no valid plan, and must not make this endless.
  const onwards = (readers.get(path.at(-1)?.uid ?? '') ?? []).filter((node) => !path.includes(node))
  if (onwards.length === 0) paths.push(path)
  for (const node of onwards) if (paths.length <= mostPaths) follow([...path, node], readers, paths)
}
