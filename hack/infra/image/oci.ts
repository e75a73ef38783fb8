import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from '../machine/shell.ts'

/** What a container of the image runs, as in the OCI image specification. */
export interface ImageConfig {
  readonly User?: string
  readonly Env?: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly WorkingDir?: string
}

/** An uncompressed layer. */
export interface Layer {
  readonly file: string
  readonly sha256: string
  readonly size: number
}

/** Writes an image as an OCI archive, which containerd, Docker and kind import. The name is set in it. */
export async function writeImage(archive: string, name: string, layers: readonly Layer[], config: ImageConfig): Promise<void> {
  const work = await mkdtemp(`${archive}.`)
  try {
    const blobs = join(work, 'blobs', 'sha256')
    await mkdir(blobs, { recursive: true })
    for (const layer of layers) await symlink(layer.file, join(blobs, layer.sha256))
    const json = async (mediaType: string, content: object): Promise<Descriptor> => {
      const text = JSON.stringify(content)
      const sha256 = createHash('sha256').update(text).digest('hex')
      await writeFile(join(blobs, sha256), text)
      return { mediaType, digest: `sha256:${sha256}`, size: Buffer.byteLength(text) }
    }
    const rootfs = { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer.sha256}`) }
    const configuration = await json('application/vnd.oci.image.config.v1+json', { ...platform, created: epoch, config, rootfs })
    const manifest = await json(manifestType, { schemaVersion: 2, mediaType: manifestType, config: configuration, layers: layers.map(descriptorOf) })
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1) }
    await writeFile(join(work, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations, platform }] }))
    await writeFile(join(work, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    const draft = `${work}.tar`
    await run('tar', ['-C', work, ...reproducible, '--dereference', '-cf', draft, 'oci-layout', 'index.json', 'blobs'])
    await rename(draft, archive)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Packs a directory; the same content gives the same bytes. Everything belongs to root and is readable by everybody. */
export async function packLayer(root: string, file: string): Promise<Layer> {
  await run('tar', ['-C', root, ...reproducible, '--mode=u+rwX,go+rX,go-w', '-cf', file, '.'])
  return await layerOf(file)
}

/** Reads the digest of a packed layer. */
export async function layerOf(file: string): Promise<Layer> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return { file, sha256: hash.digest('hex'), size: (await stat(file)).size }
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const descriptorOf = ({ sha256, size }: Layer): Descriptor => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: `sha256:${sha256}`,
  size,
})

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const platform = { architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux' }
const epoch = '1970-01-01T00:00:00Z'
const reproducible = [
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--format=posix',
  '--pax-option=delete=atime,delete=ctime',
]
