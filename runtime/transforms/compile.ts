/** Builds a stage: the functions that its records run through, put together once from the nodes of the plan. */
import { givesKey, isWindow, type WindowNode } from '../plan/keys.ts'
import type { DedupNode, ProcessNode } from '../plan/process.ts'
import { spansOf } from '../plan/sessions.ts'
import { Dedup } from './dedup.ts'
import { KeyedProcess } from './process/process.ts'
import { SessionWindow } from './windows/session.ts'
import { sessionTables } from './windows/session-tables.ts'
import { StreamJobError } from '../errors.ts'
import { rowDecoder } from '../formats/binary/decoder.ts'
import { rowEncoder } from '../formats/binary/encoder.ts'
import { jsonDecoder } from '../formats/json/decoder.ts'
import { jsonEncoder } from '../formats/json/encoder.ts'

import type { FieldType } from '../formats/schema.ts'
import { isNumberAggregate } from '../plan/aggregates.ts'
import type { Stage, TransformNode } from '../plan/nodes.ts'
import { knownBefore } from '../plan/shape.ts'
import { isTime } from '../plan/time.ts'
import type { Shape } from '../plan/shape.ts'
import { needsEventTime } from '../plan/windows.ts'
import type { ChainContext, Push, StretchEnd } from './chain.ts'
import { EventTime } from './event-time.ts'
import { ProcessingTime } from './processing-time.ts'
import { filter } from './stateless/filter.ts'
import { flatMap } from './stateless/flat-map.ts'
import { keyBy } from './stateless/key-by.ts'
import { map } from './stateless/map.ts'
import { KeyKind } from './key-kind.ts'
import { MarkedInput } from './marked-input.ts'
import { CurrentRecord } from './record.ts'
import type { ReadHeaders } from './record.ts'
import { keyReader } from './windows/result-key.ts'
import { RepartitionSink } from './repartition-sink.ts'
import { RunningStage } from './running-stage.ts'
import { Sink } from './sink.ts'
import type { CompiledStage, StageCounters, StageOptions } from './stage.ts'
import type { Stateful } from './stateful.ts'
import { Stretch } from './stretch.ts'
import { AggregateContents } from './windows/window-aggregate.ts'
import { SummaryContents } from './windows/window-summary.ts'
import { ReduceContents } from './windows/window-reduce.ts'
import { callOnWindow } from './windows/on-window.ts'
import { ValueContents } from './windows/window-values.ts'
import { KeyedWindow } from './windows/window.ts'
import { TriggeredWindow } from './windows/triggered-window.ts'
import { CountedWindow, progressLayout } from './windows/counted-window.ts'
import type { ContentsOptions, WindowContents } from './windows/contents.ts'
import { Panes } from './windows/panes.ts'
import { placementOf, sharesPanes } from './windows/placement.ts'

export interface CompileOptions extends StageOptions {
  /** How functions of the program read a record's headers. */
  readonly readHeaders: ReadHeaders
}

/**
 * Compiles a stage for one task. Its tables are opened in the store; `restore` is called before the first record when the store holds rows, and after
 * each rollback of the store. Throws `program-invalid` or `not-supported-yet` for what no valid plan contains.
 */
