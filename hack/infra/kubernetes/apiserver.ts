import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { auditArguments, auditLog } from './audit.ts'
import { makeAccountKey, openssl } from '../machine/certificates.ts'
import { daemon, startDaemon, stopDaemon } from '../machine/daemon.ts'
import { kubeconfig } from './kubeconfig.ts'
import { kubernetesBinaries } from './native/binaries.ts'
import { needCommands } from '../machine/packages.ts'
import { stateOf, type Owner } from '../machine/paths.ts'
import { step } from '../progress.ts'
import { attempt } from '../machine/shell.ts'
import { canConnect, waitUntil } from '../machine/wait.ts'

/** An API server and etcd without any controller or node: objects are stored, validated and watched, and nothing acts on them. */
export interface ApiServer {
  readonly kubeconfig: string
  /** Null without the option. */
  readonly auditLog: string | null
}

/** Brings it up, empty; nothing happens when it runs. */
export async function apiServerUp(owner: Owner, options: { readonly audit?: boolean } = {}): Promise<ApiServer> {
  const running = runningApiServer(owner)
  if (running && (running.auditLog !== null) === (options.audit ?? false)) return running
  if (running) await apiServerDown(owner)
  await needCommands('certificates', [{ command: 'openssl', package: 'openssl' }])
  const binaries = await kubernetesBinaries()
  return await step(`API server on https://127.0.0.1:${ports[owner]}`, () => start(owner, binaries, options.audit ?? false))
}

/** Stops it and deletes its data. */
export async function apiServerDown(owner: Owner): Promise<void> {
  const directory = stateOf(owner, 'apiserver')
  if (!existsSync(directory)) return
  await step('API server stopped', async () => {
    await stopDaemon(directory, 'kube-apiserver', 'SIGKILL') // it would wait for watches to end
    await stopDaemon(directory, 'etcd', 'SIGKILL')
    await rm(directory, { recursive: true })
  })
}

/** The owner's, when it runs. */
export function runningApiServer(owner: Owner): ApiServer | null {
  const directory = stateOf(owner, 'apiserver')
  return daemon(directory, 'kube-apiserver') && daemon(directory, 'etcd') && existsSync(join(directory, 'kubeconfig')) ? handleOf(directory) : null
}

const handleOf = (directory: string): ApiServer => ({
  kubeconfig: join(directory, 'kubeconfig'),
  auditLog: existsSync(join(directory, 'audit-policy.json')) ? auditLog(directory) : null,
})

/** Of the API server; etcd has the next two. Below the ephemeral range. */
const ports: Readonly<Record<Owner, number>> = { test: 16_443, demo: 16_453, dev: 16_463 }

async function start(owner: Owner, binaries: string, audit: boolean): Promise<ApiServer> {
  const directory = stateOf(owner, 'apiserver')
  const port = ports[owner]
  for (const taken of [port, port + 1, port + 2]) {
    if (await canConnect('127.0.0.1', taken)) throw new Error(`port ${taken} is taken by another program`)
  }
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = (name: string): string => join(directory, name)
  const token = randomBytes(24).toString('hex')
  await makeKeys(directory)
  await writeFile(file('tokens.csv'), `${token},admin,admin,system:masters\n`)
  const [client, peer] = [`http://127.0.0.1:${port + 1}`, `http://127.0.0.1:${port + 2}`]
  startDaemon(directory, 'etcd', join(binaries, 'etcd'), [
    '--name=default',
    `--data-dir=${file('etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ])
  startDaemon(directory, 'kube-apiserver', join(binaries, 'kube-apiserver'), [
    `--etcd-servers=${client}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${file('tls.crt')}`,
    `--tls-private-key-file=${file('tls.key')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--disable-admission-plugins=ServiceAccount', // no controller would make the accounts that it asks for
    '--service-cluster-ip-range=10.0.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('accounts.pub')}`,
    `--service-account-signing-key-file=${file('accounts.key')}`,
    '--endpoint-reconciler-type=none',
    '--profiling=false',
    ...(audit ? await auditArguments(directory) : []),
  ])
  await writeFile(file('starting'), kubeconfig(`https://127.0.0.1:${port}`, await readFile(file('tls.crt'), 'utf8'), { token }), { mode: 0o600 })
  const ready = async (): Promise<boolean> =>
    (await attempt(join(binaries, 'kubectl'), ['--kubeconfig', file('starting'), 'get', '--raw', '/readyz'])).code === 0
  await waitUntil('the API server', () => canConnect('127.0.0.1', port), 60_000, { directory, names: ['etcd', 'kube-apiserver'] })
  await waitUntil('a ready API server', ready, 60_000, { directory, names: ['etcd', 'kube-apiserver'] })
  await rename(file('starting'), file('kubeconfig'))
  return handleOf(directory)
}

async function makeKeys(directory: string): Promise<void> {
  await makeAccountKey(directory)
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'tls.key']
  await openssl(directory, 'req', '-x509', ...key, '-out', 'tls.crt', '-days', '3650', '-subj', '/CN=apiserver', '-addext', names)
}
