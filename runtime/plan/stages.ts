/** Cuts a plan into stages: the parts between two topics. */
import { isWindow, repartitionsOf } from './keys.ts'
import type { KeyByNode, Plan, RepartitionSource, SinkNode, SourceNode, Stage, TransformNode } from './nodes.ts'
import { programError } from './problems.ts'
import { isTime } from './time.ts'
import { knownBefore } from './shape.ts'

/**
 * The stages of a valid plan, in topological order. A chain is cut at each keyBy that sends its records to other partitions: what is before it ends in a
 * topic of the job's own, from which what is behind it begins.
 */
export function stagesOf(plan: Plan): readonly Stage[] {
  const [first] = plan.nodes
  const last = plan.nodes.at(-1)
  if (first?.kind !== 'source' || last?.kind !== 'sink') {
    throw programError([{ kind: 'invalid', path: 'plan', message: 'a plan begins with a source and ends with a sink' }])
  }
  const repartitions = repartitionsOf(plan.nodes)
  const known = knownBefore(plan.nodes)
  const stages: Stage[] = []
  let source: Stage['source'] = first
  let transforms: TransformNode[] = []
  let clock: TransformNode | null = null
  for (const [i, node] of plan.nodes.entries()) {
    if (node.kind === 'keyBy' && repartitions.has(node.uid)) {
      const { uid, field: keyField } = node
      stages.push({ name: source.uid, source, transforms, sink: { kind: 'repartition', uid, keyField, timed: clock?.kind === 'eventTime' } })
      source = repartitionSource(node, known[i]?.shape ?? null, source.uid, clock)
      transforms = []
    } else if (isTransform(node)) {
      if (isTime(node)) clock = node
      transforms.push(node)
    }
  }
  return [...stages, { name: source.uid, source, transforms, sink: last }]
}

/** The topics that stages read, and are not the job's own. */
export function sourcesOf(stages: readonly Stage[]): readonly SourceNode[] {
  return stages.flatMap(({ source }) => (source.kind === 'source' ? [source] : []))
}

/** The topics that stages write, and are not the job's own. */
export function sinksOf(stages: readonly Stage[]): readonly SinkNode[] {
  return stages.flatMap(({ sink }) => (sink.kind === 'sink' ? [sink] : []))
}

/** Whether tasks of a stage hold rows beside their position. */
export function isStateful(stage: Stage): boolean {
  return stage.transforms.some(isWindow)
}

function repartitionSource(
  { uid, field }: KeyByNode,
  shape: RepartitionSource['shape'],
  writer: string,
  clock: TransformNode | null,
): RepartitionSource {
  const time = { timed: clock?.kind === 'eventTime', byProcessingTime: clock?.kind === 'processingTime' }
  return { kind: 'repartition', uid, keyField: field, keyType: shape?.fields[field]?.type ?? null, shape, writers: [writer], ...time }
}

function isTransform(node: SourceNode | TransformNode | SinkNode): node is TransformNode {
  return node.kind !== 'source' && node.kind !== 'sink'
}
