/** Puts the transforms of a stage together, along the ways that records take through it. */
import { isWindow, type WindowNode } from '../../plan/structure/keys.ts'
import type { SplitNode, Stage, StageSink, TransformNode } from '../../plan/nodes.ts'
import type { DedupNode, ProcessNode } from '../../plan/nodes/process.ts'
import type { ChainContext, Push, StretchEnd } from '../chain.ts'
import { fork, type Onwards } from './fork.ts'
import type { Placed } from './placed.ts'
import type { Stateful } from '../stateful.ts'

/** Nodes that keep state. */
export type StatefulNode = WindowNode | ProcessNode | DedupNode
export type StatelessNode = Exclude<TransformNode, StatefulNode | SplitNode>

/** Makes each part, given those behind it. `L` is what it wants to know of its place. */
export interface TreeMaker<L extends { readonly timed: boolean }> {
  /** Of the last transform of a chain from the source on. */
  readonly linkOf: (chain: readonly TransformNode[]) => L
  /** `index`: among the sinks of the stage. */
  readonly sink: (sink: StageSink, index: number) => StretchEnd
  readonly stateful: (node: StatefulNode, link: L, next: Onwards) => Stateful
  readonly stateless: (node: StatelessNode, link: L, next: Push) => Push
  readonly split: (node: SplitNode, link: L, branches: ReadonlyMap<string, Onwards>) => Onwards
}

export interface Tree {
  readonly root: Onwards
  /** Each behind what is above it. */
  readonly windows: readonly Placed[]
  /** For each sink what keeps state last on each way there; null: nothing does. */
  readonly sinks: readonly (readonly (Placed | null)[])[]
}

/**
 * The tree of a stage. What several of its branches lead to (they were merged) is there once for each: so every stretch has its own ends, and what one of them
 * keeps is never another's.
 */
export function growTree<L extends { readonly timed: boolean }>(stage: Stage, context: ChainContext, make: TreeMaker<L>): Tree {
  const windows: Placed[] = []
  const sinks: (Placed | null)[][] = stage.sinks.map(() => [])
  const readersOf = (uid: string): readonly (TransformNode | StageSink)[] =>
    [...stage.transforms, ...stage.sinks].filter(({ inputs }) => inputs.some((input) => input === uid))

  const behind = (uid: string, chain: readonly TransformNode[], above: Placed | null): Onwards =>
    fork(
      readersOf(uid).map((reader) => branch(reader, chain, above)),
      context,
    )
  const branch = (node: TransformNode | StageSink, before: readonly TransformNode[], above: Placed | null): Onwards => {
    if (node.kind === 'sink' || node.kind === 'repartition') {
      const index = stage.sinks.indexOf(node)
      sinks[index]?.push(above)
      const end = make.sink(node, index)
      return { push: end.push, end }
    }
    const chain = [...before, node]
    const link = make.linkOf(chain)
    if (isStateful(node)) {
      const placed: { -readonly [P in keyof Placed]: Placed[P] } = { window: unmade, above, timed: link.timed }
      windows.push(placed)
      const window = make.stateful(node, link, behind(node.uid, chain, placed))
      placed.window = window
      return { push: window.push, end: window }
    }
    if (node.kind === 'split') return make.split(node, link, branchesOf(node, chain, above))
    const { push, end } = behind(node.uid, chain, above)
    return { push: make.stateless(node, link, push), end }
  }
  const branchesOf = (node: SplitNode, chain: readonly TransformNode[], above: Placed | null): ReadonlyMap<string, Onwards> => {
    const readers = Map.groupBy(readersOf(node.uid), (reader) => (reader.kind === 'branch' ? reader.name : ''))
    return new Map(
      [...readers].map(([name, ways]) => [
        name,
        fork(
          ways.map((reader) => branch(reader, chain, above)),
          context,
        ),
      ]),
    )
  }
  return { root: behind(stage.source.uid, [], null), windows, sinks }
}

function isStateful(node: TransformNode): node is StatefulNode {
  return isWindow(node) || node.kind === 'process' || node.kind === 'dedup'
}

/** Stands where a window will be, while what is behind it is made. */
const unmade = {} as Stateful
