import { annotations } from '../../../crds/names.ts'
import { maxWorkers } from '../../../crds/spec/autoscaling.ts'
import type { Operation } from '../../../crds/streamjob-status.ts'
import { statefulSets } from '../../kube/resources.ts'
import { statefulSet, templateMetadataAnnotation } from '../../resources/stateful-set.ts'
import { templateMetadataHash } from '../../resources/release.ts'
import { volumeOf } from '../../resources/volume.ts'
import { endFor, next } from '../status/finding.ts'
import { carryOut } from '../operations/engine.ts'
import { stagesOf } from '../operations/job-record.ts'
import type { Need } from '../operations/need.ts'
import { neededOperation } from '../operations/need.ts'
import { precondition } from '../operations/precondition.ts'
import { mayBeReplaced, operationTable } from '../operations/table.ts'
import type { Step, Visit } from '../visit.ts'
import { known } from '../visit.ts'
import { ownIdentity } from './connect.ts'

/** Goes on with the operation under way, or begins the one that is needed. */
export const operate: Step = {
  name: 'operate',
  async run(visit) {
    const operation = visit.operation === undefined ? begin(visit) : await renewed(visit, visit.operation)
    if (operation === null) {
      await renewTemplateMetadata(visit)
      return next
    }
    const waiting = await carryOut(visit, operation)
    return endFor(waiting === null ? 0 : pollMs(visit))
  },
}

/** When to ask pods and workers again for which an operation waits: soon, and less and less often the longer the step takes. */
function pollMs({ operation, world }: Visit): number {
  const since = operation?.stepStartedAt ?? operation?.startedAt ?? ''
  const waitedMs = world.clock.now() - Date.parse(since)
  return Math.min(30_000, Math.max(1_000, waitedMs / 8))
}

function begin(visit: Visit): Operation | null {
  const need = needOf(visit)
  return need === null ? null : operationOf(need, known(visit, 'record')?.epoch ?? 0, visit.world.clock.now())
}

/** The operation under way, or what takes its place: another one that the spec asks for by now, written down at once, or none. */
async function renewed(visit: Visit, running: Operation): Promise<Operation | null> {
  const record = known(visit, 'record')
  if (!mayBeReplaced(running, record?.operationId ?? null)) return running
  const need = needOf(visit)
  if (need === null) {
    if (!visit.job.spec.suspend) return running
    // It was to leave a state that is wanted again, and has not yet.
    await visit.saveOperation(undefined)
    return null
  }
  if (isSame(need, running)) return running
  // Workers that the one before was to take leave of are still to be taken leave of.
  const from = Math.max(need.from, running.from ?? 0)
  const operation = operationOf({ ...need, from }, record?.epoch ?? 0, visit.world.clock.now())
  await visit.saveOperation(operation)
  return operation
}

function isSame({ kind, to, release, volumeSize }: Need, running: Operation): boolean {
  const inputs = running.inputs ?? {}
  return kind === running.kind && to === running.to && release === (inputs['release'] ?? null) && volumeSize === inputs['volumeSize']
}

function needOf(visit: Visit): Need | null {
  const { job } = visit
  const wanted = known(visit, 'wanted')
  const existing = known(visit, 'statefulSet')
  const record = known(visit, 'record')
  const ready = visit.findings.get('TopicsReady')?.status === 'True'
  return neededOperation({
    suspend: job.spec.suspend,
    parallelism: job.spec.parallelism,
    standbys: job.spec.state.standbys,
    wanted: wanted && { hash: wanted.hash, codeHash: wanted.codeHash, fingerprint: wanted.plan.fingerprint },
    record,
    identity: ownIdentity(visit),
    stages: wanted !== null && ready ? stagesOf(wanted, known(visit, 'topics'), visit.applicationId, record) : null,
    volumeSize: job.spec.state.volume?.size ?? null,
    statefulSet: existing && {
      replicas: existing.spec?.replicas ?? 1,
      volumeSize: volumeOf(existing)?.size ?? null,
      releaseHash: existing.spec?.template.metadata?.annotations?.[annotations.restartHash] ?? null,
    },
  })
}

/** The operation's id is made of what it begins from, so that beginning it again after a crash is the same operation. */
export function operationOf({ kind, from, to, release, volumeSize }: Need, epoch: number, now: number): Operation {
  return {
    kind,
    id: `${kind.toLowerCase()}-${epoch + 1}`,
    step: operationTable[kind].steps[0] ?? '',
    // Somebody may have scaled the StatefulSet beyond what status can say; members beyond it leave the group by themselves.
    from: Math.min(from, maxWorkers),
    to,
    startedAt: instant(now),
    ...(release !== null && { inputs: { release, ...(volumeSize !== undefined && { volumeSize }) } }),
  }
}

function instant(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

/** Labels and annotations of the author change the template without an operation: pods take them on when they are made again. */
async function renewTemplateMetadata(visit: Visit): Promise<void> {
  const existing = known(visit, 'statefulSet')
  const release = known(visit, 'current')
  const epoch = existing?.spec?.template.metadata?.annotations?.[annotations.epoch]
  if (existing === null || release === null || epoch === undefined || known(visit, 'program')?.hash !== release.hash) return
  if (existing.spec?.template.metadata?.annotations?.[templateMetadataAnnotation] === templateMetadataHash(visit.job.spec)) return
  const options = { replicas: existing.spec?.replicas ?? 0, epoch: Number(epoch), over: existing }
  const { metadata, ...desired } = statefulSet(visit.owner, visit.job.spec, release, options)
  const guarded = { ...desired, metadata: { ...metadata, ...(await precondition(visit)) } }
  await visit.world.kube.apply(statefulSets, guarded, { force: true, signal: visit.signal })
}
