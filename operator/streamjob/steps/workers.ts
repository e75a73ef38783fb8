import type { PersistentVolumeClaim, Pod } from '../../kube/resources.ts'
import { parsePodName } from '../../resources/names.ts'
import { stateMount } from '../../resources/volume.ts'
import { ownClaims } from '../claims.ts'
import { next } from '../status/finding.ts'
import { releaseLostPods } from '../pods/lost.ts'
import { isReady } from '../pods/problems.ts'
import type { Step, Visit } from '../visit.ts'
import { found, known, replicasOf } from '../visit.ts'
import type { WorkerSeen } from '../pods/workers.ts'
import { restoredFinding, workersFinding } from '../pods/workers.ts'

/** How the workers are. Only those that are not ready are asked why. */
export const workers: Step = {
  name: 'workers',
  async run(visit) {
    const { world, owner, job, signal } = visit
    const pods = known(visit, 'pods').filter(({ metadata }) => parsePodName(owner.name, metadata.name) !== null)
    const unbound = await unboundClaims(visit, pods)
    const seen: WorkerSeen[] = await Promise.all(
      pods.map(async (pod) => {
        const ip = pod.status?.podIP
        const silent = isReady(pod) || ip === undefined || pod.status?.phase !== 'Running'
        return { pod, status: silent ? null : await world.pods.status(ip, signal), unbound: unbound.get(claimOf(pod)) }
      }),
    )
    const ready = workersFinding(seen, { replicas: replicasOf(visit), suspended: job.spec.suspend })
    const restored = restoredFinding(seen, ready, job.status?.epoch === undefined ? null : Number(job.status.epoch))
    found(visit, ready, ...(restored === null ? [] : [restored]))
    // An operation looks at those that it waits for itself.
    if (visit.operation === undefined) await releaseLostPods(visit, pods)
    return next
  },
}

/** Claims without a volume, by name; looked for only when a worker has no place to run yet. */
async function unboundClaims(visit: Visit, pods: readonly Pod[]): Promise<ReadonlyMap<string, PersistentVolumeClaim>> {
  if (!pods.some((pod) => pod.status?.phase === 'Pending' && claimOf(pod) !== '')) return new Map()
  const claims = (await ownClaims(visit)).filter(({ status }) => status?.phase !== 'Bound')
  return new Map(claims.map((claim) => [claim.metadata.name, claim]))
}

/** The name of the claim that the pod's state lies on; empty: none. */
function claimOf({ spec }: Pod): string {
  return spec?.volumes?.find(({ name }) => name === stateMount.name)?.persistentVolumeClaim?.claimName ?? ''
}
