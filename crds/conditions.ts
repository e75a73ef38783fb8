/** The conditions of both resources: what each one promises, and which way is good. Their reasons stand in reasons.ts. */
import { z } from 'zod'
import { operatorInstant } from './schema/instant.ts'
import { patternText, text } from './schema/scalars.ts'

/** A condition as Kubernetes defines it. */
export const Condition = z.object({
  type: patternText(
    { max: 316 },
    '^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  ).describe('Which condition.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER - 1)
    .exactOptional()
    .describe('Generation of the spec that it speaks of.'),
  lastTransitionTime: operatorInstant().describe('When the status changed last.'),
  reason: patternText({ max: 1024 }, '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$').describe('Why, in one word.'),
  message: text({ min: 0, max: 32_768 }).describe('Why, for humans.'),
})
export type Condition = z.output<typeof Condition>

/** Which status is the good one; `neutral`: neither. */
export type Polarity = 'positive' | 'negative' | 'neutral'

/** The conditions of a StreamJob, in the order in which they are shown. */
export const conditionTable = {
  Ready: { polarity: 'positive', meaning: 'The job does its work. Sums up: its reason is that of the condition which holds it back.' },
  ProgramValid: { polarity: 'positive', meaning: 'The program loads, type-checks and plans. A bad program changes nothing but this condition.' },
  TopicsReady: { polarity: 'positive', meaning: 'The brokers answer, and every topic of the plan exists as the job needs it.' },
  WorkersReady: { polarity: 'positive', meaning: 'As many workers as wanted hold their tasks and process.' },
  Restored: { polarity: 'positive', meaning: 'State is what the spec asks for: restored from the named savepoint, from the changelogs, or fresh.' },
  DelayWithinTarget: { polarity: 'positive', meaning: 'The oldest unread record is younger than autoscaling.maxDelay.' },
  WatermarkAdvancing: { polarity: 'positive', meaning: 'Event time moves on, or all inputs are idle.' },
  Rescaling: { polarity: 'neutral', meaning: 'The job is on its way to another number of workers.' },
  Upgrading: { polarity: 'neutral', meaning: 'The job is on its way to another program.' },
  TransactionsResolved: { polarity: 'positive', meaning: 'No transaction of a worker that is gone is open, so no reader hangs.' },
  AutoscalingActive: { polarity: 'neutral', meaning: 'The operator measures and decides on the number of workers.' },
  Suspended: { polarity: 'neutral', meaning: 'The job is stopped because the spec says so; state and positions are kept.' },
  IdentityConflict: { polarity: 'negative', meaning: 'What is found in Kafka belongs to another resource or cluster. Nothing is touched.' },
} as const satisfies Record<string, { polarity: Polarity; meaning: string }>
export type ConditionType = keyof typeof conditionTable
export const conditionTypes = Object.keys(conditionTable) as readonly ConditionType[]

/** The conditions of a Savepoint. */
export const savepointConditionTable = {
  Ready: { polarity: 'positive', meaning: 'All files are written and the manifest names them; a job can start from it.' },
} as const satisfies Record<string, { polarity: Polarity; meaning: string }>
export type SavepointConditionType = keyof typeof savepointConditionTable

/** The condition of that type; undefined before it was first written. */
export function findCondition(conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}
