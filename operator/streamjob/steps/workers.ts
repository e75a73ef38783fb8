import { parsePodName } from '../../resources/names.ts'
import { next } from '../status/finding.ts'
import { releaseLostPods } from '../pods/lost.ts'
import { isReady } from '../pods/problems.ts'
import type { Step } from '../visit.ts'
import { found, known } from '../visit.ts'
import type { WorkerSeen } from '../pods/workers.ts'
import { restoredFinding, workersFinding } from '../pods/workers.ts'

/** How the workers are. Only those that are not ready are asked why. */
export const workers: Step = {
  name: 'workers',
  async run(visit) {
    const { world, owner, job, signal } = visit
    const pods = known(visit, 'pods').filter(({ metadata }) => parsePodName(owner.name, metadata.name) !== null)
    const seen: WorkerSeen[] = await Promise.all(
      pods.map(async (pod) => {
        const ip = pod.status?.podIP
        const silent = isReady(pod) || ip === undefined || pod.status?.phase !== 'Running'
        return { pod, status: silent ? null : await world.pods.status(ip, signal) }
      }),
    )
    const replicas = known(visit, 'statefulSet')?.spec?.replicas ?? null
    const ready = workersFinding(seen, { replicas, suspended: job.spec.suspend })
    const restored = restoredFinding(seen, ready, job.status?.epoch === undefined ? null : Number(job.status.epoch))
    found(visit, ready, ...(restored === null ? [] : [restored]))
    // An operation looks at those that it waits for itself.
    if (visit.operation === undefined) await releaseLostPods(visit, pods)
    return next
  },
}
