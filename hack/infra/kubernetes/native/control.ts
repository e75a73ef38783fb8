import { join } from 'node:path'
import { auditArguments } from '../audit.ts'
import { startDaemon } from '../../machine/daemon.ts'
import { attempt } from '../../machine/shell.ts'
import { waitUntil } from '../../machine/wait.ts'
import { clusterDirectory, files, network } from './layout.ts'
import { kubeconfigOf, pki } from './pki.ts'

/** Starts etcd and the API server and waits until it is ready. */
export async function startApiServer(binaries: string, audit: boolean): Promise<void> {
  startDaemon(files.processes, 'etcd', join(binaries, 'etcd'), etcdArguments)
  const auditing = audit ? await auditArguments(clusterDirectory) : []
  startDaemon(files.processes, 'kube-apiserver', join(binaries, 'kube-apiserver'), [...apiServerArguments, ...auditing])
  const ready = async (): Promise<boolean> =>
    (await attempt(join(binaries, 'kubectl'), ['--kubeconfig', files.kubeconfig, '--request-timeout=2s', 'get', '--raw', '/readyz'])).code === 0
  await waitUntil('the API server', ready, 90_000, { directory: files.processes, names: ['etcd', 'kube-apiserver'] })
}

/** Starts the controllers and the scheduler. */
export function startControllers(binaries: string): void {
  startDaemon(files.processes, 'kube-controller-manager', join(binaries, 'kube-controller-manager'), [
    ...clientArguments('controller-manager'),
    `--root-ca-file=${pki('ca.crt')}`,
    `--service-account-private-key-file=${pki('accounts.key')}`,
    '--use-service-account-credentials=true',
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    '--allocate-node-cidrs=false',
    `--cluster-cidr=${network.pods}`,
  ])
  startDaemon(files.processes, 'kube-scheduler', join(binaries, 'kube-scheduler'), clientArguments('scheduler'))
}

/** Makes ClusterIPs work. */
export function startProxy(binaries: string, node: string): void {
  startDaemon(files.processes, 'kube-proxy', join(binaries, 'kube-proxy'), [
    `--kubeconfig=${kubeconfigOf('proxy')}`,
    `--hostname-override=${node}`,
    '--proxy-mode=iptables',
    `--cluster-cidr=${network.pods}`,
    '--conntrack-max-per-core=0', // these settings belong to the machine
    '--conntrack-tcp-timeout-established=0',
    '--conntrack-tcp-timeout-close-wait=0',
    '--healthz-bind-address=127.0.0.1:10256',
    '--metrics-bind-address=127.0.0.1:10249',
    `--nodeport-addresses=${network.pods}`,
  ])
}

const etcdArguments = [
  '--name=default',
  `--data-dir=${files.etcd}`,
  '--listen-client-urls=http://127.0.0.1:2379',
  '--advertise-client-urls=http://127.0.0.1:2379',
  '--listen-peer-urls=http://127.0.0.1:2380',
  '--initial-advertise-peer-urls=http://127.0.0.1:2380',
  '--initial-cluster=default=http://127.0.0.1:2380',
  '--unsafe-no-fsync',
  '--log-level=warn',
  '--auto-compaction-retention=1h',
]

const apiServerArguments = [
  '--etcd-servers=http://127.0.0.1:2379',
  `--bind-address=${network.host}`,
  `--advertise-address=${network.host}`,
  `--secure-port=${network.apiPort}`,
  `--service-cluster-ip-range=${network.services}`,
  '--authorization-mode=Node,RBAC',
  '--enable-admission-plugins=NodeRestriction',
  '--allow-privileged=true',
  `--client-ca-file=${pki('ca.crt')}`,
  `--tls-cert-file=${pki('apiserver.crt')}`,
  `--tls-private-key-file=${pki('apiserver.key')}`,
  `--kubelet-certificate-authority=${pki('ca.crt')}`,
  `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
  `--kubelet-client-key=${pki('kubelet-client.key')}`,
  '--kubelet-preferred-address-types=InternalIP',
  // Without these the controllers complain every few seconds.
  `--requestheader-client-ca-file=${pki('front-proxy-ca.crt')}`,
  '--requestheader-allowed-names=front-proxy-client',
  '--requestheader-username-headers=X-Remote-User',
  '--requestheader-group-headers=X-Remote-Group',
  '--requestheader-extra-headers-prefix=X-Remote-Extra-',
  `--proxy-client-cert-file=${pki('front-proxy-client.crt')}`,
  `--proxy-client-key-file=${pki('front-proxy-client.key')}`,
  `--service-account-issuer=https://kubernetes.default.svc.${network.domain}`,
  `--service-account-key-file=${pki('accounts.pub')}`,
  `--service-account-signing-key-file=${pki('accounts.key')}`,
  '--endpoint-reconciler-type=lease',
  '--profiling=false',
]

/** The quotas let the controllers make all their service accounts at once: the default one of a namespace comes seconds earlier. */
const clientArguments = (name: string): readonly string[] => [
  ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map((flag) => `--${flag}=${kubeconfigOf(name)}`),
  '--kube-api-qps=300',
  '--kube-api-burst=600',
  '--bind-address=127.0.0.1',
  '--leader-elect=false',
  '--profiling=false',
]
