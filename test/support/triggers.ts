/** Windows with triggers, in a few words. */
import type { ValueState } from '../../runtime/plan/nodes/process.ts'
import type { TriggerContext, TriggerResult } from '../../runtime/plan/nodes/windows.ts'
import { aggregate, eventTime, keyBy, triggered } from './stages.ts'
import type { Step, TestTrigger } from './stages.ts'

/** A record of timeline.ts. */
export interface Input {
  readonly k: string
  readonly at: number
  readonly v: number
}
/** What such a trigger gets. */
export type Context = TriggerContext<{ readonly spent: ValueState<number, never> }>

/** A number, 0 at first. */
export const spent = { kind: 'value', type: { type: { kind: 'number' }, optional: false, default: 0 }, ttlMs: null } as const

/** Steps of a window that sums up `v` and fires by this trigger. */
export function summing(trigger: TestTrigger): readonly [Step, Step, Step] {
  return [eventTime('at', 5), keyBy(), aggregate('w', triggered(trigger), { n: { kind: 'count' }, s: { kind: 'sum', field: 'v' } })]
}

/** Gives `result` when the values since the last purge come to ten. */
export function ten(result: TriggerResult): TestTrigger {
  return {
    state: { spent },
    onRecord({ v }: Input, { state }: Context) {
      state.spent.update((sum) => sum + v)
      return state.spent.get() >= 10 ? result : 'continue'
    },
  }
}
