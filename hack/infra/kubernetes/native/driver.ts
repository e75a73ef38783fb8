import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { auditLog } from '../audit.ts'
import type { Cluster, ClusterDriver, ClusterOptions } from '../driver.ts'
import { daemon } from '../../machine/daemon.ts'
import { engineIsUp } from '../kind/own-engine.ts'
import { MissingComponent } from '../../machine/missing.ts'
import { needCommands } from '../../machine/packages.ts'
import type { Owner } from '../../machine/paths.ts'
import { step } from '../../progress.ts'
import { attempt, run } from '../../machine/shell.ts'
import { waitUntil } from '../../machine/wait.ts'
import { corednsBinary, kubernetesBinaries, pauseBinary } from './binaries.ts'
import { startApiServer, startControllers, startProxy } from './control.ts'
import { startDns } from './dns.ts'
import { removeCluster } from './down.ts'
import { clusterDirectory, files, network, nodeName } from './layout.ts'
import { networkIsTaken, networkUp } from './network.ts'
import { importImage, startContainerd, startKubelet } from './node.ts'
import { makeCertificates } from './pki.ts'

/** A real one-node cluster as processes of this machine, for machines without Docker: Linux, root. One per machine. */
export const nativeDriver: ClusterDriver = {
  name: 'native',

  async up(owner, options) {
    const holder = await holderOf()
    if (holder !== null && holder !== owner) {
      throw new MissingComponent('the native cluster', `it is one per machine, and up for ${holder}: end that first (${endings[holder]}).`)
    }
    if (engineIsUp())
      throw new MissingComponent('the native cluster', 'kind is up with an engine of our own, and both want the packet filter: end it first.')
    const binaries = await prepare()
    if (isUp(options)) return handleOf(binaries)
    if (existsSync(clusterDirectory)) await step('what an earlier cluster has left is removed', removeCluster)
    if (networkIsTaken())
      throw new MissingComponent('the native cluster', `another program has made the network bridge ${network.bridge}: end that first.`)
    await mkdir(clusterDirectory, { recursive: true, mode: 0o755 })
    await writeFile(files.owner, owner)
    await start(binaries, options)
    return handleOf(binaries)
  },

  async down(owner) {
    if ((await holderOf()) === owner) await step('native cluster removed', removeCluster)
  },

  async running(owner) {
    return (await holderOf()) === owner && isUp() ? handleOf(await kubernetesBinaries()) : null
  },
}

async function prepare(): Promise<string> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new MissingComponent('the native cluster', 'run this as root on Linux.')
  await needCommands('the native cluster', [
    { command: 'containerd', package: 'containerd' },
    { command: 'runc', package: 'runc' },
    { command: '/usr/lib/cni/bridge', package: 'containernetworking-plugins' },
    { command: 'ip', package: 'iproute2' },
    { command: 'iptables', package: 'iptables' },
    { command: 'conntrack', package: 'conntrack' },
    { command: 'socat', package: 'socat' },
    { command: 'openssl', package: 'openssl' },
    { command: 'gcc', package: 'gcc' },
    { command: '/usr/include/stdlib.h', package: 'libc6-dev' },
  ])
  await corednsBinary()
  await pauseBinary()
  return await kubernetesBinaries()
}

async function start(binaries: string, { audit = false }: ClusterOptions): Promise<void> {
  const kubectl = (...args: string[]): Promise<string> => run(join(binaries, 'kubectl'), ['--kubeconfig', files.kubeconfig, ...args])
  const succeeds = async (...args: string[]): Promise<boolean> =>
    (await attempt(join(binaries, 'kubectl'), ['--kubeconfig', files.kubeconfig, ...args])).code === 0
  await step('certificates and network', () => Promise.all([makeCertificates(), networkUp()]))
  await step('containerd and API server', () => Promise.all([startContainerd(), startApiServer(binaries, audit)]))
  await step(`node ${nodeName}`, async () => {
    startControllers(binaries)
    await startKubelet(binaries)
    startProxy(binaries, nodeName)
    await startDns()
    await kubectl('apply', '--server-side', '-f', join(import.meta.dirname, 'base.yaml'))
    const ready = (): Promise<boolean> => succeeds('wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=1s')
    await waitUntil('a ready node', ready, 90_000, { directory: files.processes, names: ['kubelet', 'containerd', 'kube-controller-manager'] })
    await waitUntil('the default service account', () => succeeds('--namespace=default', 'get', 'serviceaccount', 'default'), 30_000)
  })
}

/** A cluster that was started without audit log does not do for one who needs it. */
function isUp({ audit = false }: ClusterOptions = {}): boolean {
  if (audit && !existsSync(join(clusterDirectory, 'audit-policy.json'))) return false
  return ['etcd', 'kube-apiserver', 'kubelet', 'containerd', 'kube-proxy', 'coredns'].every((name) => daemon(files.processes, name) !== null)
}

const handleOf = (binaries: string): Cluster => ({
  driver: 'native',
  kubeconfig: files.kubeconfig,
  binaries,
  hostAddress: network.host,
  auditLog: existsSync(join(clusterDirectory, 'audit-policy.json')) ? auditLog(clusterDirectory) : null,
  loadImage: importImage,
})

const holderOf = async (): Promise<Owner | null> => (existsSync(files.owner) ? ((await readFile(files.owner, 'utf8')) as Owner) : null)

const endings: Readonly<Record<Owner, string>> = {
  dev: 'hack/cluster down',
  demo: 'hack/demo down',
  test: 'hack/test ends it',
}