export function compileStage(stage: Stage, options: CompileOptions): CompiledStage {
  const record = new CurrentRecord(stage.source.kind === 'source' ? stage.source.topic : stage.name, options.readHeaders)
  const counters: StageCounters = { recordsIn: 0, recordsOut: 0, windowsClosed: 0, dropped: noneDropped() }
  const context: ChainContext = { record, output: options.output, counters, slice: { spent: 0, limit: Math.max(1, options.sliceBytes), due: false } }
  const { source } = stage
  const keyKind = source.kind === 'repartition' && source.keyType === null ? new KeyKind(source.keyField) : null
  const links = linksOf(stage, keyKind)
  const time = timeOf(stage, links, options)
  const windows: Stateful[] = []

  // From the last transform to the first: each gets what it passes its values to.
  let end: StretchEnd =
    stage.sink.kind === 'sink'
      ? new Sink(stage.sink.uid, jsonEncoder(stage.sink.format.schema), context)
      : new RepartitionSink(stage.sink, rowEncoder(), context)
  let push: Push = end.push
  for (const link of links.toReversed()) {
    const { node } = link
    if (node.kind === 'process' || node.kind === 'dedup') {
      const onwards = { push, end }
      const step =
        node.kind === 'process' ? processOf(node, link, stage, options, context, onwards) : dedupOf(node, link, stage, options, context, onwards)
      windows.unshift(step)
      end = step
      push = step.push
    } else if (isWindow(node)) {
      const window = windowOf(node, link, stage, options, context, { push, end })
      windows.unshift(window)
      end = window
      push = window.push
    } else push = transform(node, link, time, context, push)
  }
  if (source.kind === 'repartition' && time instanceof ProcessingTime) push = time.transform(context, push)
  const decoder = source.kind === 'source' ? jsonDecoder(source.format.schema) : rowDecoder()
  const markers = source.kind === 'source' ? null : new MarkedInput(options.writers ?? [])
  return new RunningStage({ context, decoder, first: new Stretch(push, end), time, markers, keyKind, windows })
}

/** A transform with what is known of its input. */
interface Link {
  readonly node: TransformNode
  readonly shape: Shape
  /** The value is as the source's schema declares it. */
  readonly asDeclared: boolean
  /** The value is a result of a window as that gave it, so it is keyed by its field `key`. */
  readonly asResulted: boolean
  /** The key of the value, from the bytes of the record key. */
  readonly readKey: (key: Buffer) => unknown
  readonly keyed: boolean
  readonly windowed: boolean
}

function linksOf(stage: Stage, keyKind: KeyKind | null): readonly Link[] {
  const { source, transforms } = stage
  const known = source.kind === 'source' ? knownBefore([source, ...transforms]).slice(1) : knownBefore(transforms, source)
  const links: Link[] = []
  const keyed = source.kind === 'repartition'
  let state = { asDeclared: !keyed, asResulted: false, keyed, windowed: false, keyType: keyed ? source.keyType : (null as FieldType | null) }
  for (const [i, node] of transforms.entries()) {
    const shape = known[i]?.shape ?? null
    const { keyType, ...rest } = state
    const readKey = keyType === null && keyKind !== null ? (key: Buffer): unknown => keyKind.read(key) : keyReader(keyType)
    links.push({ node, shape, readKey, ...rest })
    if (node.kind === 'map' || node.kind === 'flatMap' || node.kind === 'process') state = { ...state, asDeclared: false, asResulted: false }
    // A window's key goes through to what is behind it, so its type is that of the first keyBy.
    if (node.kind === 'keyBy') state = { ...state, keyType: state.keyed ? state.keyType : (shape?.fields[node.field]?.type ?? null), keyed: true }
    if (isWindow(node)) state = { ...state, asDeclared: false, asResulted: givesKey(node), windowed: true }
  }
  return links
}

function timeOf({ source }: Stage, links: readonly Link[], options: CompileOptions): EventTime | ProcessingTime | null {
  if (source.kind === 'repartition' && source.byProcessingTime) return new ProcessingTime(options.clock)
  const [first, second] = links.filter(({ node }) => isTime(node))
  if (first === undefined) return null
  if (second !== undefined) throw new StreamJobError('not-supported-yet', `${second.node.uid}: time is assigned once per stage`)
  if (first.windowed) throw new StreamJobError('not-supported-yet', `${first.node.uid}: time is assigned before the first window`)
  return first.node.kind === 'eventTime' ? new EventTime(first.node, options) : new ProcessingTime(options.clock)
}

function transform(
  node: Exclude<TransformNode, WindowNode | ProcessNode | DedupNode>,
  link: Link,
  time: EventTime | ProcessingTime | null,
  context: ChainContext,
  next: Push,
): Push {
  switch (node.kind) {
    case 'eventTime':
      return time instanceof EventTime ? time.transform(node, context, next) : next
    case 'processingTime':
      return time instanceof ProcessingTime ? time.transform(context, next) : next
    case 'filter':
      return filter(node, link.shape, context, next)
    case 'map':
      return map(node, link.shape, context, next)
    case 'flatMap':
      return flatMap(node, link.shape, context, next)
    case 'merge':
      return next
    case 'keyBy':
      // Results of a window are keyed by it already.
      return link.asResulted && node.field === 'key' ? next : keyBy(node, context, next)
  }
}

