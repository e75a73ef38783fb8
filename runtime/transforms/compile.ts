/** Builds a stage: the functions that its records run through, put together once from the nodes of the plan. */
import { givesKey, isWindow, type WindowNode } from '../plan/structure/keys.ts'
import type { DedupNode, ProcessNode } from '../plan/nodes/process.ts'
import { spansOf } from '../plan/nodes/sessions.ts'
import { Dedup } from './dedup.ts'
import { KeyedProcess } from './process/process.ts'
import { SessionWindow } from './sessions/session.ts'
import { sessionTables } from './sessions/session-tables.ts'
import { StreamJobError } from '../errors.ts'
import { rowDecoder } from '../formats/binary/decoder.ts'
import { rowEncoder } from '../formats/binary/encoder.ts'
import { jsonDecoder } from '../formats/json/decoder.ts'
import { jsonEncoder } from '../formats/json/encoder.ts'

import type { FieldType } from '../formats/schema.ts'
import { isNumberAggregate } from '../plan/nodes/aggregates.ts'
import type { Stage, TransformNode } from '../plan/nodes.ts'
import { knownBefore } from '../plan/structure/shape.ts'
import { isTime } from '../plan/nodes/time.ts'
import type { Shape } from '../plan/structure/shape.ts'
import { needsEventTime } from '../plan/nodes/windows.ts'
import type { ChainContext, Push } from './chain.ts'
import type { Onwards } from './running/fork.ts'
import { EventTime } from './time/event-time.ts'
import { ProcessingTime } from './time/processing-time.ts'
import { filter } from './stateless/filter.ts'
import { flatMap } from './stateless/flat-map.ts'
import { keyBy } from './stateless/key-by.ts'
import { map } from './stateless/map.ts'
import { split } from './stateless/split.ts'
import { KeyKind } from './sinks/key-kind.ts'
import { MarkedInput } from './time/marked-input.ts'
import { CurrentRecord } from './record.ts'
import type { ReadHeaders } from './record.ts'
import { keyReader } from './windows/result-key.ts'
import { RepartitionSink } from './sinks/repartition-sink.ts'
import { RunningStage } from './running/running-stage.ts'
import { Sink } from './sinks/sink.ts'
import type { CompiledStage, StageCounters, StageOptions } from './stage.ts'
import type { Stateful } from './stateful.ts'
import { Stretch } from './running/stretch.ts'
import { growTree, type StatelessNode } from './running/tree.ts'
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
  const time = timeOf(stage, options)
  const { root, windows, sinks } = growTree<Link>(stage, context, {
    linkOf: (chain) => linkOf(stage, chain, keyKind),
    sink: (sink, index) =>
      sink.kind === 'sink'
        ? new Sink(index, sink.uid, jsonEncoder(sink.format.schema), context)
        : new RepartitionSink(index, sink, rowEncoder(), context),
    stateful: (node, link, next) => {
      if (node.kind === 'process') return processOf(node, link, options, context, next)
      if (node.kind === 'dedup') return dedupOf(node, link, stage, options, context, next)
      return windowOf(node, link, stage, options, context, next)
    },
    stateless: (node, link, next) => transform(node, link, time, context, next),
    split: (node, link, branches) => split(node, link.shape, context, branches),
  })
  const push = source.kind === 'repartition' && time instanceof ProcessingTime ? time.transform(context, root.push) : root.push
  const decoder = source.kind === 'source' ? jsonDecoder(source.format.schema) : rowDecoder()
  const markers = source.kind === 'source' ? null : new MarkedInput(options.writers ?? [])
  return new RunningStage({ context, decoder, first: new Stretch(push, root.end), time, markers, keyKind, windows, sinks })
}

/** What is known of the input of a transform. */
interface Link {
  readonly shape: Shape
  /** The value is as the source's schema declares it. */
  readonly asDeclared: boolean
  /** The value is a result of a window as that gave it, so it is keyed by its field `key`. */
  readonly asResulted: boolean
  /** The key of the value, from the bytes of the record key. */
  readonly readKey: (key: Buffer) => unknown
  readonly keyed: boolean
  readonly windowed: boolean
  /** Records have a time here, by the stage's own doing or that of those before it. */
  readonly timed: boolean
}

