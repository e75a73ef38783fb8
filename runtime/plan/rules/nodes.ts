/** What must hold for each kind of node. Pure: a node and what surrounds it in, findings out. */
import { checkExpression } from '../expression.ts'
import type { EventTimeNode, KeyByNode, PlanNode, SessionNode, SinkNode, SourceNode } from '../nodes.ts'
import { checkDedup } from './dedup.ts'
import { checkOnWindow, checkProcess } from './process.ts'
import { checkFunction } from './functions.ts'
import { checkRange, unknownField, type Finding, type Surroundings } from './findings.ts'
import { checkAggregates } from './aggregates.ts'
import { checkKeyedTime, checkWindow, neverLate } from './windows.ts'
import { checkSplit } from './split.ts'
import { spansOf } from '../nodes/sessions.ts'
import { namePattern, nameHint } from '../uid.ts'
import type { Shape } from '../structure/shape.ts'

/** Everything that is wrong with one node. */
export function checkNode(node: PlanNode, around: Surroundings): readonly Finding[] {
  switch (node.kind) {
    case 'source':
      return checkSource(node)
    case 'eventTime':
      return checkEventTime(node, around)
    case 'processingTime':
      return checkTime(around)
    case 'filter':
      return checkFunction(node.predicate, around.input, 'boolean')
    case 'map':
      return node.mapper.kind === 'fields'
        ? checkMapFields(node.mapper.fields, around.input)
        : checkFunction(node.mapper, around.input, node.mapper.kind === 'cel' ? 'object' : 'any')
    case 'flatMap':
      return checkFunction(node.mapper, around.input, 'list')
    case 'keyBy':
      return checkKeyBy(node, around)
    case 'merge':
    case 'branch':
      return []
    case 'split':
      return checkSplit(node, around)
    case 'windowAggregate':
    case 'windowReduce':
    case 'windowProcess':
      return [...checkName(node.uid), ...checkWindow(node.window, around), ...checkContents(node, around)]
    case 'session':
      return checkSession(node, around)
    case 'dedup':
      return [...checkName(node.uid), ...checkDedup(node, around)]
    case 'process':
      return [...checkName(node.uid), ...checkProcess(node, around)]
    case 'sink':
      return checkSink(node)
  }
}

function checkSource(node: SourceNode): readonly Finding[] {
  const findings = [...checkTopic(node.topic)]
  if (node.startFrom?.kind === 'timestamp' && !(Number.isSafeInteger(node.startFrom.timestamp) && node.startFrom.timestamp >= 0)) {
    findings.push({ kind: 'invalid', at: 'startFrom', message: 'the timestamp must be a whole number of epoch milliseconds' })
  }
  if (node.idleTimeoutMs !== undefined) findings.push(...checkRange('idleTimeout', node.idleTimeoutMs, 1))
  if (node.keyField === null || node.format.schema === null) return findings
  const unknown = unknownField(node.keyField, node.format.schema)
  if (unknown !== null) findings.push({ kind: 'invalid', at: 'key', message: unknown })
  const type = checkKeyType(node.keyField, node.format.schema.fields[node.keyField]?.type.kind)
  return [...findings, ...type.map((finding) => ({ ...finding, at: 'key' }))]
}

function checkEventTime(node: EventTimeNode, around: Surroundings): readonly Finding[] {
  const findings: Finding[] = [...checkRange('outOfOrderness', node.outOfOrdernessMs, 0), ...checkTime(around)]
  if (node.maxDriftMs !== undefined) findings.push(...checkRange('maxDrift', node.maxDriftMs, 1))
  if (node.timestamp.kind === 'lambda') findings.push(...checkFunction(node.timestamp, around.input, 'any'))
  if (node.timestamp.kind === 'header' && node.timestamp.name === '')
    findings.push({ kind: 'invalid', at: 'header', message: 'name the header that holds the time' })
  if (node.timestamp.kind !== 'field') return findings
  const unknown = unknownField(node.timestamp.name, around.input)
  if (unknown !== null) findings.push({ kind: 'invalid', at: 'field', message: unknown })
  const type = around.input?.fields[node.timestamp.name]?.type.kind
  if (type !== undefined && type !== 'timestamp' && type !== 'integer' && type !== 'number') {
    findings.push({ kind: 'invalid', at: 'field', message: `${node.timestamp.name} is ${type}: declare it as timestamp (ISO 8601 text or epoch ms)` })
  }
  return findings
}

