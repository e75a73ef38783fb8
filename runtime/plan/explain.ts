/** A plan in words: its stages, the topics it reads and writes, the state it keeps. */
import { formatDuration } from '../../crds/durations.ts'
import { describeSchema } from '../formats/schema-text.ts'
import { describeAggregate, type Aggregate } from './nodes/aggregates.ts'
import type {
  Expression,
  Format,
  Plan,
  PlanNode,
  RepartitionSink,
  RepartitionSource,
  SessionNode,
  SinkNode,
  SourceNode,
  SplitNode,
  Stage,
  TransformNode,
  WindowProcessNode,
} from './nodes.ts'
import type { ProcessNode, StateCell } from './nodes/process.ts'
import { isStateful, sinksOf, sourcesOf, stagesOf } from './structure/stages.ts'
import { describeOptions, describeWindow, type WindowSpec } from './nodes/windows.ts'

/** The text that `streamjob plan` prints. */
export function explain(plan: Plan): string {
  const stages = stagesOf(plan)
  return [...stages.map(explainStage), explainTopics(stages), explainState(stages)].join('\n')
}

function explainStage(stage: Stage): string {
  const lines = linesOf(stage)
  const width = Math.max(...lines.map(([depth, node]) => 2 * depth + node.uid.length))
  const texts = lines.map(([depth, node, text]) => `  ${`${'  '.repeat(depth)}${node.uid}`.padEnd(width)}  ${text}\n`)
  return `stage ${stage.name}${isStateful(stage) ? ' (keeps state)' : ''}\n${texts.join('')}`
}

type Explained = PlanNode | RepartitionSource | RepartitionSink

/** Each node of a stage with what it does, in the order of the ways through it; branches stand further in than what they branch off. */
function linesOf({ source, transforms, sinks }: Stage): readonly (readonly [depth: number, node: Explained, text: string])[] {
  const lines: [number, Explained, string][] = []
  const add = (node: Explained, depth: number): void => {
    const isKnown = lines.some(([, other]) => other === node)
    lines.push([depth, node, isKnown ? 'as above' : explainNode(node)])
    if (isKnown) return
    const behind = [...transforms, ...sinks].filter(({ inputs }) => inputs.some((input) => input === node.uid))
    for (const next of behind) add(next, behind.length > 1 ? depth + 1 : depth)
  }
  add(source, 0)
  return lines
}

function explainNode(node: Explained): string {
  switch (node.kind) {
    case 'repartition':
      return 'writers' in node ? `read what ${node.writers.join(', ')} sends by ${node.keyField}` : `send by ${node.keyField} to stage ${node.uid}`
    case 'source':
      return `read topic ${node.topic} as ${explainFormat(node.format)}${explainKey(node)}${explainStart(node)}${explainIdle(node)}`
    case 'eventTime':
      return `event time ${explainTimestamp(node.timestamp)}, ${explainDisorder(node.outOfOrdernessMs)}${explainDrift(node)}`
    case 'processingTime':
      return 'processing time: a record is of the moment at which it is worked on'
    case 'filter':
      return `keep where ${explainExpression(node.predicate)}`
    case 'split':
      return explainSplit(node)
    case 'branch':
      return `what is ${node.name}`
    case 'map':
      return `map to ${explainMapper(node.mapper)}`
    case 'flatMap':
      return `flatMap to ${explainExpression(node.mapper)}`
    case 'keyBy':
      return `key by ${node.field}`
    case 'merge':
      return `merge ${node.inputs.join(', ')}`
    case 'windowAggregate':
      return `${describeWindow(node.window)}: ${Object.entries(node.fields).map(explainAggregate).join(', ')}`
    case 'windowReduce':
      return `${describeWindow(node.window)}: reduce by ${oneLine(node.reducer.text)}`
    case 'windowProcess':
      return `${describeWindow(node.window)}: ${explainWindowProcess(node)}`
    case 'session':
      return explainSession(node)
    case 'process':
      return explainProcess(node)
    case 'dedup':
      return `first of each ${node.by ?? 'key'} within ${formatDuration(node.withinMs)}`
    case 'sink':
      return `write topic ${node.topic} as ${explainFormat(node.format)}${explainCreate(node)}`
  }
}

