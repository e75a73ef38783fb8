import { abandonPromise } from '../../plan/expression.ts'
import type { WindowProcessNode } from '../../plan/nodes.ts'
import type { WindowContext } from '../../plan/nodes/process.ts'
import type { Firing } from '../../plan/nodes/windows.ts'
import { processingFailure, RecordRejected, requireValue } from '../chain.ts'
import type { Push } from '../chain.ts'
import type { FiredValues } from './window-values.ts'

/**
 * Calls a function of the author with the values of a window that has fired, then sends on what it has emitted. All of that is one: where the function throws,
 * or a value fails further down, nothing of it is left.
 */
export function callOnWindow({ uid, onWindow }: Pick<WindowProcessNode, 'uid' | 'onWindow'>, next: Push): Push {
  const name = `onWindow of process "${uid}"`
  // The builder has checked its parameters against the type of the stream.
  const call = onWindow.call as (values: Iterable<unknown>, context: AnyContext) => unknown
  return (fired) => {
    // Windows with a function keep all values.
    const { values, key, windowStart, windowEnd, firing } = fired as FiredValues
    const bounds = firing === undefined ? { key, windowStart, windowEnd } : { key, windowStart, windowEnd, firing }
    for (const value of emittedBy(name, (emit) => call(values, { ...bounds, emit }))) next(value)
  }
}

type AnyContext = WindowContext<unknown, unknown> & { readonly firing?: Firing }

/** What a call emits. Throws RecordRejected. */
function emittedBy(name: string, call: (emit: (value: unknown) => void) => unknown): readonly unknown[] {
  const emitted: unknown[] = []
  let working = true
  const emit = (value: unknown): void => {
    if (!working) throw new Error('emit belongs to the window in work: do not use it later')
    emitted.push(value)
  }
  try {
    const result = call(emit)
    if (result instanceof Promise) requireValue(name, result)
    for (const value of emitted) requireValue(name, value)
    return emitted
  } catch (error) {
    for (const value of emitted) abandonPromise(value)
    throw error instanceof RecordRejected ? error : processingFailure(name, error)
  } finally {
    working = false
  }
}