/** Of the last transform of a chain from the source on. */
function linkOf({ source }: Stage, chain: readonly TransformNode[], keyKind: KeyKind | null): Link {
  const known = source.kind === 'source' ? knownBefore([source, ...chain]).slice(1) : knownBefore(chain, source)
  const keyed = source.kind === 'repartition'
  const timed = keyed && (source.timed || source.byProcessingTime)
  let state = { asDeclared: !keyed, asResulted: false, keyed, windowed: false, timed, keyType: keyed ? source.keyType : (null as FieldType | null) }
  for (const [i, node] of chain.slice(0, -1).entries()) {
    if (node.kind === 'map' || node.kind === 'flatMap' || node.kind === 'process') state = { ...state, asDeclared: false, asResulted: false }
    // A window's key goes through to what is behind it, so its type is that of the first keyBy.
    if (node.kind === 'keyBy') {
      const type = known[i]?.shape?.fields[node.field]?.type ?? null
      state = { ...state, keyType: state.keyed ? state.keyType : type, keyed: true }
    }
    if (isWindow(node)) state = { ...state, asDeclared: false, asResulted: givesKey(node), windowed: true }
    if (isTime(node)) {
      if (state.windowed) throw new StreamJobError('not-supported-yet', `${node.uid}: time is assigned before the first window`)
      state = { ...state, timed: true }
    }
  }
  const { keyType, ...rest } = state
  const readKey = keyType === null && keyKind !== null ? (key: Buffer): unknown => keyKind.read(key) : keyReader(keyType)
  return { shape: known[chain.length - 1]?.shape ?? null, readKey, ...rest }
}

function timeOf({ source, transforms }: Stage, options: CompileOptions): EventTime | ProcessingTime | null {
  if (source.kind === 'repartition' && source.byProcessingTime) return new ProcessingTime(options.clock)
  const [first, second] = transforms.filter(isTime)
  if (first === undefined) return null
  if (second !== undefined) throw new StreamJobError('not-supported-yet', `${second.uid}: time is assigned once per stage`)
  return first.kind === 'eventTime' ? new EventTime(first, options) : new ProcessingTime(options.clock)
}

function transform(node: StatelessNode, link: Link, time: EventTime | ProcessingTime | null, context: ChainContext, next: Push): Push {
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
    case 'branch':
      return next
    case 'keyBy':
      // Results of a window are keyed by it already.
      return link.asResulted && node.field === 'key' ? next : keyBy(node, context, next)
  }
}

function processOf(node: ProcessNode, link: Link, { store }: CompileOptions, context: ChainContext, next: Onwards): KeyedProcess {
  if (!link.keyed) throw new StreamJobError('program-invalid', `${node.uid}: a process function needs a key; put keyBy before it`)
  return new KeyedProcess({ node, store, hasEventTime: link.timed, readKey: link.readKey, context, next })
}

function dedupOf(node: DedupNode, link: Link, stage: Stage, { store }: CompileOptions, context: ChainContext, next: Onwards): Dedup {
  if (!link.keyed) throw new StreamJobError('program-invalid', `${node.uid}: dedup needs a key; put keyBy before it`)
  return new Dedup({ node, store, encodeLate: lateEncoder(link, stage), context, next })
}

function lateEncoder(link: Link, stage: Stage): (value: unknown) => Uint8Array {
  const encoder = jsonEncoder(link.asDeclared && stage.source.kind === 'source' ? stage.source.format.schema : null)
  return (value) => encoder.encode(value)
}

function windowOf(node: WindowNode, link: Link, stage: Stage, options: CompileOptions, context: ChainContext, onwards: Onwards): Stateful {
  const { uid } = node
  const spans = node.kind === 'session' ? spansOf(node) : node
  const { window } = spans
  if (!link.timed && needsEventTime(window))
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
