import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { artefact } from '../../machine/cache.ts'
import { goBuild, goSourceHash, nativeSources, needGo } from '../../machine/go.ts'
import { run } from '../../machine/shell.ts'

/** Of every cluster that hack/ starts. 1.34 is the last whose kubelet accepts cgroup v1. */
export const kubernetesVersion = '1.34.4'

/** The directory of hyperkube and its names: kube-apiserver, kubelet, kubectl, etcd and so on. */
export async function kubernetesBinaries(): Promise<string> {
  await needGo('Kubernetes')
  return await artefact({
    name: 'kubernetes',
    version: kubernetesVersion,
    recipe: [await goSourceHash('hyperkube'), versionFlags, ...programs],
    title: `Kubernetes ${kubernetesVersion} built from its Go modules (8 minutes the first time)`,
    make: async (draft) => {
      await goBuild('hyperkube', draft, versionFlags)
      for (const program of programs) await symlink('hyperkube', join(draft, program))
    },
  })
}

/** The directory of coredns. */
export async function corednsBinary(): Promise<string> {
  await needGo('CoreDNS')
  return await artefact({
    name: 'coredns',
    version: '1.14.3',
    recipe: [await goSourceHash('coredns')],
    title: 'CoreDNS built from its Go modules (2 minutes the first time)',
    make: (draft) => goBuild('coredns', draft),
  })
}

/** The directory of pause, a static program. */
export async function pauseBinary(): Promise<string> {
  const source = join(nativeSources, 'pause.c')
  return await artefact({
    name: 'pause',
    version: '1',
    recipe: [await readFile(source, 'utf8')],
    title: 'pause compiled',
    make: async (draft) => void (await run('gcc', ['-Os', '-static', '-s', '-o', join(draft, 'pause'), source])),
  })
}

const programs = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
  'kubeadm',
  'etcd',
  'local-provisioner',
]

/** Kubernetes takes its version from the linker; the build date is fixed, so that the same sources give the same bytes. */
const versionFlags = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  .flatMap((path) => {
    const [major, minor] = kubernetesVersion.split('.')
    const values = {
      gitVersion: `v${kubernetesVersion}`,
      gitMajor: major,
      gitMinor: minor,
      gitTreeState: 'clean',
      gitCommit: '0'.repeat(40),
      buildDate: '2026-01-01T00:00:00Z',
    }
    return Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`)
  })
  .join(' ')
