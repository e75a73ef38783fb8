/** Triggers as a program writes them. */
import type { ProcessFunction } from '../plan/nodes/process.ts'
import type { CustomTrigger, TriggerContext, TriggerResult, WindowTimer } from '../plan/nodes/windows.ts'
import type { Addition } from './draft.ts'
import { cellsOf, type StateDeclarations, type StateHandles } from './state.ts'

/** When a window of records of V fires. `N` is what it needs: a timer needs event time. Made by `trigger`. */
export interface Trigger<V, N extends 'records' | 'event time'> {
  readonly needs: N
  readonly functions: TriggerFunctions
  /** Never there; carries V for checking. */
  readonly takes?: (value: V) => void
}

/** As a program of any types gives them. */
export interface TriggerFunctions {
  readonly state?: StateDeclarations | undefined
  readonly onRecord: ProcessFunction['call']
  readonly onTimer?: ProcessFunction['call'] | undefined
}

/** Records of V, state S; what it decides is one of D. */
export interface TriggerDefinition<V, S, D, T = 'a timer needs an onTimer that it calls'> {
  /** What is kept for each window beside its contents, until it is purged. */
  readonly state?: S
  /** Called for each record, which is in the window already. */
  onRecord(value: V, context: TriggerContext<StateHandles<S>, T>): D
}

/** A trigger with a timer. */
export interface TimedTriggerDefinition<V, S, D> extends TriggerDefinition<V, S, D, WindowTimer> {
  /** Called when the watermark has reached what the timer was set for. */
  onTimer(timestamp: number, context: TriggerContext<StateHandles<S>>): D
}

/** What a trigger that can be seen never to fire is: a type that says so. */
type Fires<R> = [Extract<R, 'fire' | 'fire-and-purge'>] extends [never]
  ? "a trigger that never gives 'fire' or 'fire-and-purge' gives no result"
  : unknown

/**
 * When a global window fires, in functions: for each record, and for a timer in event time. `continue`: not now. `fire`: it gives its result and goes on. `purge`:
 * it begins anew, without contents, state and timer. `fire-and-purge`: both.
 *
 * ```ts
 * trigger({
 *   state: { spent: state.value(t.number, { initial: 0 }) },
 *   onRecord({ amount }, { state: { spent }, count, timestamp, timer }) {
 *     if (count === 1) timer.set(timestamp + 60_000)
 *     spent.update((sum) => sum + amount)
 *     return spent.get() >= 100 ? 'fire-and-purge' : 'continue'
 *   },
 *   onTimer: () => 'fire-and-purge',
 * })
 * ```
 */
export function trigger<V, const S extends StateDeclarations = {}, D extends TriggerResult = TriggerResult>(
  definition: TimedTriggerDefinition<V, S, D> & Fires<D>,
): Trigger<V, 'event time'>
/** When a global window fires, in a function for each record; it needs no event time. */
export function trigger<V, const S extends StateDeclarations = {}, D extends TriggerResult = TriggerResult>(
  definition: TriggerDefinition<V, S, D> & Fires<D>,
): Trigger<V, 'records'>
export function trigger(functions: TriggerFunctions): Trigger<never, 'records' | 'event time'> {
  return Object.freeze({ needs: functions.onTimer === undefined ? 'records' : 'event time', functions })
}

export function customTrigger(add: Addition, { state = {}, onRecord, onTimer }: TriggerFunctions): CustomTrigger {
  return {
    kind: 'custom',
    state: cellsOf(add, 'window.trigger.state', state),
    onRecord: { kind: 'lambda', call: onRecord, text: String(onRecord) },
    onTimer: onTimer === undefined ? null : { kind: 'lambda', call: onTimer, text: String(onTimer) },
  }
}
