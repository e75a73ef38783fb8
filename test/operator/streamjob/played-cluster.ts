/** Plays what a bare API server lacks: the StatefulSet controller, the garbage collector and the kubelet, as far as the operator can tell. */
import type { KubeClient } from '../../../operator/kube/client.ts'
import {
  persistentVolumeClaims,
  type PersistentVolumeClaim,
  pods,
  type Pod,
  type StatefulSet,
  statefulSets,
  type Stored,
} from '../../../operator/kube/resources.ts'
import { parsePodName } from '../../../operator/resources/names.ts'
import { isReady } from '../../../operator/streamjob/pods/problems.ts'

/** Brings the pods of every StatefulSet of the namespace to what it says, once. */
export async function playStatefulSets(kube: KubeClient, namespace: string): Promise<void> {
  const { items } = await kube.list(statefulSets, { namespace })
  for (const set of items) {
    if (set.metadata.deletionTimestamp === undefined) await playOne(kube, namespace, set)
    // Its pods have no owner by now.
    else await kube.patch(statefulSets, set.metadata, { kind: 'merge', body: { metadata: { finalizers: null } } })
  }
  await releaseClaims(kube, namespace)
}

/** A deleted claim is let go of once no pod has it. */
async function releaseClaims(kube: KubeClient, namespace: string): Promise<void> {
  const [claims, used] = await Promise.all([kube.list(persistentVolumeClaims, { namespace }), kube.list(pods, { namespace })])
  const names = new Set(used.items.flatMap(({ spec }) => spec?.volumes?.map((volume) => volume.persistentVolumeClaim?.claimName) ?? []))
  for (const { metadata } of claims.items) {
    if (metadata.deletionTimestamp === undefined || names.has(metadata.name)) continue
    await kube.patch(persistentVolumeClaims, metadata, { kind: 'merge', body: { metadata: { finalizers: null } } })
  }
}

async function playOne(kube: KubeClient, namespace: string, set: Stored<StatefulSet>): Promise<void> {
  const replicas = set.spec?.replicas ?? 1
  const { items } = await kube.list(pods, { namespace, labelSelector: 'streamjob.dev/component=worker' })
  const mine = items.filter((pod) => parsePodName(set.metadata.name, pod.metadata.name) !== null)
  for (const pod of mine) {
    if ((parsePodName(set.metadata.name, pod.metadata.name) ?? 0) >= replicas) await kube.delete(pods, pod.metadata, { gracePeriodSeconds: 0 })
  }
  for (let ordinal = 0; ordinal < replicas; ordinal++) {
    const name = `${set.metadata.name}-${ordinal}`
    const existing = mine.find((pod) => pod.metadata.name === name)
    if (existing === undefined) {
      await makeClaims(kube, namespace, set, name)
      await startPod(kube, namespace, set, name)
    } else if (!isReady(existing)) await makeReady(kube, existing)
  }
  const status = { replicas, observedGeneration: set.metadata.generation }
  if (set.status?.observedGeneration !== set.metadata.generation || set.status?.replicas !== replicas) {
    await kube.patch(statefulSets, set.metadata, { kind: 'merge', body: { status }, subresource: 'status' })
  }
}

async function makeClaims(kube: KubeClient, namespace: string, set: Stored<StatefulSet>, pod: string): Promise<void> {
  for (const template of set.spec?.volumeClaimTemplates ?? []) {
    // A claim template is a claim without its place.
    const { metadata, spec } = template as PersistentVolumeClaim
    const at = { namespace, name: `${metadata.name}-${pod}` }
    if ((await kube.find(persistentVolumeClaims, at)) !== null) continue
    const labels = { ...metadata.labels, ...set.spec?.selector.matchLabels }
    await kube.create(persistentVolumeClaims, { metadata: { ...metadata, ...at, labels }, ...(spec && { spec }) })
    const status = { phase: 'Bound', capacity: spec?.resources?.requests }
    await kube.patch(persistentVolumeClaims, at, { kind: 'merge', body: { status }, subresource: 'status' })
  }
}

async function startPod(kube: KubeClient, namespace: string, set: Stored<StatefulSet>, name: string): Promise<void> {
  const template = set.spec?.template
  const { labels, annotations } = template?.metadata ?? {}
  const metadata = { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) }
  const claimed = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata: { name: volume = '' } = {} }) => ({
    name: volume,
    persistentVolumeClaim: { claimName: `${volume}-${name}` },
  }))
  const volumes = [...(template?.spec?.volumes ?? []), ...claimed]
  // The template of a StatefulSet is what a pod is made of.
  await kube.create(pods, { metadata, spec: { ...template?.spec, volumes } } as Pod)
}

export async function makeReady(kube: KubeClient, pod: Stored<Pod>, podIP = '10.0.0.1'): Promise<void> {
  const status = {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }],
  }
  await kube.patch(pods, pod.metadata, { kind: 'merge', body: { status }, subresource: 'status' })
}
