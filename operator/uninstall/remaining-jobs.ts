import { annotations } from '../../crds/names.ts'
import type { KubeClient } from '../kube/client.ts'
import { isNotFound } from '../kube/errors.ts'
import { keyOf, type KubeObject, type Resource } from '../kube/resources.ts'
import { streamJobs } from '../streamjob/visit.ts'

/**
 * The StreamJobs, as `namespace/name` in order, that an operator would leave with nobody to finish their deletion: those in its namespaces (null: all)
 * but for what another installation has claimed. A cluster without the kind has none.
 */
export async function remainingJobs(
  kube: KubeClient,
  operator: { readonly operatorId: string; readonly namespaces: readonly string[] | null },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const scopes = operator.namespaces?.map((namespace) => ({ namespace })) ?? [{}]
  const lists = await Promise.all(scopes.map((scope) => listOrNone(kube, streamJobs, scope, signal)))
  return lists
    .flat()
    .filter(({ metadata }) => (metadata.annotations?.[annotations.claimedBy] ?? operator.operatorId) === operator.operatorId)
    .map(keyOf)
    .toSorted()
}

/** Why the operator may not be uninstalled, and what to do; null when nothing is left. */
export function refusal(jobs: readonly string[]): string | null {
  if (jobs.length === 0) return null
  const named = jobs.slice(0, 20).map((job) => `  ${job}`)
  const more = jobs.length > named.length ? [`  and ${jobs.length - named.length} more`] : []
  return [
    `not uninstalled: ${jobs.length} StreamJob${jobs.length === 1 ? ' needs' : 's need'} this operator to be deleted cleanly:`,
    ...named,
    ...more,
    'Delete them first (kubectl delete streamjob --namespace NAMESPACE NAME), or go on without: helm uninstall --no-hooks',
  ].join('\n')
}

async function listOrNone<T extends KubeObject>(kube: KubeClient, resource: Resource<T>, scope: { namespace?: string }, signal: AbortSignal) {
  try {
    return (await kube.list(resource, scope, { signal })).items
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}