function checkTime({ hasEventTime, behindWindow, behindRepartition }: Surroundings): readonly Finding[] {
  const messages = [
    hasEventTime && 'records get their time twice: keep one of eventTime and processingTime',
    behindWindow && 'behind a window time is that of its results (windowEnd - 1): assign it before the first window',
    behindRepartition !== null && !behindWindow && 'behind a keyBy that sends records to other partitions their order is gone: assign time before it',
  ]
  return messages.flatMap((message) => (message === false ? [] : [{ kind: 'invalid' as const, message }]))
}

function checkKeyBy(node: KeyByNode, around: Surroundings): readonly Finding[] {
  const findings = checkName(node.uid)
  const unknown = unknownField(node.field, around.input)
  if (unknown !== null) return [...findings, { kind: 'invalid', message: unknown }]
  return [...findings, ...checkKeyType(node.field, around.input?.fields[node.field]?.type.kind)]
}

function checkKeyType(field: string, type: string | undefined): readonly Finding[] {
  if (type !== 'list' && type !== 'map' && type !== 'object' && type !== 'bytes') return []
  return [{ kind: 'invalid', message: `${field} is ${type}; a key is a string, number, integer, boolean, timestamp or decimal` }]
}

function checkSession(node: SessionNode, around: Surroundings): readonly Finding[] {
  const spans = [...checkRange('window.session', node.gapMs, 1), ...checkRange('window.lateness', node.latenessMs, 0)]
  if (around.byProcessingTime && node.latenessMs > 0) spans.push({ kind: 'invalid', at: 'window.lateness', message: neverLate })
  if (node.emit !== undefined && node.emit.earlyMs !== null) spans.push(...checkRange('window.emit.early', node.emit.earlyMs, 1))
  const same = spansOf(node)
  return [...checkName(node.uid), ...checkKeyedTime('window', 'a window', around), ...spans, ...checkContents(same, around)]
}

function checkContents(node: ReturnType<typeof spansOf>, { input }: Surroundings): readonly Finding[] {
  switch (node.kind) {
    case 'windowAggregate':
      return checkAggregates(node, input)
    case 'windowReduce':
      return checkFunction(node.reducer, input, 'any')
    case 'windowProcess':
      return checkOnWindow(node.onWindow)
  }
}

function checkSink(node: SinkNode): readonly Finding[] {
  const findings = [...checkTopic(node.topic)]
  if (node.format.schema !== null) {
    findings.push({
      kind: 'not-supported-yet',
      at: 'schema',
      message: 'a schema of the sink is not supported yet; every field of the result is written',
    })
  }
  if (node.create === null) return findings
  const { partitions, replicationFactor } = node.create
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 10_000) {
    findings.push({ kind: 'invalid', at: 'create.partitions', message: 'must be a whole number from 1 to 10000' })
  }
  if (!Number.isInteger(replicationFactor) || replicationFactor === 0 || replicationFactor < -1 || replicationFactor > 32_767) {
    findings.push({ kind: 'invalid', at: 'create.replicationFactor', message: "must be a whole number from 1 on, or -1 for the brokers' default" })
  }
  return findings
}

function checkTopic(topic: string): readonly Finding[] {
  if (/^[A-Za-z0-9._-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..') return []
  const message = `${JSON.stringify(topic)} is not a topic name: 1 to 249 letters, digits, dots, dashes and underscores`
  return [{ kind: 'invalid', at: 'topic', message }]
}

function checkName(name: string): readonly Finding[] {
  return namePattern.test(name) ? [] : [{ kind: 'invalid', at: 'name', message: `${JSON.stringify(name)} is not a name: ${nameHint}` }]
}

function checkMapFields(fields: Readonly<Record<string, { readonly text: string }>>, input: Shape): readonly Finding[] {
  const entries = Object.entries(fields)
  if (entries.length === 0) return [{ kind: 'invalid', at: 'fields', message: 'name at least one field' }]
  return entries.flatMap(([name, expression]) => {
    const checked = checkExpression(expression.text, input, 'any')
    return 'message' in checked ? [{ kind: 'invalid', at: `fields.${name}`, message: checked.message } as const] : []
  })
}
