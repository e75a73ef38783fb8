/** Our resources in a test's API server. */
import { type CustomResourceDefinition, customResourceDefinitions } from '../../crds/crd.ts'
import { group, kinds, version } from '../../crds/names.ts'
import type { KubeClient } from '../../operator/kube/client.ts'
import { type KubeObject, resource, type Resource } from '../../operator/kube/resources.ts'
import { eventually } from './eventually.ts'

/** Any object of these kinds, right or wrong. */
export interface AnyResource extends KubeObject {
  readonly spec?: unknown
  readonly status?: unknown
}

export const streamJobs = resource<AnyResource>(group, version, kinds.StreamJob.plural, kinds.StreamJob.kind)
export const savepoints = resource<AnyResource>(group, version, kinds.Savepoint.plural, kinds.Savepoint.kind)

/** Applies both definitions and waits until the API server serves them; several test files may do so at once. */
export async function installDefinitions(client: KubeClient): Promise<void> {
  for (const definition of customResourceDefinitions()) await client.apply(definitions, definition, { force: true })
  for (const kind of [streamJobs, savepoints]) {
    await eventually(async () => (await client.list(kind, { namespace: 'default' })) !== null, { what: `${kind.plural} being served` })
  }
}

const definitions: Resource<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
