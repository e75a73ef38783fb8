/** The chart on an API server: its objects, and calls in the name of the operator's account. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { systemClock } from '../../operator/clock.ts'
import type { KubeClient } from '../../operator/kube/client.ts'
import { type KubeObject, leases, namespaces, pods, type Resource, resource } from '../../operator/kube/resources.ts'
import { createKubeClient } from '../../operator/kube/rest/client.ts'
import { eventually } from '../support/eventually.ts'
import { testConnection, testKubeconfig } from '../support/kube.ts'
import { release, type Rendered } from './helm.ts'

/** How the objects of the chart are addressed. */
export function resourceOf({ apiVersion, kind }: Rendered): Resource<KubeObject> {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/', 2) as [string, string]) : ['', apiVersion]
  const plural = kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`
  return { ...resource<KubeObject>(group, version, plural.toLowerCase(), kind), namespaced: !clusterScoped.has(kind) }
}

const clusterScoped: ReadonlySet<string> = new Set(['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition'])

/**
 * Makes the roles, bindings and accounts of a release in `namespace`, and a client with the rights of its operator; resolves once the server knows them
 * all.
 */
export async function grant(admin: KubeClient, objects: readonly Rendered[], namespace: string): Promise<KubeClient> {
  const rights = objects.filter(({ apiVersion, kind }) => apiVersion.startsWith('rbac.') || kind === 'ServiceAccount')
  for (const object of rights) await admin.apply(resourceOf(object), object, { force: true })
  const client = await clientAs(userOf(namespace, release.fullname))
  const watched = objects.flatMap(({ kind, metadata }) => (kind === 'Role' && metadata.namespace !== namespace ? [metadata.namespace ?? ''] : []))
  // Roles and bindings reach the authorizer by watches of their own.
  await eventually(
    async () => {
      await client.get(namespaces, { name: 'kube-system' })
      for (const name of watched) await client.list(pods, { namespace: name })
      await client.find(leases, { namespace, name: release.fullname })
      return true
    },
    { what: 'the rights of the operator' },
  )
  return client
}

/** The user that a service account is to the API server. */
export const userOf = (namespace: string, account: string): string => `system:serviceaccount:${namespace}:${account}`

/** A kubeconfig in `folder` by which a process calls as that user; answers its path. */
export async function kubeconfigAs(user: string, folder: string): Promise<string> {
  const config = parse(await readFile(testKubeconfig(), 'utf8')) as { users: { user: Record<string, unknown> }[] }
  const users = config.users.map((entry) => ({ ...entry, user: { ...entry.user, as: user } }))
  const path = join(folder, 'kubeconfig')
  await writeFile(path, stringify({ ...config, users }), { mode: 0o600 })
  return path
}

/** A client whose calls are judged by the rights of that user. */
async function clientAs(user: string): Promise<KubeClient> {
  const connection = await testConnection()
  const credentials = async (renew: boolean) => {
    const own = await connection.credentials(renew)
    return { ...own, headers: { ...own.headers, 'impersonate-user': user } }
  }
  return createKubeClient({ ...connection, credentials }, { clock: systemClock, qps: 1_000, burst: 1_000 })
}
