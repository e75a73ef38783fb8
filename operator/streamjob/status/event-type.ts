import type { Condition } from '../../../crds/conditions.ts'
import { reasonTable } from '../../../crds/reasons.ts'

/** Whether the event of a changed Ready is a warning: when something fails or waits for a human, whatever operation is under way. */
export function eventTypeOf({ status, reason }: Pick<Condition, 'status' | 'reason'>): 'Normal' | 'Warning' {
  if (status === 'True') return 'Normal'
  if (!Object.hasOwn(reasonTable, reason)) return 'Warning'
  // Object.hasOwn has just said that it is one of them.
  const { outcome } = reasonTable[reason as keyof typeof reasonTable]
  return outcome === 'failing' || outcome === 'stalled' ? 'Warning' : 'Normal'
}
