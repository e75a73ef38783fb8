import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { acquire } from './lock.ts'
import { cacheRoot } from './paths.ts'
import { step } from '../progress.ts'

export interface Artefact {
  readonly name: string
  /** What a reader knows it by: `4.3.1`. */
  readonly version: string
  /** All else that the result depends on: sources, flags, other artefacts. */
  readonly recipe: readonly string[]
  /** Shown while it is made, with what it costs: `Kafka 4.3.1 from Maven Central (44 MB)`. */
  readonly title: string
  /** Fills an empty directory. */
  readonly make: (directory: string) => Promise<void>
}

/** The directory of something slow to make, made at the first use. It appears whole or not at all, also with two processes at it. */
export async function artefact(wanted: Artefact): Promise<string> {
  const directory = join(cacheRoot, 'artefacts', artefactKey(wanted))
  if (existsSync(directory)) return directory
  await using _lock = await acquire(`${directory}.lock`)
  if (existsSync(directory)) return directory
  const draft = `${directory}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  await step(wanted.title, () => wanted.make(draft))
  await rename(draft, directory)
  return directory
}

/** Name, version and a hash of the recipe. */
export function artefactKey({ name, version, recipe }: Pick<Artefact, 'name' | 'version' | 'recipe'>): string {
  const hash = createHash('sha256').update(JSON.stringify([name, version, ...recipe]))
  return `${name}-${version}-${hash.digest('hex').slice(0, 12)}`
}

/** A hash over the paths and contents of all files below a directory: for recipes made of sources. */
export async function hashOfTree(directory: string, exclude: (path: string) => boolean = () => false): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(directory, join(entry.parentPath, entry.name)))
  for (const file of files.filter((path) => !exclude(path)).sort()) {
    hash.update(`${file}\0`).update(
      createHash('sha256')
        .update(await readFile(join(directory, file)))
        .digest(),
    )
  }
  return hash.digest('hex')
}
