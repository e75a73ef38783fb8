import { appendFile, chmod, copyFile, glob, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { kubernetesVersion } from '../native/binaries.ts'
import { run } from '../../machine/shell.ts'
import { componentImages, type Parts } from './component-images.ts'
import { loadImagesUnit, networkPlugin, storageManifest } from './node-files.ts'

/** Makes the file tree of a node: Debian with systemd, kind's scripts from its Go module, our Kubernetes, and the images of its components. */
export async function makeNodeRoot(root: string, parts: Parts, kindVersion: string): Promise<void> {
  await run('debootstrap', ['--variant=minbase', `--include=${packages.join(',')}`, release, root])
  await addKindScripts(root, kindVersion)
  await removeUnits(root)
  await addKubernetes(root, parts.kubernetes)
  await relaxLimits(root)
  await addServices(root)
  await componentImages(join(root, 'kind/images'), parts)
}

/** What the result depends on, besides versions. */
export const nodeRecipe: readonly string[] = [loadImagesUnit, storageManifest, JSON.stringify(networkPlugin), 'layout 1']

const release = 'bookworm'

const packages = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'conntrack',
  'iptables',
  'iproute2',
  'ethtool',
  'kmod',
  'libseccomp2',
  'procps',
  'containerd',
  'runc',
  'containernetworking-plugins',
  'jq',
  'curl',
  'ca-certificates',
  'socat',
  'hostname',
  'mount',
]

async function addKindScripts(root: string, kindVersion: string): Promise<void> {
  const module = JSON.parse(await run('go', ['mod', 'download', '-json', `sigs.k8s.io/kind@v${kindVersion}`])) as { readonly Dir: string }
  for (const part of ['usr', 'etc', 'kind']) {
    await run('cp', ['-r', '--no-preserve=mode', join(module.Dir, 'images/base/files', part), root])
  }
  for await (const script of glob(['usr/local/bin/*', 'kind/bin/*'], { cwd: root })) await chmod(join(root, script), 0o755)
}

/** A node starts what it needs, and nothing that Debian would start besides. */
async function removeUnits(root: string): Promise<void> {
  const unwanted = [
    'lib/systemd/system/multi-user.target.wants/*',
    'etc/systemd/system/*.wants/*',
    'lib/systemd/system/local-fs.target.wants/*',
    'lib/systemd/system/sockets.target.wants/*{udev,initctl}*',
    'lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service',
  ]
  for (const unit of await Array.fromAsync(glob(unwanted, { cwd: root }))) await rm(join(root, unit))
}

async function addKubernetes(root: string, kubernetes: string): Promise<void> {
  await copyFile(join(kubernetes, 'hyperkube'), join(root, 'usr/bin/hyperkube'))
  await chmod(join(root, 'usr/bin/hyperkube'), 0o755)
  for (const name of ['kubelet', 'kubeadm', 'kubectl']) await symlink('hyperkube', join(root, 'usr/bin', name))
  await put(root, 'kind/version', `v${kubernetesVersion}\n`)
  await put(root, 'etc/cni/net.d/10-bridge.conflist', JSON.stringify(networkPlugin))
  await mkdir(join(root, 'opt/cni'), { recursive: true })
  await symlink('/usr/lib/cni', join(root, 'opt/cni/bin'))
  await symlink('/usr/bin/containerd', join(root, 'usr/local/bin/containerd'))
  await mkdir(join(root, 'etc/kubernetes/manifests'), { recursive: true })
  await put(root, 'kind/manifests/default-storage.yaml', storageManifest)
}

/** Where root lacks CAP_SYS_RESOURCE nothing may raise a limit or lower an out-of-memory score. */
async function relaxLimits(root: string): Promise<void> {
  await edit(join(root, 'etc/systemd/system/containerd.service'), (text) => text.replaceAll(/^(Limit|OOMScore|TasksMax).*\n/gm, ''))
  await edit(join(root, 'etc/containerd/config.toml'), (text) =>
    text
      .replaceAll(/^.*base_runtime_spec.*\n/gm, '')
      .replace('restrict_oom_score_adj = false', 'restrict_oom_score_adj = true')
      .replace(/sandbox_image = .*/, 'sandbox_image = "localhost/pause:1"'),
  )
  await appendFile(join(root, 'etc/systemd/journald.conf'), 'ReadKMsg=no\n')
}

async function addServices(root: string): Promise<void> {
  await put(root, 'etc/systemd/system/load-images.service', loadImagesUnit)
  await rm(join(root, 'etc/systemd/system/systemd-binfmt.service'), { force: true })
  await symlink('/dev/null', join(root, 'etc/systemd/system/systemd-binfmt.service'))
  const wants = join(root, 'etc/systemd/system/multi-user.target.wants')
  await mkdir(wants, { recursive: true })
  for (const unit of ['kubelet', 'containerd', 'load-images', 'undo-mount-hacks']) {
    await symlink(`/etc/systemd/system/${unit}.service`, join(wants, `${unit}.service`))
  }
}

async function put(root: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

const edit = async (file: string, change: (text: string) => string): Promise<void> => writeFile(file, change(await readFile(file, 'utf8')))
