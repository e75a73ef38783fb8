import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { inClusterConnection, kubeconfigConnection } from '../../../operator/kube/rest/connection.ts'
import { ManualClock } from './manual-clock.ts'

async function folder(files: Record<string, string>): Promise<AsyncDisposable & { path: string; write(name: string, text: string): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'streamjob-kube-'))
  const write = (name: string, text: string): Promise<void> => writeFile(join(path, name), text)
  for (const [name, text] of Object.entries(files)) await write(name, text)
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

test('a pod reads its token again after ten seconds, and at once when the server refused it', async (t) => {
  await using account = await folder({ token: 'one\n', 'ca.crt': 'CA', namespace: 'shop\n' })
  const clock = new ManualClock()
  const connection = await inClusterConnection({ host: '10.0.0.1', port: '443', folder: account.path, clock })
  const token = async (renew: boolean): Promise<string | undefined> => (await connection.credentials(renew)).headers['authorization']
  t.is(connection.namespace, 'shop')
  t.is(await token(false), 'Bearer one')
  await account.write('token', 'two')
  t.is(await token(false), 'Bearer one')
  t.is(await token(true), 'Bearer two')
  await account.write('token', 'three')
  await clock.advance(10_000)
  t.is(await token(false), 'Bearer three')
})

test('an IPv6 address of the API server is put in brackets', async (t) => {
  const connection = await inClusterConnection({ host: 'fd00::1', port: '6443', folder: '/nowhere', clock: new ManualClock() })
  t.is(connection.server.href, 'https://[fd00::1]:6443/')
})

test('a kubeconfig gives address, namespace, CA and token of its current context', async (t) => {
  const ca = Buffer.from('CERTIFICATE').toString('base64')
  await using files = await folder({
    config: `
apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: 'https://example.test:6443/prefix', certificate-authority-data: ${ca} } }]
users: [{ name: u, user: { token: secret } }]
contexts: [{ name: other, context: { cluster: c, user: u } }, { name: main, context: { cluster: c, user: u, namespace: shop } }]
current-context: main
`,
  })
  const connection = await kubeconfigConnection({ path: join(files.path, 'config') })
  const { headers, tls } = await connection.credentials(false)
  t.deepEqual([connection.server.href, connection.namespace], ['https://example.test:6443/prefix', 'shop'])
  t.deepEqual([headers['authorization'], String(tls.ca)], ['Bearer secret', 'CERTIFICATE'])
  t.is((await kubeconfigConnection({ path: join(files.path, 'config'), context: 'other' })).namespace, null)
})
