/** Checks a whole plan and reports everything that is wrong with it, not the first. */
import type { Finding, Surroundings } from './rules/findings.ts'
import { checkNode } from './rules/nodes.ts'
import { isWindow, repartitionsOf } from './keys.ts'
import type { KeyByNode, Plan, PlanNode, SourceNode } from './nodes.ts'
import type { Place, Problem } from './problems.ts'
import { inputShapes } from './shape.ts'
import { isTime } from './time.ts'

/** Where the author wrote the node of an index, or the part `at` of it. */
export type Locate = (index: number, at: string | undefined) => { readonly path: string; readonly place?: Place | undefined }

/** All problems of a plan; empty when it can be carried out. */
export function validatePlan(plan: Plan, locate: Locate = locateByUid(plan)): readonly Problem[] {
  if (plan.nodes.length === 0) return [{ kind: 'invalid', path: 'plan', message: 'the plan is empty: begin with a source and end with a sink' }]
  const report = (index: number, finding: Finding): Problem => {
    const { path, place } = locate(index, finding.at)
    return { kind: finding.kind, path, message: finding.message, ...(place && { place }) }
  }
  return surroundings(plan.nodes).flatMap((around, index) =>
    [...checkChain(plan.nodes, index), ...checkNode(around.node, around)].map((finding) => report(index, finding)),
  )
}

/** How a node is called where nothing better is known. */
function locateByUid(plan: Plan): Locate {
  return (index, at) => ({ path: `nodes[${index}] (${plan.nodes[index]?.uid})${at === undefined ? '' : `.${at}`}` })
}

/** What each node may rely on, walked once from the source on. */
function surroundings(nodes: readonly PlanNode[]): readonly (Surroundings & { readonly node: PlanNode })[] {
  const shapes = inputShapes(nodes)
  const source = nodes.find((node): node is SourceNode => node.kind === 'source') ?? null
  let keyedBy: KeyByNode | null = null
  let hasEventTime = false
  let byProcessingTime = false
  let behindWindow = false
  let behindRepartition: string | null = null
  const repartitions = repartitionsOf(nodes)
  return nodes.map((node, index) => {
    const around = { node, source, input: shapes[index] ?? null, keyedBy, hasEventTime, byProcessingTime, behindWindow, behindRepartition }
    if (node.kind === 'keyBy') keyedBy = node
    else if (node.kind !== 'filter' && !isTime(node)) keyedBy = null
    if (isTime(node)) hasEventTime = true
    if (node.kind === 'processingTime') byProcessingTime = true
    if (isWindow(node)) behindWindow = true
    if (repartitions.has(node.uid)) behindRepartition = node.uid
    return around
  })
}

/** One source first, one sink last, each node fed by the one before it, every uid once. */
function checkChain(nodes: readonly PlanNode[], index: number): readonly Finding[] {
  const findings: Finding[] = []
  const node = nodes[index]!
  const last = nodes.length - 1
  const add = (kind: Finding['kind'], message: string): void => void findings.push({ kind, message })
  const oneChain = 'not supported yet; a job is one chain from a source to a sink: run several jobs, with topics between them'

  if (index === 0 && node.kind !== 'source') add('invalid', `a program begins with a source, not with ${node.kind}`)
  if (index > 0 && node.kind === 'source') add('not-supported-yet', `several sources in one job are ${oneChain}`)
  if (index === last && node.kind !== 'sink') add('invalid', `a program ends with a sink, not with ${node.kind}: add to`)
  if (index < last && node.kind === 'sink') add('not-supported-yet', `several sinks in one job are ${oneChain}`)
  if (index > 0 && node.kind !== 'source' && node.inputs[0] !== nodes[index - 1]?.uid) {
    const known = nodes.slice(0, index).some((earlier) => earlier.uid === node.inputs[0])
    if (known) add('not-supported-yet', `branches are ${oneChain}`)
    else add('invalid', `reads from ${JSON.stringify(node.inputs[0])}, which is not a node before it`)
  }
  const first = nodes.findIndex((other) => other.uid === node.uid)
  if (first < index) add('invalid', `the name ${JSON.stringify(node.uid)} is already that of the ${nodes[first]?.kind}: names are unique in a job`)
  return findings
}
