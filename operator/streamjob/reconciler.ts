import { applicationIdOf } from '../../crds/derived.ts'
import { annotations } from '../../crds/names.ts'
import { InvalidResource } from '../../crds/parse.ts'
import type { StreamJob } from '../../crds/streamjob.ts'
import { parseStreamJob } from '../../crds/streamjob.ts'
import type { Operation } from '../../crds/streamjob-status.ts'
import type { Outcome, Reconcile, ReconcileContext } from '../kube/controller.ts'
import { isConflict } from '../kube/errors.ts'
import { parseKey } from '../kube/resources.ts'
import { finalize, letGo } from './finalize.ts'
import type { StepEnd } from './status/finding.ts'
import { end, fails } from './status/finding.ts'
import { requeueAfterMs } from './status/requeue.ts'
import { StaleJobRecord } from '../kafka/job-kafka.ts'
import { NotOurs } from './ensure.ts'
import { claim, foreignClaim } from './steps/claim.ts'
import { cleanup } from './steps/cleanup.ts'
import { connect, kafkaFinding } from './steps/connect.ts'
import { observe } from './steps/observe.ts'
import { operate } from './steps/operate.ts'
import { plan } from './steps/plan.ts'
import { program } from './steps/program.ts'
import { release } from './steps/release.ts'
import { topics } from './steps/topics.ts'
import { validate } from './steps/validate.ts'
import { workers } from './steps/workers.ts'
import type { Step, StoredJob, Visit, World } from './visit.ts'
import { found, streamJobs } from './visit.ts'
import { writeStatus } from './status/write.ts'

/** The steps of a visit, in order. Each may end it; none of them writes anything when all is as it should be. */
export const steps: readonly Step[] = [claim, observe, workers, validate, program, plan, connect, topics, release, operate, cleanup]

/**
 * Brings one StreamJob closer to what its spec says. Always the same skeleton: read, leave to others what is theirs, finalize or take the steps, and
 * turn what was found into conditions in one place.
 */
export function createStreamJobReconciler(world: World): Reconcile {
  return async (key, context) => {
    const at = parseKey(key)
    const stored = await world.kube.find(streamJobs, at, { signal: context.signal })
    if (stored === null) return {}
    const owner = foreignClaim(stored, world.settings.operatorId)
    if (owner !== null) return leaveAlone(world, stored, owner)
    const job = parse(stored)
    if (job instanceof InvalidResource) return refuse(world, stored, job, context)
    await using visit = openVisit(world, stored, job, context)
    return await (job.metadata.deletionTimestamp === undefined ? take(visit) : finish(visit))
  }
}

type OpenVisit = Visit & AsyncDisposable

async function take(visit: OpenVisit): Promise<Outcome> {
  let ended: StepEnd = end
  try {
    for (const step of steps) {
      ended = await step.run(visit)
      if (ended.kind === 'end') break
    }
  } catch (error) {
    await noteError(visit, error)
    throw error
  }
  visit.stored = await writeStatus(visit)
  return requeue(visit, ended)
}

async function finish(visit: OpenVisit): Promise<Outcome> {
  try {
    const againMs = await finalize(visit)
    if (againMs === null) {
      visit.world.memory.forget(visit.owner.uid)
      return {}
    }
    visit.stored = await writeStatus(visit)
    return { requeueAfterMs: againMs }
  } catch (error) {
    await noteError(visit, error)
    throw error
  }
}

/** What was found before the error is still worth showing; the error itself is shown when it is nobody's everyday life. */
async function noteError(visit: OpenVisit, error: unknown): Promise<void> {
  if (visit.signal.aborted || isConflict(error)) return
  const kafka = kafkaFinding(error)
  if (kafka !== null) found(visit, kafka)
  else if (error instanceof NotOurs) found(visit, fails('WorkersReady', 'PodsRefused', error.message))
  else if (!(error instanceof StaleJobRecord)) {
    found(visit, fails('Ready', 'OperatorError', error instanceof Error ? error.message : String(error)))
  }
  // A failure to write it down must not hide the error.
  await writeStatus(visit).catch((failure: unknown) => visit.log.warn('status was not written', { error: failure }))
}

function requeue(visit: OpenVisit, ended: StepEnd): Outcome {
  const { clock, random } = visit.world
  const conditions = visit.stored.status?.conditions ?? []
  const asked = ended.kind === 'end' ? ended.againMs : undefined
  return { requeueAfterMs: asked ?? requeueAfterMs(conditions, clock.now(), random()) }
}

function openVisit(world: World, stored: StoredJob, job: StreamJob, { signal, log }: ReconcileContext): OpenVisit {
  const { name, namespace, uid } = job.metadata
  const visit: OpenVisit = {
    job,
    stored,
    owner: { name, namespace, uid },
    applicationId: applicationIdOf(job),
    world,
    log,
    signal,
    facts: {},
    findings: new Map(),
    kafka: null,
    get operation() {
      return visit.stored.status?.operation
    },
    async saveOperation(operation: Operation | undefined) {
      visit.stored = await writeStatus(visit, { operation })
    },
    async [Symbol.asyncDispose]() {
      await visit.kafka?.[Symbol.asyncDispose]()
    },
  }
  return visit
}

function parse(stored: StoredJob): StreamJob | InvalidResource {
  try {
    return parseStreamJob(stored)
  } catch (error) {
    if (error instanceof InvalidResource) return error
    throw error
  }
}

/** Nothing is written to a job that another operator manages but an event. */
function leaveAlone(world: World, stored: StoredJob, owner: string): Outcome {
  const note = `this job is managed by the operator ${owner}; ${world.settings.operatorId} leaves it alone. To hand it over remove the annotation ${annotations.claimedBy}`
  world.events.record({ regarding: stored, type: 'Warning', reason: 'ClaimedByAnother', action: 'Reconcile', note })
  return {}
}

/** A spec that can't be read, of another release perhaps: said in Ready. When the job is deleted it is let go, as nobody knows what it has in Kafka. */
async function refuse(world: World, stored: StoredJob, problem: InvalidResource, context: ReconcileContext): Promise<Outcome> {
  if (stored.metadata.deletionTimestamp !== undefined) {
    await letGo(world, stored, `the spec can't be read: ${problem.message}`, context.signal)
    return {}
  }
  context.log.warn('the spec is invalid', { problems: problem.problems.map(({ path }) => path) })
  const { status } = stored
  const now = `${new Date(world.clock.now()).toISOString().slice(0, 19)}Z`
  const ready = { type: 'Ready', status: 'False' as const, reason: 'SpecInvalid', message: problem.message.slice(0, 4_096) }
  const before = status?.conditions?.find(({ type }) => type === 'Ready')
  if (before?.reason === ready.reason && before.message === ready.message && before.observedGeneration === stored.metadata.generation) return {}
  const condition = {
    ...ready,
    ...(stored.metadata.generation !== undefined && { observedGeneration: stored.metadata.generation }),
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
  }
  const conditions = [condition, ...(status?.conditions ?? []).filter(({ type }) => type !== 'Ready')]
  await world.kube.updateStatus(streamJobs, { ...stored, status: { ...status, conditions } }, { signal: context.signal })
  return {}
}
