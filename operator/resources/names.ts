/** Names of the objects of a job, all derived from its own, which has at most 40 characters. */
export const objectNames = {
  /** Pods are called after it (`JOB-0`), and a pod's name is its worker's group.instance.id. */
  statefulSet: (job: string): string => job,
  service: (job: string): string => `${job}-workers`,
  serviceAccount: (job: string): string => `${job}-workers`,
  podDisruptionBudget: (job: string): string => `${job}-workers`,
  networkPolicy: (job: string): string => `${job}-workers`,
  /** The ConfigMap of a release. */
  release: (job: string, hash: string): string => `${job}-${hash}`,
  /** Planning pod and its ConfigMap. */
  planner: (job: string, hash: string): string => `${job}-plan-${hash}`,
  pod: (job: string, ordinal: number): string => `${job}-${ordinal}`,
} as const

/** The ordinal of a worker's pod or group.instance.id; null when it is not one of this job. */
export function parsePodName(job: string, name: string): number | null {
  if (!name.startsWith(`${job}-`)) return null
  const rest = name.slice(job.length + 1)
  return /^(0|[1-9]\d{0,5})$/.test(rest) ? Number(rest) : null
}
