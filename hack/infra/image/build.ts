import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { artefact, hashOfTree } from '../machine/cache.ts'
import { dockerRuns } from '../kubernetes/docker.ts'
import { MissingComponent } from '../machine/missing.ts'
import { cacheRoot, checkout } from '../machine/paths.ts'
import { step } from '../progress.ts'
import { run } from '../machine/shell.ts'
import { baseLayer, imageNodeVersion } from './base.ts'
import { layerOf, packLayer, writeImage, type ImageConfig, type Layer } from './oci.ts'

/** The image of worker and operator. */
export interface Image {
  readonly repository: string
  /** A hash of its content. */
  readonly tag: string
  /** `repository:tag`. */
  readonly name: string
  /** A file that the cluster drivers load. */
  readonly archive: string
}

/** Builds the image of this checkout, by Docker where it runs, else the same image without it. Nothing happens when it was built before. */
export async function buildImage(): Promise<Image> {
  await mkdir(directory, { recursive: true })
  if (await dockerRuns()) return await byDocker()
  if (process.platform !== 'linux') throw new MissingComponent('Docker', 'start it: off Linux the image is built by it.')
  return await byLayers()
}

const directory = join(cacheRoot, 'images')
const repository = 'localhost/streamjob'

/** What of the checkout is in the image. hack/infra/image/Dockerfile names the same. */
const sources = ['package.json', 'tsconfig.json', 'crds', 'runtime', 'operator']

const config: ImageConfig = {
  User: '10001:10001',
  WorkingDir: '/app',
  Env: ['PATH=/usr/bin:/bin', 'NODE_ENV=production'],
  Entrypoint: ['/usr/bin/node'],
}

async function byLayers(): Promise<Image> {
  const lower = [await baseLayer(), await dependenciesLayer()]
  const draft = await mkdtemp(join(directory, 'sources-'))
  try {
    const root = join(draft, 'root', 'app')
    await mkdir(root, { recursive: true })
    for (const source of sources) await cp(join(checkout, source), join(root, source), { recursive: true })
    const layers = [...lower, await packLayer(join(draft, 'root'), join(draft, 'layer.tar'))]
    const image = imageOf(layers.map((layer) => layer.sha256).join() + JSON.stringify(config))
    if (!existsSync(image.archive)) await step(`image ${image.name}`, () => writeImage(image.archive, image.name, layers, config))
    await forgetOld(image)
    return image
  } finally {
    await rm(draft, { recursive: true })
  }
}

/** What the package depends on, by the lock file. */
async function dependenciesLayer(): Promise<Layer> {
  const files = await Promise.all(['package.json', 'package-lock.json'].map((file) => readFile(join(checkout, file), 'utf8')))
  const { dependencies } = JSON.parse(files[0] ?? '') as { readonly dependencies: unknown }
  const layer = await artefact({
    name: 'image-dependencies',
    version: imageNodeVersion,
    recipe: [process.arch, JSON.stringify(dependencies), files[1] ?? ''],
    title: 'dependencies layer of the image',
    make: async (draft) => {
      const app = join(draft, 'root', 'app')
      await mkdir(app, { recursive: true })
      await writeFile(join(app, 'package.json'), files[0] ?? '')
      await writeFile(join(app, 'package-lock.json'), files[1] ?? '')
      await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: app })
      await rm(join(app, 'package.json'))
      await rm(join(app, 'package-lock.json'))
      await packLayer(join(draft, 'root'), join(draft, 'layer.tar'))
      await rm(join(draft, 'root'), { recursive: true })
    },
  })
  return await layerOf(join(layer, 'layer.tar'))
}

async function byDocker(): Promise<Image> {
  const dockerfile = join(import.meta.dirname, 'Dockerfile')
  const hash = createHash('sha256').update(await readFile(dockerfile))
  for (const source of [...sources, 'package-lock.json']) {
    const path = join(checkout, source)
    hash.update((await stat(path)).isDirectory() ? await hashOfTree(path) : await readFile(path))
  }
  const image = imageOf(hash.digest('hex'))
  if (existsSync(image.archive)) return image
  await step(`image ${image.name} by Docker`, async () => {
    await run('docker', ['build', '--file', dockerfile, '--tag', image.name, checkout])
    await run('docker', ['save', '--output', `${image.archive}.draft`, image.name])
    await rename(`${image.archive}.draft`, image.archive)
  })
  await forgetOld(image)
  return image
}

function imageOf(content: string): Image {
  const tag = createHash('sha256').update(content).digest('hex').slice(0, 12)
  return { repository, tag, name: `${repository}:${tag}`, archive: join(directory, `${tag}.tar`) }
}

/** Keeps the newest archives: each has the size of the whole image. */
async function forgetOld(image: Image): Promise<void> {
  const archives = (await readdir(directory)).filter((file) => file.endsWith('.tar')).map((file) => join(directory, file))
  const aged = await Promise.all(archives.map(async (file) => ({ file, age: (await stat(file)).mtimeMs })))
  const old = aged.filter(({ file }) => file !== image.archive).sort((a, b) => b.age - a.age)
  for (const { file } of old.slice(3)) await rm(file, { force: true })
}
