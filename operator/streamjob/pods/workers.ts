import type { Reason } from '../../../crds/reasons.ts'
import { reasonOfErrorCode } from '../../../crds/reasons.ts'
import type { WorkerStatus } from '../../../runtime/protocol.ts'
import type { PersistentVolumeClaim, Pod } from '../../kube/resources.ts'
import type { Finding } from '../status/finding.ts'
import { fails, holds } from '../status/finding.ts'
import { configProblem, crash, isReady, pullProblem, unschedulable, volumeProblem, wasReady } from './problems.ts'

export interface WorkerSeen {
  readonly pod: Pod
  /** What it says of itself; null where it was not asked or did not answer. */
  readonly status: WorkerStatus | null
  /** Its claim, while that has no volume. */
  readonly unbound?: PersistentVolumeClaim | undefined
}

/** What the workers are to be. */
export interface WorkersWanted {
  /** Replicas of the StatefulSet; null: there is none. */
  readonly replicas: number | null
  readonly suspended: boolean
}

/** WorkersReady from what pods and workers say; the first worker with the clearest trouble speaks for all. Pure. */
export function workersFinding(workers: readonly WorkerSeen[], { replicas, suspended }: WorkersWanted): Finding {
  const ready = workers.filter(({ pod }) => isReady(pod)).length
  if (replicas === null || (replicas === 0 && suspended)) {
    const stopping = workers.length > 0
    return fails('WorkersReady', stopping ? 'WorkersStopping' : 'WorkersStarting', stopping ? `${workers.length} still to go` : 'not started')
  }
  if (replicas === 0) return holds('WorkersReady', 'ScaledToZero', 'no workers are wanted')
  if (ready >= replicas) return holds('WorkersReady', 'WorkersRunning', `${replicas} of ${replicas} workers are ready`)
  const troubles = workers.filter(({ pod }) => !isReady(pod)).flatMap(trouble)
  const worst = troubles.toSorted((a, b) => a.rank - b.rank)[0]
  const count = `${ready} of ${replicas} workers are ready`
  if (worst === undefined) return fails('WorkersReady', 'WorkersStarting', count)
  return fails('WorkersReady', worst.reason, `${count}; ${worst.worker}: ${worst.message}`)
}

/** Restored from what workers say, once they do; null: nothing new is known. */
export function restoredFinding(workers: readonly WorkerSeen[], ready: Finding, epoch: number | null): Finding | null {
  if (ready.reason === 'WorkersRunning' && epoch !== null) {
    return epoch === 1 ? holds('Restored', 'StartedFresh', '') : holds('Restored', 'RestoredFromChangelog', '')
  }
  const restoring = workers.filter(({ status }) => status?.state === 'restoring' || status?.tasks.some(({ state }) => state === 'restoring'))
  return restoring.length === 0 ? null : fails('Restored', 'Restoring', restoring.map(({ pod }) => pod.metadata.name).join(', '))
}

interface Trouble {
  readonly worker: string
  /** Low: certain and in need of somebody; high: it may be over in a moment. */
  readonly rank: number
  readonly reason: Reason
  readonly message: string
}

function trouble({ pod, status, unbound }: WorkerSeen): Trouble[] {
  const worker = pod.metadata.name
  const say = (rank: number, reason: Reason, message: string): Trouble[] => [{ worker, rank, reason, message }]
  if (status?.error) return say(0, reasonOfErrorCode(status.error.code), status.error.message)
  const pull = pullProblem(pod)
  if (pull !== null) return say(1, 'ImagePullFailed', pull)
  const config = configProblem(pod)
  if (config !== null) return say(1, /secret/i.test(config) ? 'SecretMissing' : 'PodsRefused', config)
  const crashed = crash(pod)
  if (crashed !== null) return say(2, 'WorkersCrashing', crashed)
  const volume = unbound === undefined ? null : volumeProblem(pod, unbound)
  if (volume !== null) return say(3, 'WaitingForVolume', volume)
  const homeless = unschedulable(pod)
  if (homeless !== null) return say(3, 'PodsUnschedulable', homeless)
  if (pod.metadata.deletionTimestamp !== undefined) return say(6, 'WorkersStopping', 'is being deleted')
  if (status === null) return say(5, 'WorkersStarting', 'starts')
  // The kubelet asks a new container whether it is ready every few seconds only.
  if (status.state === 'running' && !wasReady(pod)) return say(5, 'WorkersStarting', 'works, and the kubelet has yet to see it ready')
  if (status.state === 'running') return say(4, 'WorkersUnhealthy', 'works, but does not pass its readiness probe any more')
  return say(5, 'WorkersStarting', `${status.state}${status.reason === '' ? '' : `: ${status.reason}`}`)
}
