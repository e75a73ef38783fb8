/** What must hold between nodes that lie on different ways through a plan. */
import { isDeepStrictEqual } from 'node:util'
import type { BranchNode, PlanNode, SinkNode, SplitNode, Uid } from '../nodes.ts'
import { mostPaths } from '../structure/paths.ts'
import { isTime } from '../nodes/time.ts'
import type { Finding } from './findings.ts'

/** Findings by node. `paths`: the ways through the plan. `whole`: whether there are no others. */
export function checkTogether(
  nodes: readonly PlanNode[],
  paths: readonly (readonly PlanNode[])[],
  whole: boolean,
): ReadonlyMap<PlanNode, readonly Finding[]> {
  const found = new Map<PlanNode, Finding[]>()
  const add = (node: PlanNode, finding: Finding): void => void found.set(node, [...(found.get(node) ?? []), finding])
  const sinks = nodes.filter((node) => node.kind === 'sink')
  for (const sink of sinks) for (const finding of checkTopicOf(sink, nodes, sinks)) add(sink, finding)
  for (const node of nodes) if (node.kind === 'split') for (const finding of checkBranches(node, nodes, whole)) add(node, finding)
  for (const node of nodes) if (node.kind === 'merge' && new Set(node.inputs).size < node.inputs.length) add(node, mergedWithItself)
  for (const node of clocksTooMany(paths)) add(node, severalTimes)
  const [first] = nodes
  if (first !== undefined && paths.length > mostPaths) add(first, { kind: 'invalid', message: tooManyPaths })
  return found
}

/** Where two sinks share a topic, both may write to it, and it is made in one way. */
function checkTopicOf(sink: SinkNode, nodes: readonly PlanNode[], sinks: readonly SinkNode[]): readonly Finding[] {
  if (nodes.some((node) => node.kind === 'source' && node.topic === sink.topic)) {
    const message = 'the job would read its own results: write to another topic than it reads, and go on from the stream that you write'
    return [{ kind: 'invalid', at: 'topic', message }]
  }
  const first = sinks.find(({ topic }) => topic === sink.topic)
  if (first === undefined || isDeepStrictEqual(first.create, sink.create)) return []
  const message = `another end of the job writes ${JSON.stringify(sink.topic)} too, with another create: give both the same`
  return [{ kind: 'invalid', at: 'create', message }]
}

/** Records of a branch that nothing reads would be gone without a trace. */
function checkBranches(split: SplitNode, nodes: readonly PlanNode[], whole: boolean): readonly Finding[] {
  const read = nodes.filter((node): node is BranchNode => node.kind === 'branch' && reads(node, split.uid)).map(({ name }) => name)
  const names = [...split.branches.map(({ name }) => name), ...(split.otherwise === null ? [] : [split.otherwise])]
  const unread = !whole ? [] : names.filter((name) => !read.includes(name))
  const unknown = read.filter((name) => !names.includes(name))
  const hint = 'write it to a topic, and name that end in job(...); what nobody wants is filtered out before the split'
  return [
    ...unread.map((name): Finding => ({ kind: 'invalid', at: name, message: `nothing reads this branch: ${hint}` })),
    ...unknown.map((name): Finding => ({
      kind: 'invalid',
      message: `it has no branch ${JSON.stringify(name)}; its branches are ${names.join(', ')}`,
    })),
  ]
}

/** Assignments of time to records of a source that others assign it to on another way. */
function clocksTooMany(paths: readonly (readonly PlanNode[])[]): ReadonlySet<PlanNode> {
  const first = new Map<PlanNode | undefined, PlanNode>()
  const others = new Set<PlanNode>()
  for (const path of paths) {
    const time = path.find(isTime)
    if (time === undefined) continue
    const known = first.get(path[0])
    if (known === undefined) first.set(path[0], time)
    else if (known !== time) others.add(time)
  }
  return others
}

const severalTimes: Finding = { kind: 'invalid', message: 'the records of a source get their time once: assign it before the stream is used twice' }

const mergedWithItself: Finding = {
  kind: 'invalid',
  message: 'a stream is merged with itself: flatMap((value) => [value, value]) gives each record twice',
}

const tooManyPaths = `streams are used, and merged again, so often that there are more than ${mostPaths} ways through the program: write a topic in between`

function reads(node: PlanNode, uid: Uid): boolean {
  return node.inputs.some((input) => input === uid)
}
