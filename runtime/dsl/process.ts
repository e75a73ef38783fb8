/** Process functions as a program writes them. */
import type { ObjectType } from '../formats/types.ts'
import type { WindowProcessNode } from '../plan/nodes.ts'
import type { DedupNode, KeyTimers, ProcessContext, ProcessFunction, ProcessNode, WindowContext } from '../plan/nodes/process.ts'
import type { Firing } from '../plan/nodes/windows.ts'
import { addNode, type Draft } from './draft.ts'
import { addSessionProcess, type Session } from './sessions.ts'
import type { Site } from './site.ts'
import { cellsOf, type StateDeclarations, type StateHandles } from './state.ts'
import { windowSpec } from './window-spec.ts'
import type { WindowDraft } from './windows.ts'

/** What timers are where no event time is assigned: nothing that can be used, and a type that says why. */
type TimersOf<C> = C extends 'no event time' ? 'timers need event time: call eventTime(...) before keyBy(...)' : KeyTimers

/** Records of V with keys of K, state S; emits O. `C` tells whether there is event time. */
export interface ProcessDefinition<V, K, S, O, C> {
  /** What is kept for each key. */
  readonly state?: S
  /** What is emitted; without it any object is, and nothing is known of its fields. */
  readonly emits?: ObjectType<O>
  /** Called for each record of a key, late ones too: `context.watermark` tells. */
  onRecord(value: V, context: ProcessContext<K, StateHandles<S>, O, TimersOf<C>>): void
  /** Called for each timer, in the order of their timestamps, as soon as the watermark has reached it. */
  onTimer?(timestamp: number, context: ProcessContext<K, StateHandles<S>, O, TimersOf<C>>, name: string): void
}

/** Values of V in windows of keys of K, which fire as F where they fire more than once; emits O. */
export interface WindowProcessDefinition<V, K, O, F extends Firing> {
  /** What is emitted; without it any object is, and nothing is known of its fields. */
  readonly emits?: ObjectType<O>
  /** Called each time a window fires, with all its values in the order of arrival. They are made while one goes through them, and anew each time. */
  onWindow(values: Iterable<V>, context: WindowContext<K, O> & ([F] extends [never] ? unknown : { readonly firing: F })): void
}

/** As a program of any types gives it. */
interface AnyWindowDefinition {
  readonly emits?: ObjectType<unknown>
  readonly onWindow: ProcessFunction['call']
}

export function addWindowProcess(draft: Draft, site: Site, window: WindowDraft | Session, name: string, definition: AnyWindowDefinition): Draft {
  const { emits, onWindow } = definition
  const called: Pick<WindowProcessNode, 'emits' | 'onWindow'> = {
    emits: emits?.schema ?? null,
    onWindow: { kind: 'lambda', call: onWindow, text: String(onWindow) },
  }
  if (window.kind === 'session') return addSessionProcess(draft, site, window, name, called)
  return addNode(draft, site, (add) => ({ kind: 'windowProcess', uid: name, inputs: add.inputs, window: windowSpec(add, window), ...called }))
}

/** As a program of any types gives it. */
interface AnyDefinition {
  readonly state?: StateDeclarations
  readonly emits?: ObjectType<unknown>
  readonly onRecord: ProcessFunction['call']
  readonly onTimer?: ProcessFunction['call']
}

export function addProcess(draft: Draft, site: Site, name: string, definition: AnyDefinition): Draft {
  return addNode(draft, site, (add): ProcessNode => {
    const { state = {}, emits, onRecord, onTimer } = definition
    return {
      kind: 'process',
      uid: name,
      inputs: add.inputs,
      state: cellsOf(add, 'state', state),
      emits: emits?.schema ?? null,
      onRecord: { kind: 'lambda', call: onRecord, text: String(onRecord) },
      onTimer: onTimer === undefined ? null : { kind: 'lambda', call: onTimer, text: String(onTimer) },
    }
  })
}

/** Which records are the same, and for how long. */
export interface DedupSettings {
  readonly by?: string | undefined
  readonly within?: string | undefined
}

export function addDedup(draft: Draft, site: Site, name: string, settings: DedupSettings): Draft {
  return addNode(draft, site, (add): DedupNode => {
    const { by, within } = settings
    if (within === undefined) add.invalid('within', 'is missing: say for how long an id is remembered, such as 1h')
    return { kind: 'dedup', uid: name, inputs: add.inputs, by: by ?? null, withinMs: add.duration('within', within, 1) }
  })
}
