import { apiVersion, fieldManager, kinds, labels as names } from '../../crds/names.ts'
import type { ObjectMeta } from '../kube/resources.ts'

/** The StreamJob that owns an object. */
export interface Owner {
  readonly name: string
  readonly namespace: string
  readonly uid: string
}

/** What a pod of a job is for. */
export type Component = 'worker' | 'planner'

/** Name, labels and the owner reference by which Kubernetes collects the object when the job is gone. */
export function ownedMetadata(owner: Owner, name: string, component: Component = 'worker'): ObjectMeta & { readonly namespace: string } {
  return {
    name,
    namespace: owner.namespace,
    labels: labelsOf(owner.name, component),
    ownerReferences: [{ apiVersion, kind: kinds.StreamJob.kind, name: owner.name, uid: owner.uid, controller: true, blockOwnerDeletion: true }],
  }
}

/** Labels by which the pods of one job and component are selected. They never change: a StatefulSet's selector is immutable. */
export function selectorLabels(job: string, component: Component): Record<string, string> {
  return { [names.job]: job, [names.component]: component }
}

/** The selector of a job's workers as text, for the scale subresource and for list requests. */
export function workerSelector(job: string): string {
  return Object.entries(selectorLabels(job, 'worker'))
    .map(([label, value]) => `${label}=${value}`)
    .join(',')
}

/** All labels of an object of a job. */
export function labelsOf(job: string, component: Component): Record<string, string> {
  return {
    [names.name]: 'streamjob',
    [names.instance]: job,
    [names.managedBy]: fieldManager,
    ...selectorLabels(job, component),
  }
}

/** Whether an existing object belongs to this job; an object of the same name that does not is never touched. */
export function isOwned(object: { readonly metadata: ObjectMeta }, owner: Owner): boolean {
  return object.metadata.ownerReferences?.some((reference) => reference.uid === owner.uid) ?? false
}