/** Where the values go that pass through a transform. */
interface Onwards {
  readonly push: Push
  readonly end: StretchEnd
}

function processOf(node: ProcessNode, link: Link, stage: Stage, { store }: CompileOptions, context: ChainContext, next: Onwards): KeyedProcess {
  if (!link.keyed) throw new StreamJobError('program-invalid', `${node.uid}: a process function needs a key; put keyBy before it`)
  return new KeyedProcess({ node, store, hasEventTime: isTimed(stage), readKey: link.readKey, context, next })
}

function dedupOf(node: DedupNode, link: Link, stage: Stage, { store }: CompileOptions, context: ChainContext, next: Onwards): Dedup {
  if (!link.keyed) throw new StreamJobError('program-invalid', `${node.uid}: dedup needs a key; put keyBy before it`)
  return new Dedup({ node, store, encodeLate: lateEncoder(link, stage), context, next })
}

function lateEncoder(link: Link, stage: Stage): (value: unknown) => Uint8Array {
  const encoder = jsonEncoder(link.asDeclared && stage.source.kind === 'source' ? stage.source.format.schema : null)
  return (value) => encoder.encode(value)
}

/** Whether records have a time, by the stage's own doing or that of those before it. */
function isTimed({ source, transforms }: Stage): boolean {
  return source.kind === 'repartition' ? source.timed || source.byProcessingTime : transforms.some(isTime)
}

function windowOf(node: WindowNode, link: Link, stage: Stage, options: CompileOptions, context: ChainContext, onwards: Onwards): Stateful {
  const { uid } = node
  const spans = node.kind === 'session' ? spansOf(node) : node
  const { window } = spans
  if (!isTimed(stage) && needsEventTime(window))
    throw new StreamJobError('program-invalid', `${uid}: a window needs event time; declare it behind the source`)
  if (!link.keyed) throw new StreamJobError('program-invalid', `${uid}: a window needs a key; put keyBy before it`)
  const { store } = options
  const push = spans.kind === 'windowProcess' ? callOnWindow(spans, onwards.push) : onwards.push
  const common = { uid, readKey: link.readKey, context, next: new Stretch(push, onwards.end) }
  if (window.kind === 'global' && window.trigger?.kind === 'custom') {
    const contents = contentsOf(spans, { store, record: context.record, slideMs: 0, marked: false })
    return new TriggeredWindow({ ...common, trigger: window.trigger, contents, store })
  }
  if (window.kind === 'count' || window.kind === 'global') {
    const contents = contentsOf(spans, { store, record: context.record, slideMs: 0, marked: false })
    return new CountedWindow({ ...common, window, contents, progress: store.table(`${uid}/records`, progressLayout) })
  }
  const placement = placementOf(window)
  const contents = contentsOf(spans, {
    store,
    record: context.record,
    slideMs: placement.slideMs,
    marked: node.kind !== 'session' && window.emit !== undefined,
  })
  const encodeLate = lateEncoder(link, stage)
  if (node.kind === 'session') {
    const { gapMs, latenessMs, emit = null } = node
    return new SessionWindow({ ...common, gapMs, latenessMs, emission: emit, contents, tables: sessionTables(node, store), encodeLate })
  }
  const panes = node.kind === 'windowAggregate' && sharesPanes(node) ? new Panes(node.window, contents, context) : null
  return new KeyedWindow({ ...common, window, placement, panes, contents, encodeLate })
}

function contentsOf(node: Exclude<WindowNode, { kind: 'session' }>, options: ContentsOptions): WindowContents {
  if (node.kind === 'windowReduce') return new ReduceContents(node, options)
  if (node.kind === 'windowProcess') return new ValueContents(node, options)
  return Object.values(node.fields).every(isNumberAggregate) ? new AggregateContents(node, options) : new SummaryContents(node, options)
}

function noneDropped(): StageCounters['dropped'] {
  return { undecodable: 0, 'null-key': 0, 'key-mismatch': 0, 'bad-timestamp': 0, 'future-timestamp': 0, processing: 0, late: 0 }
}
