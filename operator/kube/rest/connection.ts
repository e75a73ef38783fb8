/** Where the API server is and how a request proves who it comes from. */
import { readFile } from 'node:fs/promises'
import type { Agent } from 'node:http'
import type { RequestOptions } from 'node:https'
import type { Clock } from '../../clock.ts'

export interface Connection {
  /** Base URL, with the path prefix that some proxies need. */
  readonly server: URL
  /** The namespace that the context or the pod names; null when none does. */
  readonly namespace: string | null
  /** Headers and TLS material for the next request; `renew` after the server refused the last ones. */
  credentials(renew: boolean): Promise<Credentials>
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'rejectUnauthorized' | 'servername'>
  /** Set when the way to the server leads through a proxy. */
  readonly agent?: Agent
}

/** Where a service account is mounted in a pod. */
export const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/** From inside a pod. The kubelet replaces the token every hour or so, and the CA now and then: both are read again. */
export async function inClusterConnection(options: { host: string; port: string; folder?: string; clock: Clock }): Promise<Connection> {
  const folder = options.folder ?? serviceAccountFolder
  const rereadAfterMs = 10_000
  let cached: { at: number; credentials: Credentials } | null = null
  const namespace = await readFile(`${folder}/namespace`, 'utf8').then(
    (text) => text.trim(),
    () => null,
  )
  return {
    server: new URL(`https://${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`),
    namespace,
    async credentials(renew) {
      const now = options.clock.monotonic()
      if (cached !== null && !renew && now - cached.at < rereadAfterMs) return cached.credentials
      const [token, ca] = await Promise.all([readFile(`${folder}/token`, 'utf8'), readFile(`${folder}/ca.crt`)])
      cached = { at: now, credentials: { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } } }
      return cached.credentials
    },
  }
}

/** From a kubeconfig file, with whatever way of authentication it names. */
export async function kubeconfigConnection(options: { path: string; context?: string }): Promise<Connection> {
  // Loaded only here: the client library costs half a second and 90 MB, which a pod never needs.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromFile(options.path)
  if (options.context !== undefined) config.setCurrentContext(options.context)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error(`The kubeconfig ${options.path} names no cluster in its context '${config.getCurrentContext()}'`)
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? null,
    async credentials() {
      const request: RequestOptions = { headers: {} }
      await config.applyToHTTPSOptions(request)
      const { ca, cert, key, passphrase, pfx, rejectUnauthorized, servername } = request
      const tls = Object.fromEntries(
        Object.entries({ ca, cert, key, passphrase, pfx, rejectUnauthorized, servername }).filter(([, value]) => value !== undefined),
      ) as Credentials['tls']
      const headers = Object.fromEntries(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]))
      if (typeof request.auth === 'string') headers['authorization'] ??= `Basic ${Buffer.from(request.auth).toString('base64')}`
      return { headers, tls, ...(cluster.proxyUrl !== undefined && request.agent ? { agent: request.agent as Agent } : {}) }
    },
  }
}