function explainFormat(format: Format): string {
  return format.schema === null ? format.kind : `${format.kind} ${describeSchema(format.schema)}`
}

function explainKey(node: SourceNode): string {
  return node.keyField === null ? '' : `, record key is ${node.keyField}`
}

function explainStart(node: SourceNode): string {
  if (node.startFrom === null) return ''
  return `, from ${node.startFrom.kind === 'timestamp' ? new Date(node.startFrom.timestamp).toISOString() : `the ${node.startFrom.kind} record`}`
}

function explainIdle({ idleTimeoutMs }: SourceNode): string {
  return idleTimeoutMs === undefined ? '' : `, a partition idle after ${formatDuration(idleTimeoutMs)}`
}

function explainTimestamp(timestamp: Extract<PlanNode, { kind: 'eventTime' }>['timestamp']): string {
  if (timestamp.kind === 'field' || timestamp.kind === 'header') return `from ${timestamp.kind} ${timestamp.name}`
  return timestamp.kind === 'record' ? "from the record's own timestamp" : `by ${oneLine(timestamp.text)}`
}

function explainDisorder(outOfOrdernessMs: number): string {
  return outOfOrdernessMs === 0 ? 'never out of order' : `at most ${formatDuration(outOfOrdernessMs)} out of order`
}

function explainDrift({ maxDriftMs }: Extract<PlanNode, { kind: 'eventTime' }>): string {
  return maxDriftMs === undefined ? '' : `, no partition read on that is more than ${formatDuration(maxDriftMs)} ahead of another`
}

function explainSplit({ branches, otherwise }: SplitNode): string {
  const parts = branches.map(({ name, predicate }) => `${name} where ${explainExpression(predicate)}`)
  return `split, by the first that holds: ${[...parts, otherwise === null ? 'the rest is dropped' : `the rest is ${otherwise}`].join('; ')}`
}

function explainMapper(mapper: Extract<PlanNode, { kind: 'map' }>['mapper']): string {
  if (mapper.kind !== 'fields') return explainExpression(mapper)
  const fields = Object.entries(mapper.fields).map(([name, expression]) => `${name} = ${oneLine(expression.text)}`)
  return `{ ${fields.join(', ')} }`
}

function explainExpression(expression: Expression): string {
  return oneLine(expression.text)
}

function explainSession({ gapMs, contents, ...options }: SessionNode): string {
  return `session window, gap ${formatDuration(gapMs)}${describeOptions(options)}: ${explainContents(contents)}`
}

function explainContents(contents: SessionNode['contents']): string {
  switch (contents.kind) {
    case 'aggregate':
      return Object.entries(contents.fields).map(explainAggregate).join(', ')
    case 'reduce':
      return `reduce by ${oneLine(contents.reducer.text)}`
    case 'process':
      return explainWindowProcess(contents)
  }
}

function explainWindowProcess({ emits, onWindow }: Pick<WindowProcessNode, 'emits' | 'onWindow'>): string {
  return `process all values by ${oneLine(onWindow.text)}${explainEmits(emits)}`
}

function explainProcess({ state, emits, onTimer }: ProcessNode): string {
  const names = Object.keys(state)
  const parts = [names.length === 0 ? 'no state' : `state ${names.join(', ')}`, onTimer === null ? 'no timers' : 'timers']
  return `process, ${parts.join(', ')}${explainEmits(emits)}`
}

function explainEmits(emits: ProcessNode['emits']): string {
  return emits === null ? '' : `, emits ${describeSchema(emits)}`
}

