import { findCondition } from '../../crds/conditions.ts'
import { finalizers } from '../../crds/names.ts'
import { parseDuration } from '../../crds/durations.ts'
import { names } from '../../runtime/protocol.ts'
import { isConflict, isForbidden } from '../kube/errors.ts'
import { namespaces } from '../kube/resources.ts'
import { carryOut } from './operations/engine.ts'
import { fails, type Finding } from './status/finding.ts'
import type { RunStep } from './operations/steps.ts'
import { connectKafka, identityConflict } from './steps/connect.ts'
import { connected } from './steps/topics.ts'
import { observe } from './steps/observe.ts'
import { operationOf } from './steps/operate.ts'
import type { StoredJob, Visit, World } from './visit.ts'
import { found, known, streamJobs } from './visit.ts'

/**
 * Removes what a deleted job has outside Kubernetes, then lets the resource go (null); or says when to come back. What can't be removed before the
 * deadline, or in a terminating namespace, is named in an event; so is, at once, what would be another's.
 */
export async function finalize(visit: Visit): Promise<number | null> {
  const { job, world } = visit
  if (!job.metadata.finalizers.includes(finalizers.kafka)) return null
  const giveUp = await lettingGo(visit)
  try {
    if ((await observe.run(visit)).kind === 'end') return await release(visit, 'the StatefulSet of that name belongs to somebody else')
    const problem = await connectKafka(visit)
    if (problem !== null) {
      if (problem.reason === 'SecretMissing' && !hasReachedKafka(visit)) return await release(visit, problem.message)
      return await retry(visit, problem, giveUp)
    }
    const conflict = identityConflict(visit)
    const record = known(visit, 'record')
    if (conflict !== null) {
      // The job topic goes last: once it is gone, and only the answer was lost, so is everything else.
      if (record === null && visit.operation?.kind === 'Delete' && visit.operation.step === 'Removing') return await release(visit, null)
      return await (record === null ? retry(visit, conflict, giveUp) : release(visit, conflict.message))
    }
    const from = Math.max(record?.parallelism ?? 0, known(visit, 'statefulSet')?.spec?.replicas ?? 0, visit.operation?.from ?? 0)
    const running =
      visit.operation?.kind === 'Delete'
        ? visit.operation
        : operationOf({ kind: 'Delete', from, to: 0, release: null }, record?.epoch ?? 0, world.clock.now())
    const waiting = await carryOut(visit, running, { Removing: removing })
    if (waiting !== null) {
      found(visit, fails('Ready', 'Deleting', waiting))
      return giveUp === null ? pollMs : await release(visit, `${giveUp}; ${waiting}`)
    }
    return await release(visit, null)
  } catch (error) {
    if (giveUp === null || isConflict(error) || visit.signal.aborted) throw error
    return await release(visit, `${giveUp}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const pollMs = 1_000
const retryMs = 5_000

/** Whether the job may have anything in Kafka: without credentials from its first day on it has not. */
function hasReachedKafka({ job: { status } }: Visit): boolean {
  const identity = findCondition(status?.conditions, 'IdentityConflict')
  return identity !== undefined && identity.reason !== 'IdentityUnknown'
}

/** Comes back later, saying until when; with no more time the job is let go. */
async function retry(visit: Visit, problem: Finding, giveUp: string | null): Promise<number | null> {
  if (giveUp !== null) return await release(visit, `${giveUp}; ${problem.message}`)
  const until = `this is tried again until ${visit.job.spec.deletion.deadline} after the deletion, then group and topics are left behind`
  found(visit, problem, fails('Ready', 'Deleting', `${problem.message}; ${until}`))
  return retryMs
}

/** Why the job is let go even when something is left; null while there is time. */
async function lettingGo({ job, world, signal }: Visit): Promise<string | null> {
  const since = world.clock.now() - Date.parse(job.metadata.deletionTimestamp ?? '')
  const deadline = job.spec.deletion.deadline
  if (since > parseDuration(deadline)) return `the deadline of ${deadline} has passed`
  const namespace = await world.kube.find(namespaces, { name: job.metadata.namespace }, { signal }).catch((error: unknown) => {
    // A namespaced operator may not look at namespaces; then the deadline decides.
    if (isForbidden(error)) return null
    throw error
  })
  return namespace?.metadata.deletionTimestamp === undefined ? null : 'the namespace is terminating'
}

/** The group and, unless they are to be kept, the job's topics; late and dead-letter topics are kept always. The job topic goes last: it says whose the rest is. */
const removing: RunStep = async ({ visit, ahead }) => {
  const kafka = connected(visit)
  await ahead()
  // No worker joins a group before it has read a record: one of that name is somebody else's.
  if (known(visit, 'record') !== null || visit.job.status?.epoch !== undefined) await kafka.deleteGroup()
  if (visit.job.spec.deletion.internalTopics === 'Retain') return { kind: 'done' }
  const jobTopic = names.jobTopic(visit.applicationId)
  const topics = await kafka.listInternalTopics()
  await kafka.deleteTopics(topics.filter((topic) => topic !== jobTopic))
  await kafka.deleteTopics(topics.filter((topic) => topic === jobTopic))
  return { kind: 'done' }
}

/** Takes the finalizer away. `left`: why something stays behind in Kafka. */
async function release({ world, stored, log, signal }: Visit, left: string | null): Promise<null> {
  if (left !== null) log.warn('let go with things left in Kafka', { left })
  await letGo(world, stored, left, signal)
  return null
}

/** The same for a job of which nothing but its metadata is known. */
export async function letGo(world: World, stored: StoredJob, left: string | null, signal: AbortSignal): Promise<void> {
  const { resourceVersion, finalizers: present = [], namespace, name } = stored.metadata
  if (!present.includes(finalizers.kafka)) return
  if (left !== null) {
    const applicationId = applicationIdIn(stored) ?? `${namespace ?? ''}.${name}`
    const note = `let go with things left in Kafka: the group ${applicationId}, transactional ids ${applicationId}.worker.*, topics ${applicationId}.*; ${left}`
    world.events.record({ regarding: stored, type: 'Warning', reason: 'DeletionDeadlineExceeded', action: 'Delete', note })
  }
  const rest = present.filter((finalizer) => finalizer !== finalizers.kafka)
  await world.kube.patch(streamJobs, stored.metadata, { kind: 'merge', body: { metadata: { resourceVersion, finalizers: rest } } }, { signal })
}

function applicationIdIn({ spec }: StoredJob): string | null {
  const given = (spec as { readonly kafka?: { readonly applicationId?: unknown } } | undefined)?.kafka?.applicationId
  return typeof given === 'string' ? given : null
}
