import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removeCgroups } from '../../machine/cgroups.ts'
import { startDaemon, stopDaemon } from '../../machine/daemon.ts'
import { dockerRuns } from '../docker.ts'
import { nativeSources } from '../../machine/go.ts'
import { MissingComponent } from '../../machine/missing.ts'
import { files as nativeCluster } from '../native/layout.ts'
import { removeRules } from '../native/network.ts'
import { needCommands } from '../../machine/packages.ts'
import { step } from '../../progress.ts'
import { attempt, environment } from '../../machine/shell.ts'
import { waitUntil } from '../../machine/wait.ts'
import { engineDirectory as directory, engineIsUp } from './own-engine.ts'

/** A Docker engine. */
export interface Engine {
  /** For docker and kind. */
  readonly env: Readonly<Record<string, string>>
  /** Whether we started it: then there is no registry, and it ends with its last cluster. */
  readonly own: boolean
}

/** The machine's engine where one runs; else, as root on Debian, its package started by hand on a socket of its own. */
export async function engineUp(): Promise<Engine> {
  const running = await runningEngine()
  if (running) return running
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new MissingComponent('Docker', 'start it; kind runs in it.')
  if (existsSync(nativeCluster.owner))
    throw new MissingComponent('Docker', 'the native cluster is up, and both want the packet filter: end it first.')
  await needCommands('a Docker engine for kind', [
    { command: 'dockerd', package: 'docker.io' },
    { command: '/usr/bin/docker', package: 'docker.io' },
    { command: 'debootstrap', package: 'debootstrap' },
    { command: 'jq', package: 'jq' },
    { command: 'ip', package: 'iproute2' },
  ])
  return await step('Docker engine', start)
}

/** The engine when one answers, the machine's first. */
export async function runningEngine(): Promise<Engine | null> {
  if (await dockerRuns()) return { env: {}, own: false }
  return engineIsUp() ? ownEngine : null
}

/** Stops our own engine, if there is one, and removes what it has left. */
export async function engineDown(): Promise<void> {
  if (!existsSync(directory)) return
  await step('Docker engine stopped', async () => {
    await attempt('docker', ['network', 'rm', 'kind'], { env: ownEngine.env })
    await stopDaemon(directory, 'dockerd', 'SIGTERM', 30_000)
    await attempt('ip', ['link', 'del', 'docker0'])
    for (const family of ['iptables', 'ip6tables']) {
      await removeRules(family, /DOCKER|docker0| br-/)
      await attempt(family, ['-P', 'FORWARD', 'ACCEPT'])
    }
    removeCgroups('docker')
    await rm(directory, { recursive: true, force: true })
  })
}

const socket = join(directory, 'docker.sock')
const programs = join(directory, 'bin')

const ownEngine: Engine = {
  own: true,
  // Debian's client: another program of the name may stand before it on the path.
  env: { DOCKER_HOST: `unix://${socket}`, PATH: `${programs}:${environment()['PATH'] ?? ''}` },
}

async function start(): Promise<Engine> {
  await mkdir(programs, { recursive: true })
  await rm(join(programs, 'docker'), { force: true })
  await symlink('/usr/bin/docker', join(programs, 'docker'))
  const configuration = join(directory, 'daemon.json')
  await writeFile(configuration, JSON.stringify(await configurationOf()))
  startDaemon(directory, 'dockerd', 'dockerd', ['--config-file', configuration])
  const answers = async (): Promise<boolean> => (await attempt('docker', ['version'], { env: ownEngine.env })).code === 0
  await waitUntil('the Docker engine', answers, 60_000, { directory, names: ['dockerd'] })
  return ownEngine
}

async function configurationOf(): Promise<object> {
  const base = {
    'data-root': join(directory, 'data'),
    'exec-root': join(directory, 'exec'),
    pidfile: join(directory, 'engine.id'),
    hosts: [`unix://${socket}`],
    'storage-driver': 'overlay2',
    'userland-proxy': false,
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
  }
  if (rootMayDoEverything()) return base
  const runtime = join(nativeSources, 'runc-without-sys-resource')
  await chmod(runtime, 0o755)
  return { ...base, runtimes: { limited: { path: runtime } }, 'default-runtime': 'limited' }
}

/** Whether root has CAP_SYS_RESOURCE, which a privileged container would be given. */
function rootMayDoEverything(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  const sysResource = 24n
  return ((BigInt(`0x${effective}`) >> sysResource) & 1n) === 1n
}