function explainCell(cell: StateCell): string {
  const what = {
    value: 'one row for each key',
    list: 'one row for each kilobyte of a list, and one for each key',
    map: 'one row for each entry, and for each kilobyte of names, and one for each key',
  }
  return `${what[cell.kind]}${cell.ttlMs === null ? '' : `, gone ${formatDuration(cell.ttlMs)} after it was written; timers for that`}`
}

function explainTimers({ uid, onTimer }: ProcessNode): readonly string[] {
  return onTimer === null ? [] : [`  ${uid}/timers: one row for each timer that is set`]
}

function explainAggregate([name, aggregate]: readonly [string, Aggregate]): string {
  return `${name} = ${aggregate.kind === 'count' ? 'count()' : describeAggregate(aggregate)}`
}

function explainCreate(node: SinkNode): string {
  if (node.create === null) return ''
  const { partitions, replicationFactor } = node.create
  const replicas = replicationFactor === -1 ? "the brokers' default replication" : `replication factor ${replicationFactor}`
  return `, made with ${partitions} partitions and ${replicas} when it is missing`
}

function explainTopics(stages: readonly Stage[]): string {
  const reads = sourcesOf(stages).map(({ topic }) => topic)
  const writes = sinksOf(stages).map(({ topic }) => topic)
  const own = stages.flatMap(({ source }) => (source.kind === 'repartition' ? [`  keeps its own for ${source.uid}, by ${source.keyField}`] : []))
  return ['topics', `  reads ${reads.join(', ')}, writes ${writes.join(', ')}`, ...own, ''].join('\n')
}

function explainState(stages: readonly Stage[]): string {
  const rows = stages.flatMap((stage) => stage.transforms.flatMap(explainTables))
  return ['state', ...(rows.length === 0 ? ['  none but the positions'] : rows), ''].join('\n')
}

function explainTables(node: TransformNode): readonly string[] {
  switch (node.kind) {
    case 'windowAggregate':
    case 'windowReduce':
      return [`  ${node.uid}: ${explainRows(node.window)}`, ...explainTrigger(node)]
    case 'windowProcess':
      return [`  ${node.uid}: ${explainRows(node.window)}, with all its values`, ...explainTrigger(node)]
    case 'session':
      return [`  ${node.uid}: at most ${sessionRows(node)} rows for each key and open session, more for one that was merged or is very long`]
    case 'dedup':
      return [`  ${node.uid}: one row for each ${node.by ?? 'key'} that went through, for three times ${formatDuration(node.withinMs)} at most`]
    case 'process':
      return [...Object.entries(node.state).map(([name, cell]) => `  ${node.uid}/${name}: ${explainCell(cell)}`), ...explainTimers(node)]
    case 'eventTime':
    case 'filter':
    case 'split':
    case 'branch':
    case 'map':
    case 'flatMap':
    case 'keyBy':
    case 'merge':
    case 'processingTime':
      return []
  }
}

/** What the author's trigger keeps beside the window. */
function explainTrigger({ uid, window }: { readonly uid: string; readonly window: WindowSpec }): readonly string[] {
  if (window.kind !== 'global' || window.trigger?.kind !== 'custom') return []
  return Object.entries(window.trigger.state).map(([name, cell]) => `  ${uid}/${name}: ${explainCell(cell)}, likewise`)
}

function explainRows(window: WindowSpec): string {
  if (window.kind === 'global' && window.trigger?.kind === 'custom') return 'one row for each key, until its trigger purges it'
  if (window.kind === 'global') return `one row for each key, ${window.purge ? 'until it fires' : 'for ever'}`
  return window.kind === 'count' ? 'one row for each key whose window is not full' : 'one row for each key and open window'
}

function sessionRows({ emit }: SessionNode): string {
  const more = (emit?.then === 'updates' ? 1 : 0) + (emit !== undefined && emit.earlyMs !== null ? 1 : 0)
  return ['three', 'four', 'five'][more]!
}

/** Source text on one line, cut where nobody would read on. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= 160 ? line : `${line.slice(0, 159)}…`
}
