import { findCondition } from '../../../crds/conditions.ts'
import type { Operation, StreamJobStatus } from '../../../crds/streamjob-status.ts'
import { canonicalJson } from '../../resources/hash.ts'
import { parsePodName } from '../../resources/names.ts'
import { workerSelector } from '../../resources/object.ts'
import { mayBeReplaced } from '../operations/table.ts'
import { isReady } from '../pods/problems.ts'
import { eventTypeOf } from './event-type.ts'
import { nextStatus } from './status.ts'
import type { StoredJob, Visit } from '../visit.ts'
import { replicasOf, streamJobs } from '../visit.ts'

/**
 * Writes what the visit knows into status, if that differs from what stands there, against the version that was read: of two writers one gets a
 * Conflict. Tells of transitions in events. Answers the object as it is now stored.
 */
export async function writeStatus(visit: Visit, change: { readonly operation?: Operation | undefined } = {}): Promise<StoredJob> {
  const { stored, world } = visit
  const previous = stored.status ?? {}
  const operation = 'operation' in change ? change.operation : previous.operation
  const status = statusOf(visit, previous, operation)
  if (canonicalJson(status) === canonicalJson(previous)) return stored
  const written = await world.kube.updateStatus(streamJobs, { ...stored, status }, { signal: visit.signal })
  tell(visit, previous, status)
  return written
}

function statusOf(visit: Visit, previous: StreamJobStatus, operation: Operation | undefined): StreamJobStatus {
  const { facts, job, owner, world, findings } = visit
  return nextStatus({
    previous,
    generation: job.metadata.generation,
    now: `${new Date(world.clock.now()).toISOString().slice(0, 19)}Z`,
    findings,
    operation,
    deleting: job.metadata.deletionTimestamp !== undefined,
    suspend: job.spec.suspend,
    record: facts.record ?? null,
    recordMissing: facts.record === null,
    selector: workerSelector(owner.name),
    formerRuns: formerRuns(visit),
    workers: workersText(visit),
    program: programOf(visit),
  })
}

function formerRuns({ facts: { current, program, statefulSet } }: Visit): boolean {
  return current != null && program?.hash !== current.hash && (statefulSet?.spec?.replicas ?? 0) > 0
}

function workersText(visit: Visit): string | null {
  const { facts, owner } = visit
  if (facts.pods === undefined || facts.statefulSet === undefined) return null
  const ready = facts.pods.filter((pod) => parsePodName(owner.name, pod.metadata.name) !== null && isReady(pod)).length
  const wanted = replicasOf(visit) ?? 0
  return `${Math.min(ready, wanted)}/${wanted}`
}

/** How many digits of a plan's fingerprint people are shown. */
const shortFingerprint = 12

/** Of the program that runs, once it does. */
function programOf({ facts }: Visit): StreamJobStatus['program'] | null {
  const { current, record } = facts
  if (!current || !record) return null
  const tasks = record.stages.reduce((sum, { partitions }) => sum + partitions, 0)
  const { image, codeHash, plan } = current
  return { fingerprint: plan.fingerprint.slice(0, shortFingerprint), codeHash, image, stages: plan.stages.length, tasks }
}

function tell({ stored, world, log }: Visit, previous: StreamJobStatus, status: StreamJobStatus): void {
  const { operation } = status
  if (operation !== undefined && !isSame(operation, previous.operation)) {
    const sizes = operation.from === operation.to ? '' : ` from ${operation.from ?? 0} to ${operation.to ?? 0} workers`
    const instead = previous.operation === undefined ? '' : `, instead of ${previous.operation.kind}`
    world.events.record({
      regarding: stored,
      type: 'Normal',
      reason: 'OperationStarted',
      action: operation.kind,
      note: `${operation.kind}${sizes}${instead}`,
    })
    log.info('operation started', { operation })
  }
  if (operation === undefined && previous.operation !== undefined) {
    const { kind } = previous.operation
    // One that has ended stands in a step from which there is no way back.
    const reason = mayBeReplaced(previous.operation, null) ? 'OperationTakenBack' : 'OperationCompleted'
    world.events.record({ regarding: stored, type: 'Normal', reason, action: kind, note: kind })
    log.info('operation ended', { operation: previous.operation.id, reason })
  }
  const ready = findCondition(status.conditions, 'Ready')
  const before = findCondition(previous.conditions, 'Ready')
  if (ready === undefined || (ready.reason === before?.reason && ready.status === before.status)) return
  world.events.record({
    regarding: stored,
    type: eventTypeOf(ready),
    reason: ready.reason,
    action: 'Reconcile',
    note: ready.message === '' ? ready.reason : ready.message,
  })
  log.info('Ready changed', { status: ready.status, reason: ready.reason, message: ready.message })
}

/** Of an operation that took another's place before anything was recorded the id is the same, as both begin from the same record. */
function isSame({ id, to, inputs }: Operation, before: Operation | undefined): boolean {
  return before?.id === id && before.to === to && canonicalJson(before.inputs) === canonicalJson(inputs)
}
