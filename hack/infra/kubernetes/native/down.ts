import { readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { removeCgroups } from '../../machine/cgroups.ts'
import { daemon, daemons, stopDaemon } from '../../machine/daemon.ts'
import { attempt } from '../../machine/shell.ts'
import { cgroup, clusterDirectory, files } from './layout.ts'
import { networkDown } from './network.ts'
import { ctr } from './node.ts'

/** Stops every process of the cluster and removes all that it has left: pods, mounts, network, cgroups, files. Safe after half a start. */
export async function removeCluster(): Promise<void> {
  const { processes } = files
  // First who would start pods again, then the pods, then what stores them.
  const managers = ['local-provisioner', 'coredns', 'kube-proxy', 'kubelet', 'kube-scheduler', 'kube-controller-manager']
  await Promise.all(managers.map((name) => stopDaemon(processes, name)))
  await removeContainers()
  await stopDaemon(processes, 'kube-apiserver', 'SIGKILL') // it would wait for watches to end
  await stopDaemon(processes, 'etcd', 'SIGKILL') // its data go
  for (const name of daemons(processes)) await stopDaemon(processes, name)
  killShims()
  await unmountAll()
  await networkDown()
  removeCgroups(cgroup)
  await rm(clusterDirectory, { recursive: true, force: true })
}

async function removeContainers(): Promise<void> {
  if (!daemon(files.processes, 'containerd')) return
  const list = async (kind: string): Promise<readonly string[]> =>
    (await attempt('ctr', [...ctr, kind, 'ls', '-q'])).stdout.split('\n').filter((line) => line !== '')
  await Promise.all((await list('tasks')).map((id) => attempt('ctr', [...ctr, 'tasks', 'rm', '--force', id])))
  const containers = await list('containers')
  if (containers.length > 0) await attempt('ctr', [...ctr, 'containers', 'rm', ...containers])
}

/** Shims outlive their containerd; ours name its socket. */
function killShims(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const command = readIfThere(`/proc/${pid}/cmdline`).split('\0')
    if (command[0]?.includes('containerd-shim') && command.includes(files.containerd.socket)) killIfThere(Number(pid))
  }
}

async function unmountAll(): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${clusterDirectory}/`))
  for (const path of mounts.sort().reverse()) await attempt('umount', ['-l', path])
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended meanwhile
  }
}
