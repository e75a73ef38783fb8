/** Checks a whole plan and reports everything that is wrong with it, not the first. */
import { isDeepStrictEqual } from 'node:util'
import type { Finding, Surroundings } from './rules/findings.ts'
import { checkNode } from './rules/nodes.ts'
import { isWindow, repartitionsOf } from './keys.ts'
import type { KeyByNode, Plan, PlanNode, SourceNode } from './nodes.ts'
import { pathsOf } from './paths.ts'
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
  const { nodes } = plan
  const found = nodes.map((_, index) => [...checkPlace(nodes, index)])
  const clocks = new Map<PlanNode, boolean>()
  for (const path of pathsOf(nodes)) {
    for (const around of surroundings(path)) {
      const findings = found[nodes.indexOf(around.node)]!
      if (around.node.kind === 'merge' && around.hasEventTime) {
        const { byProcessingTime } = around
        if (byProcessingTime !== (clocks.get(around.node) ?? byProcessingTime)) findings.push(severalClocks)
        clocks.set(around.node, byProcessingTime)
      }
      // What several ways lead through is wrong once.
      for (const finding of checkNode(around.node, around)) if (!findings.some((one) => isDeepStrictEqual(one, finding))) findings.push(finding)
    }
  }
  return found.flatMap((findings, index) => findings.map((finding) => report(index, finding)))
}

const severalClocks: Finding = { kind: 'invalid', message: 'one stream goes by event time, another by processing time: merge streams of one clock' }

/** How a node is called where nothing better is known. */
function locateByUid(plan: Plan): Locate {
  return (index, at) => ({ path: `nodes[${index}] (${plan.nodes[index]?.uid})${at === undefined ? '' : `.${at}`}` })
}

/** What each node of a path may rely on, walked once from the source on. */
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
    else if (node.kind !== 'filter' && node.kind !== 'dedup' && !isTime(node)) keyedBy = null
    if (isTime(node)) hasEventTime = true
    if (node.kind === 'processingTime') byProcessingTime = true
    if (isWindow(node)) behindWindow = true
    if (repartitions.has(node.uid)) behindRepartition = node.uid
    return around
  })
}

/** Sources first, one sink last, each node fed by those before it and feeding one, every uid once. */
function checkPlace(nodes: readonly PlanNode[], index: number): readonly Finding[] {
  const findings: Finding[] = []
  const node = nodes[index]!
  const last = nodes.length - 1
  const add = (kind: Finding['kind'], message: string): void => void findings.push({ kind, message })

  if (index === 0 && node.kind !== 'source') add('invalid', `a program begins with a source, not with ${node.kind}`)
  if (index === last && node.kind !== 'sink') add('invalid', `a program ends with a sink, not with ${node.kind}: add to`)
  if (index < last && node.kind === 'sink') add('not-supported-yet', `several sinks in one job are ${oneSink}`)
  if (node.kind === 'source' && index < last && isLeft(nodes, node)) add('invalid', `nothing reads what comes from ${JSON.stringify(node.uid)}`)
  for (const input of index === 0 ? [] : node.inputs) {
    const named = nodes.slice(0, index).filter((earlier) => earlier.uid === input)
    const reader = nodes.findIndex(({ inputs }) => inputs.some((other) => other === input))
    if (named.length === 0) add('invalid', `reads from ${JSON.stringify(input)}, which is not a node before it`)
    else if (reader < index && named.length === 1) add('not-supported-yet', `branches are ${oneSink}`)
  }
  const first = nodes.findIndex((other) => other.uid === node.uid)
  if (first < index) add('invalid', `the name ${JSON.stringify(node.uid)} is already that of the ${nodes[first]?.kind}: names are unique in a job`)
  return findings
}

/** Whether nobody reads from the node, though everybody reads from somewhere. */
function isLeft(nodes: readonly PlanNode[], { uid }: PlanNode): boolean {
  const read = new Set(nodes.flatMap(({ inputs }): readonly string[] => inputs))
  const known = new Set(nodes.map((node) => node.uid))
  return !read.has(uid) && [...read].every((input) => known.has(input))
}

const oneSink = 'not supported yet; a job has one sink: run several jobs, with topics between them'
