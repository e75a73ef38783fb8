import type { Condition, ConditionType } from '../../../crds/conditions.ts'
import { conditionTypes, findCondition } from '../../../crds/conditions.ts'
import type { Reason } from '../../../crds/reasons.ts'
import type { Operation, StreamJobStatus } from '../../../crds/streamjob-status.ts'
import type { Finding } from './finding.ts'
import { fails, holds, unknown } from './finding.ts'

/** What a visit knows at its end. */
export interface StatusInput {
  readonly previous: StreamJobStatus
  readonly generation: number
  /** RFC 3339, whole seconds. */
  readonly now: string
  readonly findings: ReadonlyMap<ConditionType, Finding>
  readonly operation: Operation | undefined
  readonly deleting: boolean
  readonly suspend: boolean
  /** Of the job record; null: it was not read, or there is none. */
  readonly record: { readonly epoch: number; readonly parallelism: number; readonly mode: 'run' | 'stop' } | null
  /** It was looked for, and there is none: no worker has anything to do. */
  readonly recordMissing: boolean
  readonly selector: string
  /** Workers are at work, and with another release than the one that the spec asks for. */
  readonly formerRuns: boolean
  /** `2/3`; null: not looked at. */
  readonly workers: string | null
  readonly program: StreamJobStatus['program'] | null
}

/** The one place where findings become conditions. Pure: the same input gives an equal status, so that nothing is written when nothing has changed. */
export function nextStatus(input: StatusInput): StreamJobStatus {
  const { previous, record, operation } = input
  const conditions = conditionTypes.filter((type) => type !== 'Ready').map((type) => condition(input, findingOf(input, type)))
  const ready = condition(input, readiness(input, conditions))
  const { operation: _, ...kept } = previous
  return {
    ...kept,
    observedGeneration: input.generation,
    selector: input.selector,
    ...(record && { epoch: String(record.epoch), parallelism: record.parallelism }),
    ...(input.workers !== null && { workers: input.workers }),
    ...(input.program && { program: input.program }),
    ...(operation && { operation }),
    conditions: [ready, ...conditions],
  }
}

/** What is known of a condition: found in this visit, following from the operation, remembered, or what a new job starts with. */
function findingOf(input: StatusInput, type: ConditionType): Finding {
  const derived = operationFinding(input, type)
  if (derived !== null) return derived
  const finding = input.findings.get(type)
  if (finding !== undefined) return finding
  const { previous } = input
  const before = findCondition(previous.conditions, type)
  // What was written is one of our reasons, or one of another release, which is kept as it is.
  if (before !== undefined) return { type, status: before.status, reason: before.reason as Reason, message: before.message }
  return initial[type]
}

function operationFinding(input: StatusInput, type: ConditionType): Finding | null {
  if (type === 'Rescaling') return rescaling(input)
  if (type === 'Upgrading') return upgrading(input)
  return type === 'Suspended' ? suspended(input) : null
}

function rescaling({ operation }: StatusInput): Finding {
  if (operation?.kind !== 'Rescale') return fails('Rescaling', 'AtSize', '')
  const { from = 0, to = 0, step } = operation
  return holds('Rescaling', to < from ? 'ScalingDown' : 'ScalingUp', `from ${from} to ${to} workers: ${step}`)
}

function upgrading({ operation }: StatusInput): Finding {
  if (operation?.kind !== 'Upgrade') return fails('Upgrading', 'UpToDate', '')
  const starting = operation.step === 'Recording' || operation.step === 'Starting'
  return holds('Upgrading', starting ? 'WorkersStarting' : 'WorkersStopping', operation.step)
}

/** Null while it is not known whether the workers have stopped. */
function suspended({ operation, suspend, record, recordMissing }: StatusInput): Finding | null {
  if (operation?.kind === 'Suspend') return fails('Suspended', 'Suspending', operation.step)
  if (!suspend) return fails('Suspended', 'NotSuspended', '')
  if (recordMissing) return holds('Suspended', 'SuspendedByUser', 'spec.suspend is true; no worker was started')
  return record?.mode === 'stop' ? holds('Suspended', 'SuspendedByUser', 'spec.suspend is true; state and positions are kept') : null
}

/** The conditions that hold a job back, the weightiest first. */
const decisive: readonly ConditionType[] = ['IdentityConflict', 'ProgramValid', 'TopicsReady', 'WorkersReady']

function readiness(input: StatusInput, conditions: readonly Condition[]): Finding {
  const found = input.findings.get('Ready')
  if (found !== undefined) return found
  if (input.deleting) return fails('Ready', 'Deleting', input.operation === undefined ? '' : `${input.operation.step}`)
  for (const type of decisive) {
    const condition = findCondition(conditions, type)
    const bad = type === 'IdentityConflict' ? condition?.status === 'True' : condition?.status !== 'True'
    if (!bad || condition === undefined) continue
    if (type === 'WorkersReady') break
    return {
      type: 'Ready',
      status: condition.status === 'Unknown' ? 'Unknown' : 'False',
      reason: condition.reason as Reason,
      message: goesOn(input, condition) ? `${condition.message}; the former program goes on` : condition.message,
    }
  }
  const suspended = findCondition(conditions, 'Suspended')
  if (suspended?.status === 'True' || suspended?.reason === 'Suspending') {
    return fails('Ready', suspended.reason as Reason, suspended.message)
  }
  const workers = findCondition(conditions, 'WorkersReady')
  if (workers?.status === 'True') {
    if (workers.reason === 'ScaledToZero') return holds('Ready', 'ScaledToZero', workers.message)
    return holds('Ready', 'Running', workers.message)
  }
  return fails('Ready', (workers?.reason ?? 'Reconciling') as Reason, workers?.message ?? '')
}

/** Whether what a condition says only keeps a new program from taking the place of one that runs. */
function goesOn({ formerRuns, suspend }: StatusInput, { type, status, reason }: Condition): boolean {
  return formerRuns && !suspend && status === 'False' && (type === 'ProgramValid' || reason === 'TopicMissing')
}

function condition({ previous, generation, now }: StatusInput, finding: Finding): Condition {
  const before = findCondition(previous.conditions, finding.type)
  return {
    ...finding,
    observedGeneration: generation,
    lastTransitionTime: before !== undefined && before.status === finding.status ? before.lastTransitionTime : now,
  }
}

/** What a job that nobody has looked at yet is said to be. */
const initial: Readonly<Record<ConditionType, Finding>> = {
  Ready: unknown('Ready', 'Reconciling', ''),
  ProgramValid: unknown('ProgramValid', 'Planning', ''),
  TopicsReady: unknown('TopicsReady', 'CreatingTopics', 'not looked at yet'),
  WorkersReady: fails('WorkersReady', 'WorkersStarting', 'not started yet'),
  Restored: unknown('Restored', 'Restoring', 'not started yet'),
  DelayWithinTarget: unknown('DelayWithinTarget', 'NotMeasured', ''),
  WatermarkAdvancing: unknown('WatermarkAdvancing', 'NotMeasured', ''),
  Rescaling: fails('Rescaling', 'AtSize', ''),
  Upgrading: fails('Upgrading', 'UpToDate', ''),
  TransactionsResolved: holds('TransactionsResolved', 'TransactionsClosed', ''),
  AutoscalingActive: fails('AutoscalingActive', 'AutoscalingDisabled', ''),
  Suspended: fails('Suspended', 'NotSuspended', ''),
  IdentityConflict: unknown('IdentityConflict', 'IdentityUnknown', ''),
}
