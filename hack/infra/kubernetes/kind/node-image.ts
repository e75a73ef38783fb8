import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { artefact } from '../../machine/cache.ts'
import { goSourceHash } from '../../machine/go.ts'
import { corednsBinary, kubernetesBinaries, kubernetesVersion, pauseBinary } from '../native/binaries.ts'
import { needCommands } from '../../machine/packages.ts'
import { step } from '../../progress.ts'
import { attempt, run } from '../../machine/shell.ts'
import type { Engine } from './engine.ts'
import { makeNodeRoot, nodeRecipe } from './node-root.ts'

/** kind's release, and that of the sources its node image is made with. */
export const kindVersion = '0.33.0'

/** The name of a node image made of Debian, kind's own scripts and our Kubernetes, for engines without a registry. Known to the engine. */
export async function ownNodeImage(engine: Engine): Promise<string> {
  const name = `localhost/streamjob-node:v${kubernetesVersion}`
  const directory = await nodeArchive()
  if ((await attempt('docker', ['image', 'inspect', name], { env: engine.env })).code !== 0) {
    await step(`node image ${name} imported`, async () => {
      const changes = ['ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]', 'ENV container=docker'].flatMap((change) => ['--change', change])
      await run('docker', ['import', ...changes, join(directory, 'node.tar'), name], { env: engine.env })
    })
  }
  return name
}

async function nodeArchive(): Promise<string> {
  await needCommands('the node image of kind', [
    { command: 'debootstrap', package: 'debootstrap' },
    { command: 'busybox', package: 'busybox' },
    { command: '/usr/sbin/xtables-nft-multi', package: 'iptables' },
    { command: 'conntrack', package: 'conntrack' },
  ])
  const parts = { kubernetes: await kubernetesBinaries(), coredns: await corednsBinary(), pause: await pauseBinary() }
  return await artefact({
    name: 'kind-node',
    version: kubernetesVersion,
    recipe: [kindVersion, await goSourceHash('hyperkube'), await goSourceHash('coredns'), ...nodeRecipe],
    title: `node image for kind ${kindVersion}: Debian by debootstrap, Kubernetes ${kubernetesVersion} (2 minutes)`,
    make: async (draft) => {
      const root = join(draft, 'root')
      await mkdir(root)
      await makeNodeRoot(root, parts, kindVersion)
      const left = ['./var/cache/apt/*', './usr/share/doc/*', './usr/share/man/*', './usr/share/locale/*'].map((path) => `--exclude=${path}`)
      await run('tar', ['-C', root, ...left, '-cf', join(draft, 'node.tar'), '.'])
      await rm(root, { recursive: true })
    },
  })
}
