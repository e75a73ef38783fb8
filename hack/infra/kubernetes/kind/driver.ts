import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Cluster, ClusterDriver } from '../driver.ts'
import { goProgram } from '../../machine/go.ts'
import { kubernetesBinaries } from '../native/binaries.ts'
import { stateOf, type Owner } from '../../machine/paths.ts'
import { step } from '../../progress.ts'
import { attempt, run, which } from '../../machine/shell.ts'
import { engineDown, engineUp, runningEngine, type Engine } from './engine.ts'
import { kindVersion, ownNodeImage } from './node-image.ts'

/** Kubernetes in Docker: where Docker runs as anybody would use it, else with an engine and a node image of our own. */
export const kindDriver: ClusterDriver = {
  name: 'kind',

  async up(owner) {
    const engine = await engineUp()
    const kind = await kindProgram()
    if (!(await exists(kind, engine, owner))) await create(kind, engine, owner)
    return await handleOf(kind, engine, owner)
  },

  async down(owner) {
    const engine = await runningEngine()
    if (!engine) return
    const kind = await kindProgram()
    await step('kind cluster removed', async () => {
      await run(kind, ['delete', 'cluster', '--name', nameOf(owner), '--kubeconfig', kubeconfigOf(owner)], { env: engine.env })
      await rm(stateOf(owner, 'kind'), { recursive: true, force: true })
    })
    const clusters = await run(kind, ['get', 'clusters'], { env: engine.env })
    if (clusters.trim() === '') await engineDown()
  },

  async running(owner) {
    const engine = await runningEngine()
    if (!engine) return null
    const kind = await kindProgram()
    return (await exists(kind, engine, owner)) ? await handleOf(kind, engine, owner) : null
  },
}

const nameOf = (owner: Owner): string => `streamjob-${owner}`
const kubeconfigOf = (owner: Owner): string => join(stateOf(owner, 'kind'), 'kubeconfig')

async function create(kind: string, engine: Engine, owner: Owner): Promise<void> {
  const image = process.env['STREAMJOB_KIND_NODE_IMAGE'] ?? (engine.own ? await ownNodeImage(engine) : null)
  const configuration = join(stateOf(owner, 'kind'), 'kind.json')
  await mkdir(dirname(configuration), { recursive: true })
  await writeFile(configuration, JSON.stringify(engine.own ? ownConfiguration : plainConfiguration))
  await step(`kind cluster ${nameOf(owner)}`, async () => {
    const options = ['--config', configuration, '--kubeconfig', kubeconfigOf(owner), ...(image === null ? [] : ['--image', image])]
    await run(kind, ['create', 'cluster', '--name', nameOf(owner), '--wait', '120s', ...options], { env: engine.env })
  })
}

/** A cluster whose creation failed has no kubeconfig; it is removed, so that it can be made again. */
async function exists(kind: string, engine: Engine, owner: Owner): Promise<boolean> {
  const clusters = (await run(kind, ['get', 'clusters'], { env: engine.env })).split('\n')
  if (!clusters.includes(nameOf(owner))) return false
  if (existsSync(kubeconfigOf(owner))) return true
  await run(kind, ['delete', 'cluster', '--name', nameOf(owner)], { env: engine.env })
  return false
}

async function handleOf(kind: string, engine: Engine, owner: Owner): Promise<Cluster> {
  const kubectl = await which('kubectl')
  return {
    driver: 'kind',
    kubeconfig: kubeconfigOf(owner),
    binaries: kubectl ? dirname(kubectl) : await kubernetesBinaries(),
    hostAddress: await gateway(engine),
    auditLog: null,
    loadImage: async (archive) => void (await run(kind, ['load', 'image-archive', archive, '--name', nameOf(owner)], { env: engine.env })),
  }
}

/** This machine's address on kind's network. */
async function gateway(engine: Engine): Promise<string> {
  const addresses = await run('docker', ['network', 'inspect', 'kind', '--format', '{{range .IPAM.Config}}{{.Gateway}} {{end}}'], { env: engine.env })
  const address = addresses.split(' ').find((word) => /^\d+(\.\d+){3}$/.test(word))
  if (address === undefined) throw new Error(`the network of kind has no IPv4 gateway: ${addresses}`)
  return address
}

/** The machine's kind, when it is Kubernetes in Docker (npm has another program of that name), else built once. */
async function kindProgram(): Promise<string> {
  const installed = await which('kind')
  if (installed && (await attempt(installed, ['version'])).stdout.startsWith('kind v')) return installed
  return join(await goProgram({ name: 'kind', module: 'sigs.k8s.io/kind', version: kindVersion, cost: 'half a minute' }), 'kind')
}

const plainConfiguration = { kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4', nodes: [{ role: 'control-plane' }] }

/** Our node image brings its own network plugin: kind's is not to be had without a registry. */
const ownConfiguration = {
  ...plainConfiguration,
  networking: { disableDefaultCNI: true, ipFamily: 'ipv4', podSubnet: '10.245.0.0/16', apiServerAddress: '127.0.0.1' },
  kubeadmConfigPatches: ['kind: KubeletConfiguration\nfailCgroupV1: false\n'],
}
