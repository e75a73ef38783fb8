import type { ConditionType } from '../../../crds/conditions.ts'
import type { Reason } from '../../../crds/reasons.ts'

/** What a step of a visit found out about one condition. What happens next follows from the reason (crds/reasons.ts). */
export interface Finding {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: Reason
  readonly message: string
}

/** How a step ends: the visit goes on to the next one, or is over. */
export type StepEnd =
  | { readonly kind: 'next' }
  /** `againMs`: when to look again; left out, the reasons found decide. */
  | { readonly kind: 'end'; readonly againMs?: number }

export const next: StepEnd = { kind: 'next' }
export const end: StepEnd = { kind: 'end' }

export function endFor(againMs: number): StepEnd {
  return { kind: 'end', againMs }
}

export function holds(type: ConditionType, reason: Reason, message: string): Finding {
  return { type, status: 'True', reason, message: shown(message) }
}

export function fails(type: ConditionType, reason: Reason, message: string): Finding {
  return { type, status: 'False', reason, message: shown(message) }
}

export function unknown(type: ConditionType, reason: Reason, message: string): Finding {
  return { type, status: 'Unknown', reason, message: shown(message) }
}

/** The longest message that is worth showing in a condition. */
const longestMessage = 4_096

/** Half a character, of a cut or of a worker's words, comes back from the API server as another one, and the status would be written again and again. */
function shown(message: string): string {
  return message.slice(0, longestMessage).toWellFormed()
}
