/**
 * A program in the making: nodes, where each was written, and what was wrong with the writing of it. Builder and steps both add to drafts, so
 * both give the same plan. A draft never changes; adding gives a new one.
 */
import { isDuration, parseDuration, durationHint } from '../../crds/durations.ts'
import type { Plan, PlanNode, Uid } from '../plan/nodes.ts'
import { programError, type Problem } from '../plan/problems.ts'
import { defaultUid, isDefaultUid } from '../plan/uid.ts'
import { notSupportedYet } from '../plan/unsupported.ts'
import { validatePlan, type Locate } from '../plan/validate.ts'
import { locate, type Site } from './site.ts'

export interface Draft {
  readonly nodes: readonly PlanNode[]
  /** Of each node. */
  readonly sites: readonly Site[]
  readonly problems: readonly Problem[]
}

export const emptyDraft: Draft = { nodes: [], sites: [], problems: [] }

/** The draft with one more node, which reads from the last one. */
export function addNode(draft: Draft, site: Site, make: (add: Addition) => PlanNode): Draft {
  const addition = new Addition(draft, site)
  const node = make(addition)
  return { nodes: [...draft.nodes, node], sites: [...draft.sites, site], problems: [...draft.problems, ...addition.problems] }
}

/** The nodes of all drafts, and one that reads from the last of each. */
export function mergeDrafts(drafts: readonly Draft[], site: Site): Draft {
  const { draft, ends } = joinDrafts(drafts)
  return addNode(draft, site, (add) => ({ kind: 'merge', uid: add.uid('merge'), inputs: ends }))
}

/**
 * The nodes of all drafts, what they have in common once, and the last one of each. Nodes that nobody has named get other names where two drafts have the same.
 */
export function joinDrafts(drafts: readonly Draft[]): { readonly draft: Draft; readonly ends: readonly Uid[] } {
  const nodes: PlanNode[] = []
  const sites: Site[] = []
  const placed = new Map<PlanNode, PlanNode>()
  const ends: Uid[] = []
  for (const draft of drafts) {
    const renamed = new Map<Uid, Uid>()
    for (const [i, node] of draft.nodes.entries()) {
      let known = placed.get(originOf(node))
      if (known === undefined) {
        const taken = nodes.some(({ uid }) => uid === node.uid) && isDefaultUid(node)
        known = renamedNode(node, taken ? defaultUid(node.kind, nodes) : node.uid, renamed)
        placed.set(originOf(node), known)
        nodes.push(known)
        sites.push(draft.sites[i] ?? { path: 'plan' })
      }
      renamed.set(node.uid, known.uid)
    }
    const end = draft.nodes.at(-1)?.uid ?? ''
    ends.push(renamed.get(end) ?? end)
  }
  return { draft: { nodes, sites, problems: [...new Set(drafts.flatMap(({ problems }) => problems))] }, ends }
}

function renamedNode(node: PlanNode, uid: Uid, renamed: ReadonlyMap<Uid, Uid>): PlanNode {
  const inputs = node.inputs.map((input: Uid) => renamed.get(input) ?? input)
  if (uid === node.uid && inputs.every((input, i) => input === node.inputs[i])) return node
  // Each kind keeps the number of its inputs.
  const copy = { ...node, uid, inputs } as PlanNode
  origins.set(copy, originOf(node))
  return copy
}

/** What nodes were before they got another name: by that it is known that two drafts have one in common. */
const origins = new WeakMap<PlanNode, PlanNode>()

function originOf(node: PlanNode): PlanNode {
  return origins.get(node) ?? node
}

/**
 * The finished, frozen plan. Throws `program-invalid` or `not-supported-yet` with all problems of the program. `whole`: whether nothing can be added to it any
 * more; an end of several is checked for what it can be blamed for alone.
 */
export function finishDraft(draft: Draft, whole = true): Plan {
  const plan: Plan = { kind: 'streamjob.plan', formatVersion: 1, nodes: draft.nodes }
  const problems = [...draft.problems, ...validatePlan(plan, locateIn(draft), whole)]
  if (problems.length > 0) throw programError(inOrder(problems))
  drafts.set(plan, draft)
  made?.push(plan)
  return deepFreeze(plan)
}

/** What a plan was made of; null: it is none, or builder and steps have not made it. */
export function draftOf(plan: Plan): Draft | null {
  return drafts.get(plan) ?? null
}

/** What is wrong with a plan as a whole program, at the places where it was written. */
export function problemsOfPlan(plan: Plan): readonly Problem[] {
  const draft = draftOf(plan)
  return draft === null ? validatePlan(plan) : inOrder(validatePlan(plan, locateIn(draft)))
}

const drafts = new WeakMap<Plan, Draft>()

/** Plans that were finished while somebody watches. */
let made: Plan[] | null = null

/** Watches which plans the work finishes. One at a time: a program is loaded, and nothing else. */
export async function watchPlans<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly made: readonly Plan[] }> {
  const watched: Plan[] = []
  made = watched
  try {
    return { result: await work(), made: watched }
  } finally {
    made = null
  }
}

/** Where the sinks of other plans were written that are no part of this one: nobody would write their topics. */
export function endsLeftOut(plan: Plan, others: readonly Plan[]): readonly Site[] {
  const known = new Set(plan.nodes.map(originOf))
  const left = new Map<PlanNode, Site>()
  for (const other of others) {
    const sites = draftOf(other)?.sites ?? []
    for (const [i, node] of other.nodes.entries()) {
      const site = sites[i]
      if (node.kind === 'sink' && site !== undefined && !known.has(originOf(node))) left.set(originOf(node), site)
    }
  }
  return [...left.values()]
}

function locateIn({ sites }: Draft): Locate {
  return (index, at) => locate(sites[index] ?? { path: 'plan' }, at)
}

/** Problems from top to bottom of the program. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const position = ({ place, path }: Problem): number => place?.line ?? Number(/^steps\[(\d+)\]/.exec(path)?.[1] ?? 0)
  return problems.toSorted((a, b) => position(a) - position(b))
}

/** What making one node needs: names, durations, and a place to put problems. */
export class Addition {
  readonly problems: Problem[] = []
  readonly #draft: Draft
  readonly #site: Site

  constructor(draft: Draft, site: Site) {
    this.#draft = draft
    this.#site = site
  }

  uid(kind: PlanNode['kind']): Uid {
    return defaultUid(kind, this.#draft.nodes)
  }

  /** The node before, for a node with one input. */
  get inputs(): readonly [Uid] {
    return [this.#draft.nodes.at(-1)?.uid ?? '']
  }

  /** Milliseconds; a wrong duration is reported, and `fallback` goes on in its place. */
  duration(at: string, text: string | undefined, fallback: number): number {
    if (text === undefined) return fallback
    if (typeof text === 'string' && isDuration(text)) return parseDuration(text)
    this.invalid(at, `${JSON.stringify(text)} is not a duration: ${durationHint}`)
    return fallback
  }

  invalid(at: string, message: string): void {
    this.#report('invalid', at, message)
  }

  /** Reports that an option asks for what this version does not do; `word` stands in the table of such things. */
  refuse(at: string, word: string): void {
    const message = notSupportedYet(word)
    this.#report(message === undefined ? 'invalid' : 'not-supported-yet', at, message ?? `unknown: ${JSON.stringify(word)}`)
  }

  #report(kind: Problem['kind'], at: string, message: string): void {
    const { path, place } = locate(this.#site, at)
    this.problems.push({ kind, path, message, ...(place && { place }) })
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
