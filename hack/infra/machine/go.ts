import { join } from 'node:path'
import { artefact, hashOfTree } from './cache.ts'
import { MissingComponent } from './missing.ts'
import { checkout } from './paths.ts'
import { run, which } from './shell.ts'

/** A program of the Go module proxy, by its package and version. */
export interface GoProgram {
  readonly name: string
  readonly module: string
  readonly version: string
  readonly linkerFlags?: string
  /** What building it from nothing costs on two cores. */
  readonly cost: string
}

/** The directory that holds the program. */
export async function goProgram({ name, module, version, linkerFlags = '', cost }: GoProgram): Promise<string> {
  await needGo(name)
  const flags = ['-trimpath', '-ldflags', `-s -w ${linkerFlags}`.trim()]
  return await artefact({
    name,
    version,
    recipe: [module, ...flags],
    title: `${name} ${version} built from its Go module (${cost} the first time)`,
    make: async (draft) => void (await run('go', ['install', ...flags, `${module}@v${version}`], { env: { ...buildEnv, GOBIN: draft } })),
  })
}

/** Sources below hack/native, built into `directory`. */
export async function goBuild(source: string, directory: string, linkerFlags = ''): Promise<void> {
  const flags = ['-trimpath', '-ldflags', `-s -w ${linkerFlags}`.trim()]
  await run('go', ['build', ...flags, '-o', join(directory, source), '.'], { cwd: join(nativeSources, source), env: buildEnv })
}

/** A hash of the sources of a program below hack/native. */
export const goSourceHash = (source: string): Promise<string> => hashOfTree(join(nativeSources, source))

/** Where the project's own Go and C sources are. */
export const nativeSources = join(checkout, 'hack', 'native')

/** Throws MissingComponent without a Go compiler that is new enough. */
export async function needGo(purpose: string): Promise<void> {
  const found = (await which('go')) && (await run('go', ['env', 'GOVERSION'])).trim()
  const minor = Number(/^go1\.(\d+)/.exec(found || '')?.[1] ?? 0)
  const newest = 26
  if (minor < newest)
    throw new MissingComponent(`Go 1.${newest}`, `install it from https://go.dev/dl; ${purpose} is built with it (found: ${found || 'none'}).`)
}

const buildEnv = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' }
