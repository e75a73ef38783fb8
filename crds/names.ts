/** Names that the resources bring into a cluster: group, kinds, labels, annotations, finalizers. */

export const group = 'streamjob.dev'
export const version = 'v1alpha1'
export const apiVersion = `${group}/${version}` as const

/** How each resource is called, by its kind. */
export const kinds = {
  StreamJob: { kind: 'StreamJob', listKind: 'StreamJobList', plural: 'streamjobs', singular: 'streamjob', shortNames: ['sj'] },
  Savepoint: { kind: 'Savepoint', listKind: 'SavepointList', plural: 'savepoints', singular: 'savepoint', shortNames: ['ssp'] },
} as const
export type Kind = keyof typeof kinds

/** Labels on everything the operator makes for a job. */
export const labels = {
  /** The job's name; with `component` it is the selector of the workers. */
  job: `${group}/job`,
  /** `worker` or `planner`. */
  component: `${group}/component`,
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  partOf: 'app.kubernetes.io/part-of',
  managedBy: 'app.kubernetes.io/managed-by',
} as const

/** Annotations; the first group is set by users, the second by the operator. */
export const annotations = {
  /** On a StreamJob: the uid that the job record may still carry; the user's word that this resource takes the job over. */
  adopt: `${group}/adopt`,
  /** On a pod that is being deleted: `true` asks the operator to delete it by force although its node did not confirm. */
  forceDelete: `${group}/force-delete`,

  /** On a StreamJob: the operator installation that manages it; two never manage one job. */
  claimedBy: `${group}/claimed-by`,
  /** On a pod template: hash of everything whose change needs new workers. */
  restartHash: `${group}/restart-hash`,
  /** On a pod template: epoch of the job record that the template was written for. */
  epoch: `${group}/epoch`,
} as const

/** Finalizers; each covers only what lies outside Kubernetes. */
export const finalizers = {
  /** On a StreamJob: consumer group, open transactions, internal topics. */
  kafka: `${group}/kafka`,
  /** On a Savepoint whose files go with it. */
  files: `${group}/savepoint-files`,
} as const

/** Field manager of the operator's server-side apply, and `spec.controller` of its events. */
export const fieldManager = 'streamjob-operator'

/** The container of a worker pod that runs the job; `spec.pod.template` patches it by this name. */
export const workerContainer = 'worker'

/** A StreamJob's name: pod names, and labels that hold them, need the rest of the 63 characters. */
export const maxNameLength = 40

/**
 * Segments that an applicationId may not contain behind its first dot, so that no job's names can look like another's.
 * The runtime's own list must be equal; a test compares them.
 */
export const reservedSegments = ['job', 'late', 'dlq', 'changelog', 'repartition', 'worker', 'operator'] as const
