/** Makes stages out of a few words, and the values of their nodes that a test does not care about. */
import type { Aggregate, EventTimeNode, RecordContext, Stage, TransformNode, WindowSpec } from '../../runtime/plan/nodes.ts'
import type { CustomTrigger, Emission, TriggerContext } from '../../runtime/plan/nodes/windows.ts'
import type { FieldType, RecordSchema } from '../../runtime/formats/schema.ts'

type Call = (value: never, record: RecordContext) => unknown

/** A transform whose uid and input are given by its place. */
export type Step = { readonly kind: TransformNode['kind']; readonly uid?: string } & Readonly<Record<string, unknown>>

/** A chain from topic `input` to topic `output`, JSON on both ends. */
export function stageOf(steps: readonly Step[], source: { readonly schema?: RecordSchema | null; readonly keyField?: string | null } = {}): Stage {
  const { schema = null, keyField = 'k' } = source
  let last = 'source'
  const transforms = steps.map((step, i) => {
    const node = { uid: `${step.kind}-${i}`, ...step, inputs: [last] }
    last = node.uid
    // The builders below make the other fields of each kind.
    return node as unknown as TransformNode
  })
  return {
    name: 'source',
    source: { kind: 'source', uid: 'source', inputs: [], topic: 'input', keyField, format: { kind: 'json', schema }, startFrom: null },
    transforms,
    sinks: [{ kind: 'sink', uid: 'sink', inputs: [last], topic: 'output', format: { kind: 'json', schema: null }, create: null }],
  }
}

export function eventTime(field: string | Call | null, outOfOrdernessMs = 0): Step {
  const timestamp: EventTimeNode['timestamp'] =
    field === null ? { kind: 'record' } : typeof field === 'string' ? { kind: 'field', name: field } : lambda(field)
  return { kind: 'eventTime', timestamp, outOfOrdernessMs }
}

export function processingTime(): Step {
  return { kind: 'processingTime' }
}

export function filter(predicate: string | Call): Step {
  return { kind: 'filter', predicate: expression(predicate) }
}

export function map(mapper: string | Call | Readonly<Record<string, string>>): Step {
  if (typeof mapper === 'string' || typeof mapper === 'function') return { kind: 'map', mapper: expression(mapper) }
  const fields = Object.entries(mapper).map(([name, text]) => [name, expression(text)])
  return { kind: 'map', mapper: { kind: 'fields', fields: Object.fromEntries(fields) } }
}

export function flatMap(mapper: string | Call): Step {
  return { kind: 'flatMap', mapper: expression(mapper) }
}

export function keyBy(field = 'k'): Step {
  return { kind: 'keyBy', field }
}

export function aggregate(uid: string, window: WindowSpec, fields: Readonly<Record<string, Aggregate>>): Step {
  return { kind: 'windowAggregate', uid, window, fields }
}

export function reduce(uid: string, window: WindowSpec, reducer: (accumulator: never, value: never) => unknown): Step {
  return { kind: 'windowReduce', uid, window, reducer: { kind: 'lambda', call: reducer, text: String(reducer) } }
}

export function windowProcess(uid: string, window: WindowSpec, onWindow: OnWindow): Step {
  return { kind: 'windowProcess', uid, window, emits: null, onWindow: lambda(onWindow) }
}

export function sessionProcess(uid: string, gapMs: number, onWindow: OnWindow, latenessMs = 0, emit?: Emission): Step {
  return { kind: 'session', uid, gapMs, latenessMs, ...(emit && { emit }), contents: { kind: 'process', emits: null, onWindow: lambda(onWindow) } }
}

/** A global window with a trigger; without onTimer it has no timer. */
export function triggered({ state = {}, onRecord, onTimer }: TestTrigger): WindowSpec {
  const trigger = { kind: 'custom', state, onRecord: lambda(onRecord), onTimer: onTimer === undefined ? null : lambda(onTimer) } as const
  return { kind: 'global', trigger, purge: false }
}

export interface TestTrigger {
  readonly state?: CustomTrigger['state']
  readonly onRecord: (value: never, context: TriggerContext<never>) => unknown
  readonly onTimer?: (timestamp: number, context: TriggerContext<never>) => unknown
}

/** What the window function of a test gets. */
type OnWindow = (
  values: Iterable<never>,
  context: { key: string; windowStart: number; windowEnd: number; firing?: string; emit: (value: unknown) => void },
) => unknown

export function session(uid: string, gapMs: number, fields: Readonly<Record<string, Aggregate>>, latenessMs = 0, emit?: Emission): Step {
  return { kind: 'session', uid, gapMs, latenessMs, ...(emit && { emit }), contents: { kind: 'aggregate', fields } }
}

export function sessionReduce(
  uid: string,
  gapMs: number,
  reducer: (accumulator: never, value: never) => unknown,
  latenessMs = 0,
  emit?: Emission,
): Step {
  return {
    kind: 'session',
    uid,
    gapMs,
    latenessMs,
    ...(emit && { emit }),
    contents: { kind: 'reduce', reducer: { kind: 'lambda', call: reducer, text: String(reducer) } },
  }
}

export function dedup(uid: string, withinMs: number, by: string | null = null): Step {
  return { kind: 'dedup', uid, withinMs, by }
}

export interface WindowOptions {
  readonly lateness?: number
  readonly offset?: number
  readonly emit?: Emission
}

export function tumbling(sizeMs: number, options: WindowOptions = {}): WindowSpec {
  return { kind: 'tumbling', sizeMs, slideMs: sizeMs, ...optionsOf(options) }
}

export function sliding(sizeMs: number, slideMs: number, options: WindowOptions = {}): WindowSpec {
  return { kind: 'sliding', sizeMs, slideMs, ...optionsOf(options) }
}

function optionsOf({ lateness = 0, offset = 0, emit }: WindowOptions): {
  readonly offsetMs: number
  readonly latenessMs: number
  readonly emit?: Emission
} {
  return { offsetMs: offset, latenessMs: lateness, ...(emit !== undefined && { emit }) }
}

/** A schema from the kinds of its fields; `?` behind one makes it optional. */
export function schemaOf(fields: Readonly<Record<string, string>>): RecordSchema {
  const entries = Object.entries(fields).map(([name, text]) => {
    // Only scalar kinds occur here.
    const type = { kind: text.replace('?', '') } as FieldType
    return [name, { type, optional: text.endsWith('?') }]
  })
  return { kind: 'object', fields: Object.fromEntries(entries) }
}

function expression(from: string | Call): unknown {
  return typeof from === 'string' ? { kind: 'cel', text: from } : lambda(from)
}

function lambda<C>(call: C): { readonly kind: 'lambda'; readonly call: C; readonly text: string } {
  return { kind: 'lambda', call, text: String(call) }
}
