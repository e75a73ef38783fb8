/** A real API server for tests: its kubeconfig is named by the environment. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '../../operator/clock.ts'
import type { KubeClient } from '../../operator/kube/client.ts'
import { type KubeObject, namespaces, type Resource, resource } from '../../operator/kube/resources.ts'
import { createKubeClient, type KubeClientOptions } from '../../operator/kube/rest/client.ts'
import { type Connection, kubeconfigConnection } from '../../operator/kube/rest/connection.ts'
import { eventually } from './eventually.ts'

export function testKubeconfig(): string {
  const path = process.env['STREAMJOB_TEST_KUBECONFIG']
  if (path === undefined || path === '') throw new Error('STREAMJOB_TEST_KUBECONFIG names no kubeconfig; start an API server with hack/apiserver up')
  return path
}

/** Credentials and address of the test server. */
export const testConnection = (): Promise<Connection> => kubeconfigConnection({ path: testKubeconfig() })

/** A client of the test server, without a limit that would slow tests. */
export async function testClient(options: Partial<KubeClientOptions> = {}): Promise<KubeClient> {
  return createKubeClient(await testConnection(), { clock: systemClock, qps: 1_000, burst: 1_000, ...options })
}

/** A namespace of its own for one test. A bare API server has nobody who empties namespaces: it stays until the server goes. */
export async function testNamespace(client: KubeClient): Promise<string> {
  const name = `test-${randomUUID().slice(0, 13)}`
  await client.create(namespaces, { metadata: { name } })
  return name
}

/** A made-up kind with status and any fields, new to this server: its watch cache begins now, so that older versions are gone. */
export interface Thing extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

export async function testKind(client: KubeClient): Promise<Resource<Thing>> {
  const group = `t${randomUUID().slice(0, 8)}.test`
  const names = { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' }
  const any = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: any, status: any } } }
  const version = { name: 'v1', served: true, storage: true, schema, subresources: { status: {} } }
  await client.create(definitions, { metadata: { name: `things.${group}` }, spec: { group, names, scope: 'Namespaced', versions: [version] } })
  const things = resource<Thing>(group, 'v1', 'things', 'Thing')
  await eventually(() => client.list(things), { what: 'the new kind' })
  return things
}

const definitions: Resource<KubeObject & { readonly spec: unknown }> = {
  ...resource('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition'),
  namespaced: false,
}
