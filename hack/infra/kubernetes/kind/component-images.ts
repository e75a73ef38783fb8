import { chmod, copyFile, cp, mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { librariesOf } from '../../image/libraries.ts'
import { packLayer, writeImage, type ImageConfig } from '../../image/oci.ts'
import { kubernetesVersion } from '../native/binaries.ts'
import { run } from '../../machine/shell.ts'

/** Directories of the programs. */
export interface Parts {
  readonly kubernetes: string
  readonly coredns: string
  readonly pause: string
}

/** Writes the images that a node's components run from, and the list of names that kubeadm knows them by: one image for all of Kubernetes. */
export async function componentImages(directory: string, parts: Parts): Promise<void> {
  await mkdir(directory, { recursive: true })
  await image(directory, 'hyperkube', (root) => layOutHyperkube(root, parts.kubernetes), {
    Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    Entrypoint: [],
  })
  await image(directory, 'coredns', (root) => copyFile(join(parts.coredns, 'coredns'), join(root, 'coredns')), { Entrypoint: ['/coredns'] })
  await image(directory, 'pause', (root) => copyFile(join(parts.pause, 'pause'), join(root, 'pause')), {
    Entrypoint: ['/pause'],
    User: '65535:65535',
  })
  const list = await run(join(parts.kubernetes, 'kubeadm'), ['config', 'images', 'list', '--kubernetes-version', `v${kubernetesVersion}`])
  const wanted = list.split('\n').filter((name) => name.includes('/'))
  await writeFile(join(directory, 'tags'), wanted.map((name) => `localhost/${sourceOf(name)}:1 ${name}\n`).join(''))
}

const sourceOf = (name: string): string => ['coredns', 'pause'].find((part) => name.includes(`/${part}`)) ?? 'hyperkube'

async function image(directory: string, name: string, layOut: (root: string) => Promise<void>, config: ImageConfig): Promise<void> {
  const root = join(directory, `${name}-root`)
  const layer = join(directory, `${name}-layer`)
  await mkdir(root)
  await layOut(root)
  await writeImage(join(directory, `${name}.tar`), `localhost/${name}:1`, [await packLayer(root, layer)], config)
  await rm(root, { recursive: true })
  await rm(layer)
}

/** kube-proxy needs iptables and conntrack, and somebody who looks into a pod a shell. */
async function layOutHyperkube(root: string, kubernetes: string): Promise<void> {
  const at = (...path: string[]): string => join(root, ...path)
  for (const path of ['usr/bin', 'usr/sbin', 'usr/local', 'usr/lib64', libraries, 'etc', 'tmp']) await mkdir(at(path), { recursive: true })
  for (const path of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${path}`, at(path))
  await symlink('../bin', at('usr/local/bin'))
  await copyFile(join(kubernetes, 'hyperkube'), at('usr/bin/hyperkube'))
  for (const name of components) await symlink('hyperkube', at('usr/bin', name))
  const programs = await Promise.all(['/bin/busybox', '/usr/sbin/xtables-nft-multi', '/usr/sbin/conntrack'].map((path) => realpath(path)))
  await copyFile(programs[0] ?? '', at('usr/bin/busybox'))
  await symlink('busybox', at('usr/bin/sh'))
  for (const program of programs.slice(1)) await copyFile(program, at('usr/sbin', basename(program)))
  for (const family of ['iptables', 'ip6tables']) {
    for (const suffix of ['', '-save', '-restore']) await symlink('xtables-nft-multi', at('usr/sbin', family + suffix))
  }
  await cp(`/${libraries}/xtables`, at(libraries, 'xtables'), { recursive: true })
  for (const library of await librariesOf(programs)) {
    await copyFile(await realpath(library), at(basename(library).startsWith('ld-linux') ? 'usr/lib64' : libraries, basename(library)))
  }
  await chmod(at('tmp'), 0o1777)
}

const components = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'etcd', 'kubectl', 'local-provisioner']
const libraries = 'usr/lib/x86_64-linux-gnu'
