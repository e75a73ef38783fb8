/** One function per step that makes nodes; what the chained builder and the steps of a StreamJob have in common. */
import type { Aggregate, CelExpression, EventTimeNode, Expression, MapNode, WindowReduceNode } from '../plan/nodes.ts'
import { addNode, type Addition, type Draft } from './draft.ts'
import type { KafkaTopic } from './kafka.ts'
import type { Site } from './site.ts'
import { windowSpec } from './window-spec.ts'
import type { WindowDraft } from './windows.ts'

export function addSource(draft: Draft, site: Site, topic: KafkaTopic<unknown>): Draft {
  return addNode(draft, site, (add) => {
    checkFormat(add, topic)
    if (topic.create !== null) add.invalid('create', 'a source topic must exist: create belongs to the sink')
    const { key: keyField, startFrom, idleTimeout } = topic
    const format = { kind: 'json', schema: topic.schema } as const
    const idle = idleTimeout === null ? {} : { idleTimeoutMs: add.duration('idleTimeout', idleTimeout, fallbackSize) }
    return { kind: 'source', uid: topic.topic, inputs: [], topic: topic.topic, keyField, format, startFrom, ...idle }
  })
}

export interface EventTimeSettings {
  readonly outOfOrderness?: string | undefined
  readonly monotonous?: boolean | undefined
  readonly maxDrift?: string | undefined
}

export function addEventTime(draft: Draft, site: Site, timestamp: EventTimeNode['timestamp'], settings: EventTimeSettings): Draft {
  return addNode(draft, site, (add) => {
    // Untyped code may leave the settings out.
    const { outOfOrderness, monotonous = false, maxDrift }: EventTimeSettings = (settings as EventTimeSettings | undefined) ?? {}
    if (monotonous && outOfOrderness !== undefined)
      add.invalid('monotonous', 'give one of both: outOfOrderness, or monotonous when no record goes back in time')
    if (!monotonous && outOfOrderness === undefined)
      add.invalid('outOfOrderness', 'is missing: say how far records may be out of order, such as 10s, or monotonous: true')
    const outOfOrdernessMs = add.duration('outOfOrderness', outOfOrderness, 0)
    const drift = maxDrift === undefined ? {} : { maxDriftMs: add.duration('maxDrift', maxDrift, fallbackSize) }
    return { kind: 'eventTime', uid: add.uid('eventTime'), inputs: add.inputs, timestamp, outOfOrdernessMs, ...drift }
  })
}

export function addProcessingTime(draft: Draft, site: Site): Draft {
  return addNode(draft, site, (add) => ({ kind: 'processingTime', uid: add.uid('processingTime'), inputs: add.inputs }))
}

export function addFilter(draft: Draft, site: Site, predicate: Expression): Draft {
  return addNode(draft, site, (add) => ({ kind: 'filter', uid: add.uid('filter'), inputs: add.inputs, predicate }))
}

export function addMap(draft: Draft, site: Site, mapper: MapNode['mapper']): Draft {
  return addNode(draft, site, (add) => ({ kind: 'map', uid: add.uid('map'), inputs: add.inputs, mapper }))
}

export function addFlatMap(draft: Draft, site: Site, mapper: Expression): Draft {
  return addNode(draft, site, (add) => ({ kind: 'flatMap', uid: add.uid('flatMap'), inputs: add.inputs, mapper }))
}

export function addKeyBy(draft: Draft, site: Site, field: string, name?: string): Draft {
  return addNode(draft, site, (add) => ({ kind: 'keyBy', uid: name ?? add.uid('keyBy'), inputs: add.inputs, field }))
}

export function addWindowAggregate(draft: Draft, site: Site, window: WindowDraft, name: string, fields: Readonly<Record<string, Aggregate>>): Draft {
  return addNode(draft, site, (add) => ({ kind: 'windowAggregate', uid: name, inputs: add.inputs, window: windowSpec(add, window), fields }))
}

export function addWindowReduce(draft: Draft, site: Site, window: WindowDraft, name: string, reducer: WindowReduceNode['reducer']): Draft {
  return addNode(draft, site, (add) => ({ kind: 'windowReduce', uid: name, inputs: add.inputs, window: windowSpec(add, window), reducer }))
}

export function addSink(draft: Draft, site: Site, topic: KafkaTopic<unknown>): Draft {
  return addNode(draft, site, (add) => {
    checkFormat(add, topic)
    if (topic.key !== null) add.invalid('key', 'the key of a result is that of its record or window: key belongs to the source')
    if (topic.startFrom !== null) add.invalid('startFrom', 'startFrom belongs to the source')
    if (topic.idleTimeout !== null) add.invalid('idleTimeout', 'idleTimeout belongs to the source')
    const format = { kind: 'json', schema: topic.schema } as const
    return { kind: 'sink', uid: add.uid('sink'), inputs: add.inputs, topic: topic.topic, format, create: topic.create }
  })
}

/** A function of the author, with its source text. */
export function lambda<F>(call: F): { readonly kind: 'lambda'; readonly call: F; readonly text: string } {
  return { kind: 'lambda', call, text: String(call) }
}

export function cel(text: string): CelExpression {
  return { kind: 'cel', text: text.trim() }
}

function checkFormat(add: Addition, topic: KafkaTopic<unknown>): void {
  if (topic.format !== 'json') add.refuse('format', topic.format)
}

/** Stands in for a time that was reported as wrong. */
const fallbackSize = 60_000
