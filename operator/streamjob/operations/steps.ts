/** How each step of an operation is carried out. Every one looks at the world first, and acts only where something is missing. */
import type { Operation } from '../../../crds/streamjob-status.ts'
import type { JobRecord } from '../../../runtime/protocol.ts'
import { type Pod, pods as podResource, statefulSets, type Stored } from '../../kube/resources.ts'
import { objectNames, parsePodName } from '../../resources/names.ts'
import { workerSelector } from '../../resources/object.ts'
import { statefulSet } from '../../resources/stateful-set.ts'
import { fails, holds } from '../status/finding.ts'
import type { Order } from './job-record.ts'
import { nextRecord, ordinals, stagesOf } from './job-record.ts'
import { precondition } from './precondition.ts'
import { releaseLostPods } from '../pods/lost.ts'
import type { StepName } from './table.ts'
import { discarding, growing, makeRoom, replacing } from './volumes.ts'
import { ownIdentity } from '../steps/connect.ts'
import { connected } from '../steps/topics.ts'
import type { Visit } from '../visit.ts'
import { found, known, place } from '../visit.ts'

/** What a step needs of the engine that runs it. */
export interface StepRun {
  readonly visit: Visit
  readonly operation: Operation
  /** Writes operation and step into status, unless they stand there already; called before the first effect. */
  readonly ahead: () => Promise<void>
}

export type StepResult =
  | { readonly kind: 'done' }
  /** Look again later; `message` says what it waits for. */
  | { readonly kind: 'waiting'; readonly message: string }

/** A step of an operation. What it throws is tried again. */
export type RunStep = (run: StepRun) => Promise<StepResult>

export const runStep: Readonly<Record<Exclude<StepName, 'Removing'>, RunStep>> = {
  Recording: record,
  Committing: committing,
  Stopping: (run) => scaleTo(run, 0),
  Scaling: (run) => scaleTo(run, run.operation.to ?? 0),
  Draining: draining,
  Evicting: evicting,
  Resolving: resolving,
  Starting: starting,
  Discarding: discarding,
  Growing: growing,
  Replacing: replacing,
}

const done: StepResult = { kind: 'done' }

async function record({ visit, operation, ahead }: StepRun): Promise<StepResult> {
  const previous = known(visit, 'record')
  // Without a record no worker has an order that could be withdrawn.
  if (previous === null && operation.kind === 'Suspend') return done
  const order = orderOf(visit, operation, previous)
  if (order === null) return { kind: 'waiting', message: 'the topics of the program are not ready' }
  const wanted = nextRecord(previous, order)
  if (wanted === previous) return done
  await ahead()
  await connected(visit).writeJobRecord(wanted, previous?.epoch ?? null)
  visit.facts.record = wanted
  return done
}

function orderOf(visit: Visit, operation: Operation, previous: JobRecord | null): Order | null {
  const common = { identity: ownIdentity(visit), parallelism: operation.to ?? 0, operationId: operation.id }
  if (operation.kind === 'Suspend') {
    if (previous === null) return null
    const { planFingerprint, codeHash, stages, standbys } = previous
    return { ...common, planFingerprint, codeHash, stages, standbys, mode: 'stop' }
  }
  const release = known(visit, 'wanted')
  if (release === null) return null
  const topicsReady = visit.findings.get('TopicsReady')?.status === 'True'
  const now = topicsReady ? stagesOf(release, known(visit, 'topics'), visit.applicationId, previous) : null
  // Topics that are not as they should be hold up a new program, but not a job that only changes its size.
  const stages = now ?? (operation.kind === 'Rescale' ? previous?.stages : undefined)
  if (stages === undefined) return null
  const { standbys } = visit.job.spec.state
  return { ...common, planFingerprint: release.plan.fingerprint, codeHash: release.codeHash, stages, standbys, mode: 'run' }
}

/** Workers that have read the record say that they wait; one that does not answer has nothing to say before the deadline. */
async function committing({ visit, operation }: StepRun): Promise<StepResult> {
  const { clock, pods } = visit.world
  if (operation.deadline !== undefined && clock.now() >= Date.parse(operation.deadline)) return done
  const epoch = known(visit, 'record')?.epoch ?? 0
  // All at once: an answer may take seconds to stay away, and a visit has an end.
  const working = await Promise.all(
    known(visit, 'pods').map(async ({ metadata, status: { phase, podIP } = {} }) => {
      if (parsePodName(visit.owner.name, metadata.name) === null || podIP === undefined) return []
      if (metadata.deletionTimestamp !== undefined || phase !== 'Running') return []
      const status = await pods.status(podIP, visit.signal)
      const stopped = status !== null && (status.epoch ?? 0) >= epoch && status.tasks.length === 0 && quiet.has(status.state)
      return stopped ? [] : [metadata.name]
    }),
  )
  const names = working.flat()
  return names.length === 0 ? done : { kind: 'waiting', message: `${names.join(', ')} still to stop` }
}

