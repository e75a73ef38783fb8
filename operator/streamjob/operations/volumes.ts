/** Steps about the workers' volumes. What lies on them is a cache: to lose one costs time, never correctness. */
import { isForbidden, isInvalid } from '../../kube/errors.ts'
import { persistentVolumeClaims, type PersistentVolumeClaim, statefulSets, type Stored } from '../../kube/resources.ts'
import { objectNames, parsePodName } from '../../resources/names.ts'
import { compareQuantities } from '../../resources/quantity.ts'
import { podSettings } from '../../resources/release.ts'
import { statefulSet } from '../../resources/stateful-set.ts'
import { isSameKind, parseClaimName, sizeOf, type Volume, volumeOf } from '../../resources/volume.ts'
import { fails } from '../status/finding.ts'
import { ownClaims } from '../claims.ts'
import { found, known, place, type Visit } from '../visit.ts'
import { ordinals } from './job-record.ts'
import { precondition } from './precondition.ts'
import type { StepResult, StepRun } from './steps.ts'

/** Deletes the claims of ordinals that are gone for good, and all that the workers to come could not take over. Kubernetes lets go of each when no pod has it. */
export async function discarding({ visit, operation, ahead }: StepRun): Promise<StepResult> {
  const wanted = volumeOfWanted(visit)
  const before = volumeOf(known(visit, 'statefulSet'))
  const keep = operation.to ?? 0
  const unwanted = (await ownClaims(visit)).filter(({ metadata, spec }) => {
    if (metadata.deletionTimestamp !== undefined) return false
    const ordinal = parseClaimName(visit.owner.name, metadata.name)
    if (ordinal === null || ordinal >= keep || wanted === undefined) return true
    // A claim does not tell whether its class was asked for or is the cluster's default: for that there is the StatefulSet that made it.
    const asked = wanted.storageClassName
    return asked === undefined ? before?.storageClassName !== undefined : asked !== spec?.storageClassName
  })
  if (unwanted.length === 0) return done
  await ahead()
  for (const { metadata } of unwanted) {
    await visit.world.kube.delete(persistentVolumeClaims, place(visit, metadata.name), { uid: metadata.uid, signal: visit.signal })
  }
  return done
}

/** Asks for more where a claim asks for less than the operation is to make it. */
export async function growing({ visit, operation, ahead }: StepRun): Promise<StepResult> {
  const size = operation.inputs?.['volumeSize'] ?? ''
  const made = new Set(known(visit, 'pods').map(({ metadata }) => parsePodName(visit.owner.name, metadata.name)))
  const missing = ordinals(0, operation.to ?? 0).filter((ordinal) => !made.has(ordinal))
  // Until its pod is there, a claim of the old size may still be made.
  if (missing.length > 0) return { kind: 'waiting', message: `workers ${missing.join(', ')} are not made yet` }
  const smaller = (await ownClaims(visit)).filter((claim) => (compareQuantities(sizeOf(claim) ?? '', size) ?? 0) < 0)
  for (const claim of smaller) {
    await ahead()
    const refusal = await grow(visit, claim, size)
    if (refusal === null) continue
    found(
      visit,
      fails('Ready', 'VolumeNotGrown', `${claim.metadata.name} stays at ${sizeOf(claim)}: ${refusal}; the workers go on with what they have`),
    )
    return { kind: 'waiting', message: refusal }
  }
  return done
}

/** What the API server has against it: the class does not allow it, the claim has no volume yet, a quota; null: nothing. */
async function grow({ world, owner, signal }: Visit, { metadata }: Stored<PersistentVolumeClaim>, storage: string): Promise<string | null> {
  const { name, uid, resourceVersion } = metadata
  const body = { metadata: { uid, resourceVersion }, spec: { resources: { requests: { storage } } } }
  try {
    await world.kube.patch(persistentVolumeClaims, { namespace: owner.namespace, name }, { kind: 'merge', body }, { signal })
    return null
  } catch (error) {
    if (isForbidden(error) || isInvalid(error)) return error.message
    throw error
  }
}

/** Makes the StatefulSet anew with the size that its claims have by now: what it makes claims from can't be changed. Its pods stay, and are adopted. */
export async function replacing({ visit, operation, ahead }: StepRun): Promise<StepResult> {
  const { owner, job, world, signal } = visit
  const release = known(visit, 'wanted')
  const epoch = known(visit, 'record')?.epoch
  const volumeSize = operation.inputs?.['volumeSize'] ?? ''
  if (release === null || epoch === undefined) return { kind: 'waiting', message: 'there is no release to make it of' }
  const existing = known(visit, 'statefulSet')
  if (existing !== null) {
    if (compareQuantities(volumeOf(existing)?.size ?? '', volumeSize) === 0) return done
    await ahead()
    if (!(await takeAway(visit, 'Orphan'))) return { kind: 'waiting', message: 'the StatefulSet is being taken away without its pods' }
  }
  await ahead()
  const { metadata, ...desired } = statefulSet(owner, job.spec, release, { replicas: operation.to ?? 0, epoch, volumeSize })
  const guarded = { ...desired, metadata: { ...metadata, ...(await precondition(visit)) } }
  visit.facts.statefulSet = await world.kube.apply(statefulSets, guarded, { force: true, signal })
  visit.facts.current = release
  return done
}

/** Takes a StatefulSet away whose claims are of another kind than the workers to come need; it has no pods any more. False: it is still there. */
export async function makeRoom(visit: Visit): Promise<boolean> {
  const existing = known(visit, 'statefulSet')
  return existing === null || isSameKind(volumeOf(existing), volumeOfWanted(visit)) || (await takeAway(visit, 'Background'))
}

/** Deletes the StatefulSet that this visit has decided upon; false: Kubernetes is not done with that yet. */
async function takeAway(visit: Visit, propagation: 'Orphan' | 'Background'): Promise<boolean> {
  const { kube } = visit.world
  const { owner, signal } = visit
  const at = place(visit, objectNames.statefulSet(owner.name))
  if (known(visit, 'statefulSet')?.metadata.deletionTimestamp === undefined) {
    await kube.delete(statefulSets, at, { ...(await precondition(visit)), propagation, signal })
  }
  visit.facts.statefulSet = await kube.find(statefulSets, at, { signal })
  return visit.facts.statefulSet === null
}

function volumeOfWanted(visit: Visit): Volume | undefined {
  const release = known(visit, 'wanted')
  return release === null ? visit.job.spec.state.volume : (release.pods ?? podSettings(visit.job.spec)).volume
}

const done: StepResult = { kind: 'done' }
