/** Pods that are being deleted on a node that does not confirm it: nobody else may end the wait for them. */
import { annotations } from '../../../crds/names.ts'
import { isForbidden } from '../../kube/errors.ts'
import { type Node, nodes, pods, type Pod, type Stored } from '../../kube/resources.ts'
import { parsePodName } from '../../resources/names.ts'
import type { Finding } from '../status/finding.ts'
import { fails } from '../status/finding.ts'
import type { Visit } from '../visit.ts'
import { found, place } from '../visit.ts'

/** How long a pod may take to go before its node is looked at: the grace that workers have, and some more. */
const confirmedWithinMs = 45_000

/**
 * Deletes by force the workers among `seen` that their node will never confirm: where the node is gone, or not ready and tainted out of service, and
 * where the pod's annotation asks for it. Others that are overdue are named in WorkersReady, with what somebody can do; answers that message, or null.
 * What may still run there is fenced: the next worker of that name takes its place in the group and its transactional id.
 */
export async function releaseLostPods(visit: Visit, seen: readonly Stored<Pod>[]): Promise<string | null> {
  const { world, owner, signal } = visit
  const going = seen.filter(({ metadata }) => metadata.deletionTimestamp !== undefined && parsePodName(owner.name, metadata.name) !== null)
  const overdue: string[] = []
  for (const { pod, forMs } of observed(visit, going)) {
    const asked = pod.metadata.annotations?.[annotations.forceDelete] === 'true'
    const state = asked ? 'asked' : forMs < confirmedWithinMs ? 'in time' : await nodeOf(visit, pod)
    if (state === 'asked' || state === 'lost') {
      visit.log.warn('a pod is deleted by force', { pod: pod.metadata.name, node: pod.spec?.nodeName, asked })
      await world.kube.delete(pods, place(visit, pod.metadata.name), { uid: pod.metadata.uid, gracePeriodSeconds: 0, signal })
    } else if (state !== 'in time') overdue.push(`${pod.metadata.name} on the node ${pod.spec?.nodeName} (${state})`)
  }
  if (overdue.length === 0) return null
  const finding = nodeLost(overdue)
  found(visit, finding)
  return finding.message
}

function nodeLost(overdue: readonly string[]): Finding {
  const cure = `If the machine is off for good, delete the node or taint it ${outOfService}; or, sure that the pod does not run, annotate it ${annotations.forceDelete}: "true"`
  return fails('WorkersReady', 'NodeLost', `not confirmed to have stopped: ${overdue.join(', ')}; this waits for the node to come back. ${cure}`)
}

const outOfService = 'node.kubernetes.io/out-of-service'

/** For how long this operator has seen each of them go, on its own clock; what it no longer sees is forgotten. */
function observed({ world, owner }: Visit, going: readonly Stored<Pod>[]) {
  const memory = world.memory.of(owner.uid)
  const now = world.clock.monotonic()
  memory.going = new Map(going.map(({ metadata }) => [metadata.uid, memory.going.get(metadata.uid) ?? now]))
  return going.map((pod) => ({ pod, forMs: now - (memory.going.get(pod.metadata.uid) ?? now) }))
}

/** `lost`, or how the node is in words. */
async function nodeOf({ world, signal }: Visit, pod: Pod): Promise<string> {
  const name = pod.spec?.nodeName
  if (name === undefined) return 'in time'
  try {
    const node = await world.kube.find(nodes, { name }, { signal })
    if (node === null) return 'lost'
    if (isReady(node)) return 'ready, but slow to answer'
    return node.spec?.taints?.some(({ key }) => key === outOfService) ? 'lost' : 'not ready'
  } catch (error) {
    // An operator of some namespaces may not look at nodes: there the annotation alone counts.
    if (isForbidden(error)) return 'which this operator may not look at'
    throw error
  }
}

function isReady(node: Node): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}