const quiet: ReadonlySet<string> = new Set(['waiting', 'waiting-for-record', 'failed'])

async function scaleTo({ visit, ahead }: StepRun, replicas: number): Promise<StepResult> {
  const { kube } = visit.world
  const existing = known(visit, 'statefulSet')
  if (existing === null || existing.spec?.replicas === replicas) return done
  await ahead()
  const body = { metadata: await precondition(visit), spec: { replicas } }
  const at = place(visit, objectNames.statefulSet(visit.owner.name))
  visit.facts.statefulSet = await kube.patch(statefulSets, at, { kind: 'merge', body }, { signal: visit.signal })
  return done
}

async function draining({ visit, operation, ahead }: StepRun): Promise<StepResult> {
  const { kube } = visit.world
  const { owner, signal } = visit
  const keep = operation.kind === 'Rescale' ? (operation.to ?? 0) : 0
  // The StatefulSet first: whatever its controller made before it saw the new size is then in the list.
  const statefulSet = await kube.find(statefulSets, place(visit, objectNames.statefulSet(owner.name)), { signal })
  const { items } = await kube.list(podResource, { namespace: owner.namespace, labelSelector: workerSelector(owner.name) }, { signal })
  visit.facts.statefulSet = statefulSet
  const left = items.filter(({ metadata }) => (parsePodName(owner.name, metadata.name) ?? -1) >= keep)
  if (left.length > 0) {
    await ahead()
    if (statefulSet === null) await removeStrays(visit, left)
    const overdue = await releaseLostPods(visit, left)
    return { kind: 'waiting', message: overdue ?? `${left.map(({ metadata }) => metadata.name).join(', ')} still to go` }
  }
  // Its controller may not have seen the new size yet, and could still make pods of the old one.
  if (statefulSet !== null && (statefulSet.status?.observedGeneration ?? 0) < (statefulSet.metadata.generation ?? 0)) {
    return { kind: 'waiting', message: 'the StatefulSet has not been looked at yet' }
  }
  return done
}

/** Pods whose StatefulSet was deleted without them: nobody else would ever take them down. */
async function removeStrays(visit: Visit, left: readonly Stored<Pod>[]): Promise<void> {
  for (const { metadata } of left) {
    if (metadata.deletionTimestamp !== undefined) continue
    await visit.world.kube.delete(podResource, place(visit, metadata.name), { uid: metadata.uid, signal: visit.signal })
  }
}

async function evicting({ visit, operation, ahead }: StepRun): Promise<StepResult> {
  const gone = ordinals(keptOrdinals(operation), operation.from ?? 0)
  if (gone.length === 0) return done
  await ahead()
  await connected(visit).evict(gone.map((ordinal) => objectNames.pod(visit.owner.name, ordinal)))
  return done
}

async function resolving({ visit, operation, ahead }: StepRun): Promise<StepResult> {
  const gone = ordinals(operation.kind === 'Suspend' ? 0 : keptOrdinals(operation), operation.from ?? 0)
  if (gone.length === 0) return done
  await ahead()
  try {
    await connected(visit).resolveTransactions(gone)
  } catch (error) {
    found(
      visit,
      fails('TransactionsResolved', 'TransactionsOpen', `workers ${gone.join(', ')}: ${error instanceof Error ? error.message : String(error)}`),
    )
    throw error
  }
  found(visit, holds('TransactionsResolved', 'TransactionsClosed', ''))
  return done
}

function keptOrdinals({ kind, to }: Operation): number {
  return kind === 'Delete' ? 0 : (to ?? 0)
}

async function starting({ visit, operation, ahead }: StepRun): Promise<StepResult> {
  const { owner, job, world, signal } = visit
  const release = known(visit, 'wanted')
  const epoch = known(visit, 'record')?.epoch
  if (release === null || epoch === undefined) return { kind: 'waiting', message: 'there is no release to start' }
  await ahead()
  if (!(await makeRoom(visit))) return { kind: 'waiting', message: 'the StatefulSet of the former volumes is still to go' }
  const over = known(visit, 'statefulSet')
  const { metadata, ...desired } = statefulSet(owner, job.spec, release, { replicas: operation.to ?? 0, epoch, over })
  const guarded = { ...desired, metadata: { ...metadata, ...(await precondition(visit)) } }
  visit.facts.statefulSet = await world.kube.apply(statefulSets, guarded, { force: true, signal })
  visit.facts.current = release
  return done
}
