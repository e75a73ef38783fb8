import type { PersistentVolumeClaim, Pod } from '../../kube/resources.ts'
import { sizeOf } from '../../resources/volume.ts'

/** Reasons by which the kubelet says that it has no image; while it tries again they alternate. */
const pullReasons: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError'])

/** Why a container of the pod has no image, in the kubelet's words; null when none waits for one. */
export function pullProblem(pod: Pod): string | null {
  for (const { image, state } of containers(pod)) {
    const waiting = state?.waiting
    if (waiting?.reason !== undefined && pullReasons.has(waiting.reason)) return `image ${image}: ${waiting.message ?? waiting.reason}`
  }
  return null
}

/** Why a container can't be made although its image is there: a missing Secret or key, for example. */
export function configProblem(pod: Pod): string | null {
  for (const { state } of containers(pod)) {
    const waiting = state?.waiting
    if (waiting?.reason === 'CreateContainerConfigError' || waiting?.reason === 'CreateContainerError' || waiting?.reason === 'RunContainerError') {
      return waiting.message ?? waiting.reason
    }
  }
  return null
}

/** The last words of a container that ends again and again. */
export function crash(pod: Pod): string | null {
  for (const { restartCount, state, lastState } of containers(pod)) {
    const ended = state?.terminated ?? lastState?.terminated
    if (ended === undefined || (state?.waiting?.reason !== 'CrashLoopBackOff' && restartCount < 3) || state?.running !== undefined) continue
    const words = (ended.message ?? '').trim().split('\n').at(-1)?.slice(0, 500)
    return `exit code ${ended.exitCode}, ${restartCount} restarts${words ? `: ${words}` : ''}`
  }
  return null
}

/** The scheduler's words about a pod that it has no node for. */
export function unschedulable(pod: Pod): string | null {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  return condition?.status === 'False' ? (condition.message ?? condition.reason ?? 'no node') : null
}

/** Why a pod waits for a volume, with the scheduler's words if it has any; null when it waits for something else first, or has all that it needs. */
export function volumeProblem(pod: Pod, claim: PersistentVolumeClaim): string | null {
  const words = unschedulable(pod)
  // A volume is often made only where the pod is to run: one that no node takes for another reason has none because of that.
  if (words !== null && !/volume|storageclass/i.test(words)) return null
  const { phase = 'Pending' } = claim.status ?? {}
  const of = `of ${sizeOf(claim)}, ${storageClassIn(claim)}`
  if (phase === 'Lost') return `its claim ${claim.metadata.name} ${of} has lost its volume; delete the claim and the pod, and both are made anew`
  return `its claim ${claim.metadata.name} ${of} has no volume yet${words === null ? '' : ` (${words})`}`
}

function storageClassIn({ spec }: PersistentVolumeClaim): string {
  return spec?.storageClassName === undefined ? 'without a StorageClass, as the cluster has no default,' : `StorageClass ${spec.storageClassName},`
}

/** Whether the pod answers its readiness probe and is not about to go. */
export function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined && pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  )
}

/** Whether the pod has been ready since its containers run. Both times are the kubelet's. */
export function wasReady(pod: Pod): boolean {
  const changed = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime
  const started = (pod.status?.containerStatuses ?? []).map(({ state }) => state?.running?.startedAt)
  return changed !== undefined && started.every((at) => at !== undefined && Date.parse(changed) > Date.parse(at))
}

function containers(pod: Pod) {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
}
