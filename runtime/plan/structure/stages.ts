/** Cuts a plan into stages: the parts between two topics. */
import { isDeepStrictEqual } from 'node:util'
import { repartitionsOf } from './keys.ts'
import type { Plan, PlanNode, RepartitionSource, SinkNode, SourceNode, Stage, StageSink, TransformNode, Uid } from '../nodes.ts'
import { pathsOf } from './paths.ts'
import { programError } from '../problems.ts'
import { isTime } from '../nodes/time.ts'
import { knownBefore } from './shape.ts'

/**
 * The stages of a valid plan, in topological order. The ways from each source are cut at each keyBy that sends its records to other partitions: what is before
 * it ends in a topic of the job's own, from which what is behind it begins. Ways that have their beginning in common are branches of one stage; those that
 * were merged end in the same topic, or write to the same sink.
 */
export function stagesOf(plan: Plan): readonly Stage[] {
  const place = new Map(plan.nodes.map(({ uid }, index) => [uid, index]))
  const inPlace = (a: { readonly uid: Uid }, b: { readonly uid: Uid }): number => (place.get(a.uid) ?? 0) - (place.get(b.uid) ?? 0)
  const stages = new Map<string, Stage>()
  for (const path of pathsOf(plan.nodes)) {
    for (const stage of stagesOfPath(path)) {
      const same = stages.get(stage.name)
      stages.set(stage.name, same === undefined ? stage : united(same, stage, inPlace))
    }
  }
  if (stages.size === 0) throw programError([{ kind: 'invalid', path: 'plan', message: 'a plan begins with a source and ends with a sink' }])
  return [...stages.values()].toSorted((a, b) => inPlace({ uid: a.name }, { uid: b.name }))
}

function stagesOfPath(path: readonly PlanNode[]): readonly Stage[] {
  const [first] = path
  const last = path.at(-1)
  if (first?.kind !== 'source' || last?.kind !== 'sink') {
    throw programError([{ kind: 'invalid', path: 'plan', message: 'a plan begins with a source and ends with a sink' }])
  }
  const repartitions = repartitionsOf(path)
  const known = knownBefore(path)
  const stages: Stage[] = []
  let source: Stage['source'] = first
  let transforms: TransformNode[] = []
  let clock: TransformNode | null = null
  for (const [i, node] of path.entries()) {
    if (node.kind === 'keyBy' && repartitions.has(node.uid)) {
      const { uid, inputs, field: keyField } = node
      const shape = known[i]?.shape ?? null
      const time = { timed: clock?.kind === 'eventTime', byProcessingTime: clock?.kind === 'processingTime' }
      stages.push({ name: source.uid, source, transforms, sinks: [{ kind: 'repartition', uid, inputs, keyField, timed: time.timed }] })
      source = { kind: 'repartition', uid, keyField, keyType: shape?.fields[keyField]?.type ?? null, shape, writers: [source.uid], ...time }
      transforms = []
    } else if (isTransform(node)) {
      if (isTime(node)) clock = node
      transforms.push(node)
    }
  }
  return [...stages, { name: source.uid, source, transforms, sinks: [last] }]
}

/** Two ways through a stage as one stage. */
function united(a: Stage, b: Stage, inPlace: (a: { readonly uid: Uid }, b: { readonly uid: Uid }) => number): Stage {
  const sinks = new Map(a.sinks.map((sink) => [sink.uid, sink]))
  for (const sink of b.sinks) sinks.set(sink.uid, joinedSink(sinks.get(sink.uid) ?? sink, sink))
  return {
    name: a.name,
    source: joined(a.source, b.source),
    transforms: [...new Set([...a.transforms, ...b.transforms])].toSorted(inPlace),
    sinks: [...sinks.values()].toSorted(inPlace),
  }
}

function joinedSink(a: StageSink, b: StageSink): StageSink {
  return a.kind === 'repartition' && b.kind === 'repartition' ? { ...a, timed: a.timed && b.timed } : a
}

/** What is known of a topic that several stages write to: as much as is true of all of them. */
function joined(a: Stage['source'], b: Stage['source']): Stage['source'] {
  if (a.kind === 'source' || b.kind === 'source') return a
  const sameShape = isDeepStrictEqual(a.shape, b.shape)
  const shape: RepartitionSource['shape'] = sameShape ? a.shape : null
  const keyType = isDeepStrictEqual(a.keyType, b.keyType) ? a.keyType : null
  return {
    ...a,
    shape,
    keyType,
    writers: [...new Set([...a.writers, ...b.writers])],
    timed: a.timed && b.timed,
    byProcessingTime: a.byProcessingTime && b.byProcessingTime,
  }
}

/** The topics that stages read, and are not the job's own. */
export function sourcesOf(stages: readonly Stage[]): readonly SourceNode[] {
  return stages.flatMap(({ source }) => (source.kind === 'source' ? [source] : []))
}

/** The topics that stages write, and are not the job's own; each once, though several sinks may write to it. */
export function sinksOf(stages: readonly Stage[]): readonly SinkNode[] {
  const sinks = stages.flatMap((stage) => stage.sinks.filter((sink) => sink.kind === 'sink'))
  return sinks.filter(({ topic }, index) => sinks.findIndex((other) => other.topic === topic) === index)
}

/** How far a partition of the stage may be ahead of others before it is read on; null: as far as it gets. Milliseconds. */
export function maxDriftOf({ transforms }: Pick<Stage, 'transforms'>): number | null {
  const assigned = transforms.find((node) => node.kind === 'eventTime')
  return assigned?.maxDriftMs ?? null
}

/** Whether tasks of a stage hold rows beside their position. */
export function isStateful(stage: Stage): boolean {
  return stage.transforms.some(({ kind }) => stateful.has(kind))
}

const stateful: ReadonlySet<TransformNode['kind']> = new Set(['windowAggregate', 'windowReduce', 'windowProcess', 'session', 'process', 'dedup'])

function isTransform(node: PlanNode): node is TransformNode {
  return node.kind !== 'source' && node.kind !== 'sink'
}
