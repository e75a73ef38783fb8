/** Checks a whole plan and reports everything that is wrong with it, not the first. */
import { isDeepStrictEqual } from 'node:util'
import type { Finding, Surroundings } from './rules/findings.ts'
import { checkNode } from './rules/nodes.ts'
import { checkTogether } from './rules/together.ts'
import { isWindow, repartitionsOf } from './structure/keys.ts'
import type { KeyByNode, Plan, PlanNode } from './nodes.ts'
import { pathsOf } from './structure/paths.ts'
import type { Place, Problem } from './problems.ts'
import { inputShapes } from './structure/shape.ts'
import { isTime } from './nodes/time.ts'

/** Where the author wrote the node of an index, or the part `at` of it. */
export type Locate = (index: number, at: string | undefined) => { readonly path: string; readonly place?: Place | undefined }

/** All problems of a plan; empty when it can be carried out. `whole`: whether all ends of the program are in it. */
export function validatePlan(plan: Plan, locate: Locate = locateByUid(plan), whole = true): readonly Problem[] {
  if (plan.nodes.length === 0) return [{ kind: 'invalid', path: 'plan', message: 'the plan is empty: begin with a source and end with a sink' }]
  const report = (index: number, finding: Finding): Problem => {
    const { path, place } = locate(index, finding.at)
    return { kind: finding.kind, path, message: finding.message, ...(place && { place }) }
  }
  const { nodes } = plan
  const found = nodes.map((_, index) => [...checkPlace(nodes, index)])
  const clocks = new Map<PlanNode, boolean>()
  const paths = pathsOf(nodes)
  for (const path of paths) {
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
  const together = checkTogether(nodes, paths, whole)
  return nodes.flatMap((node, index) => [...(found[index] ?? []), ...(together.get(node) ?? [])].map((finding) => report(index, finding)))
}

const severalClocks: Finding = { kind: 'invalid', message: 'one stream goes by event time, another by processing time: merge streams of one clock' }

/** How a node is called where nothing better is known. */
function locateByUid(plan: Plan): Locate {
  return (index, at) => ({ path: `nodes[${index}] (${plan.nodes[index]?.uid})${at === undefined ? '' : `.${at}`}` })
}

/** What each node of a path may rely on, walked once from the source on. */
function surroundings(nodes: readonly PlanNode[]): readonly (Surroundings & { readonly node: PlanNode })[] {
  const shapes = inputShapes(nodes)
  let keyedBy: KeyByNode | null = null
  let hasEventTime = false
  let byProcessingTime = false
  let behindWindow = false
  let behindRepartition: string | null = null
  const repartitions = repartitionsOf(nodes)
  return nodes.map((node, index) => {
    const around = { node, input: shapes[index] ?? null, keyedBy, hasEventTime, byProcessingTime, behindWindow, behindRepartition }
    if (node.kind === 'keyBy') keyedBy = node
    else if (!keepsKey(node)) keyedBy = null
    if (isTime(node)) hasEventTime = true
    if (node.kind === 'processingTime') byProcessingTime = true
    if (isWindow(node)) behindWindow = true
    if (repartitions.has(node.uid)) behindRepartition = node.uid
    return around
  })
}

/** Whether what was keyed before the node is keyed behind it. */
function keepsKey(node: PlanNode): boolean {
  return node.kind === 'filter' || node.kind === 'split' || node.kind === 'branch' || node.kind === 'dedup' || isTime(node)
}

/** A source first, each node fed by those before it, each but sinks feeding others, every uid once. */
function checkPlace(nodes: readonly PlanNode[], index: number): readonly Finding[] {
  const findings: Finding[] = []
  const node = nodes[index]!
  const last = nodes.length - 1
  const add = (kind: Finding['kind'], message: string): void => void findings.push({ kind, message })

  if (index === 0 && node.kind !== 'source') add('invalid', `a program begins with a source, not with ${node.kind}`)
  if (index === last && node.kind !== 'sink') add('invalid', `a program ends with a sink, not with ${node.kind}: add to`)
  if (node.kind === 'sink' && nodes.some(({ inputs }) => inputs.some((input) => input === node.uid))) add('not-supported-yet', oneChain)
  if (node.kind !== 'sink' && index < last && isLeft(nodes, node)) add('invalid', `nothing reads what comes from ${JSON.stringify(node.uid)}`)
  for (const input of index === 0 ? [] : node.inputs) {
    const named = nodes.slice(0, index).filter((earlier) => earlier.uid === input)
    if (named.length === 0) add('invalid', `reads from ${JSON.stringify(input)}, which is not a node before it`)
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

const oneChain =
  'more steps behind a to are not supported yet; write the program in TypeScript, where a stream may be used several times: job(a.to(...), b.to(...))'
