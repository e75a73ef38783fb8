import { existsSync, readdirSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDaemon } from '../../machine/daemon.ts'
import { packLayer, writeImage } from '../../image/oci.ts'
import { attempt, run } from '../../machine/shell.ts'
import { waitUntil } from '../../machine/wait.ts'
import { pauseBinary } from './binaries.ts'
import { cgroup, files, network, nodeName } from './layout.ts'
import { kubeconfigOf, pki } from './pki.ts'

/** Starts containerd with a configuration, a state and a socket of its own, and loads the pause image. */
export async function startContainerd(): Promise<void> {
  const configuration = join(files.config, 'containerd.toml')
  for (const directory of [files.cni, files.volumes, files.podLogs, files.kubelet]) await mkdir(directory, { recursive: true })
  await writeFile(join(files.cni, '10-bridge.conflist'), JSON.stringify(bridgePlugin))
  await writeFile(configuration, containerdConfiguration)
  startDaemon(files.processes, 'containerd', 'containerd', ['--config', configuration])
  const answers = async (): Promise<boolean> => (await attempt('ctr', [...ctr, 'version'])).code === 0
  await waitUntil('containerd', answers, 30_000, { directory: files.processes, names: ['containerd'] })
  await importPauseImage()
}

/** Starts the kubelet, and the provisioner of its volumes. */
export async function startKubelet(binaries: string): Promise<void> {
  await makeCgroups()
  await writeFile(join(files.config, 'resolv.conf'), `nameserver ${network.host}\n`)
  const configuration = join(files.config, 'kubelet.json')
  await writeFile(configuration, JSON.stringify(kubeletConfiguration))
  startDaemon(files.processes, 'kubelet', join(binaries, 'kubelet'), [
    `--config=${configuration}`,
    `--kubeconfig=${kubeconfigOf('kubelet')}`,
    `--root-dir=${files.kubelet}`,
    `--cert-dir=${join(files.kubelet, 'pki')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${network.host}`,
  ])
  const provisioning = [`--kubeconfig=${files.kubeconfig}`, `--dir=${files.volumes}`, `--node=${nodeName}`]
  startDaemon(files.processes, 'local-provisioner', join(binaries, 'local-provisioner'), provisioning)
}

/** Makes an image known to the node. */
export async function importImage(archive: string): Promise<void> {
  await run('ctr', [...ctr, 'images', 'import', archive])
}

/** Arguments of ctr that lead to this containerd. */
export const ctr: readonly string[] = ['--address', files.containerd.socket, '--namespace', 'k8s.io']

const pauseName = 'localhost/streamjob-pause:1'

async function importPauseImage(): Promise<void> {
  const root = join(files.config, 'pause')
  await mkdir(root, { recursive: true })
  await copyFile(join(await pauseBinary(), 'pause'), join(root, 'pause'))
  const layer = await packLayer(root, join(files.config, 'pause-layer.tar'))
  await writeImage(files.pauseImage, pauseName, [layer], { Entrypoint: ['/pause'], User: '65535:65535' })
  await importImage(files.pauseImage)
}

/** A root of its own: a kubelet removes pod cgroups that it does not know. With cgroup v1 there is one in every hierarchy. */
async function makeCgroups(): Promise<void> {
  const root = '/sys/fs/cgroup'
  if (existsSync(join(root, 'cgroup.controllers'))) return void (await mkdir(join(root, cgroup), { recursive: true }))
  for (const hierarchy of readdirSync(root)) await mkdir(join(root, hierarchy, cgroup), { recursive: true })
  for (const set of ['cpuset.cpus', 'cpuset.mems']) await copyInto(join(root, 'cpuset', set), join(root, 'cpuset', cgroup, set))
}

async function copyInto(from: string, to: string): Promise<void> {
  if (existsSync(from)) await writeFile(to, await readFile(from))
}

const bridgePlugin = {
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: network.bridge,
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: join(files.cni, 'addresses'),
        ranges: [[{ subnet: network.pods, rangeStart: network.podRange[0], rangeEnd: network.podRange[1], gateway: network.host }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

const containerdConfiguration = `version = 2
root = "${files.containerd.root}"
state = "${files.containerd.state}"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${files.containerd.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseName}"
  stream_server_address = "127.0.0.1"
  disable_apparmor = true
  restrict_oom_score_adj = true # runc may not lower it where root lacks CAP_SYS_RESOURCE
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${files.cni}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`

const kubeletConfiguration = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address: network.host,
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: pki('ca.crt') } },
  authorization: { mode: 'Webhook' },
  tlsCertFile: pki('kubelet-serving.crt'),
  tlsPrivateKeyFile: pki('kubelet-serving.key'),
  containerRuntimeEndpoint: `unix://${files.containerd.socket}`,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${cgroup}`,
  failCgroupV1: false,
  failSwapOn: false,
  seccompDefault: true,
  clusterDomain: network.domain,
  clusterDNS: [network.host],
  resolvConf: join(files.config, 'resolv.conf'),
  healthzPort: 0,
  podLogsDir: files.podLogs,
  volumePluginDir: join(files.kubelet, 'volume-plugins'),
  serializeImagePulls: false,
  imageGCHighThresholdPercent: 100, // images are imported by hand: nobody could pull them again
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%', 'nodefs.inodesFree': '1%' },
  maxPods: 250,
  syncFrequency: '10s',
  nodeStatusUpdateFrequency: '5s',
  kubeAPIQPS: 100,
  kubeAPIBurst: 200,
  shutdownGracePeriod: '0s',
}
