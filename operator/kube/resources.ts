/**
 * What the API server speaks about: raw JSON objects, and a table of the resources that the operator uses.
 * The types are those of the Kubernetes client with its renaming and its dates taken back, so that they say what is on the wire.
 */
import type {
  EventsV1Event,
  V1ConfigMap,
  V1Lease,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1Secret,
  V1Service,
  V1ServiceAccount,
  V1StatefulSet,
} from '@kubernetes/client-node'

/** How a kind is addressed; `T` is the shape of its objects. */
export interface Resource<T extends KubeObject> {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never set: carries the type. */
  readonly [shape]?: T
}
declare const shape: unique symbol

/** Any object of the API. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** An object as the API server gives it: with identity and version. */
export type Stored<T extends KubeObject> = T & { readonly metadata: T['metadata'] & StoredMeta }
export interface StoredMeta {
  readonly uid: string
  readonly resourceVersion: string
  readonly creationTimestamp: string
}

/** A condition of a status, as metav1.Condition. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

/** A class of the Kubernetes client as JSON: dates are strings, names lose the underscore that keywords got. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Name in keyof T as Name extends `_${infer Bare}` ? Bare : Name]: Json<T[Name]> }
      : T

type Built<T> = Omit<Json<T>, 'apiVersion' | 'kind' | 'metadata'> & KubeObject

export type ConfigMap = Built<V1ConfigMap>
export type Event = Built<EventsV1Event>
export type Lease = Built<V1Lease>
export type Namespace = Built<V1Namespace>
export type NetworkPolicy = Built<V1NetworkPolicy>
export type Node = Built<V1Node>
export type PersistentVolumeClaim = Built<V1PersistentVolumeClaim>
export type Pod = Built<V1Pod>
export type PodDisruptionBudget = Built<V1PodDisruptionBudget>
export type Secret = Built<V1Secret>
export type Service = Built<V1Service>
export type ServiceAccount = Built<V1ServiceAccount>
export type StatefulSet = Built<V1StatefulSet>

/** A namespaced resource; for kinds that are not in the table below. */
export function resource<T extends KubeObject>(group: string, version: string, plural: string, kind: string): Resource<T> {
  return { group, version, plural, kind, namespaced: true }
}

export const configMaps = resource<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap')
export const persistentVolumeClaims = resource<PersistentVolumeClaim>('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim')
export const pods = resource<Pod>('', 'v1', 'pods', 'Pod')
export const secrets = resource<Secret>('', 'v1', 'secrets', 'Secret')
export const serviceAccounts = resource<ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount')
export const services = resource<Service>('', 'v1', 'services', 'Service')
export const statefulSets = resource<StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet')
export const podDisruptionBudgets = resource<PodDisruptionBudget>('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget')
export const networkPolicies = resource<NetworkPolicy>('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy')
export const leases = resource<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease')
export const events = resource<Event>('events.k8s.io', 'v1', 'events', 'Event')
export const nodes: Resource<Node> = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false }
export const namespaces: Resource<Namespace> = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false }

/** `apps/v1`, or `v1` in the core group. */
export function apiVersionOf(resource: Resource<KubeObject>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}

/** The name of an object in queues, caches and logs: `namespace/name`, or `name` outside namespaces. */
export type Key = string

export function keyOf(object: { readonly metadata: { readonly name: string; readonly namespace?: string } }): Key {
  const { namespace, name } = object.metadata
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** The inverse of keyOf; the namespace is empty outside namespaces. */
export function parseKey(key: Key): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
