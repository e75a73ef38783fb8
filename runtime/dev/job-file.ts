/** What `streamjob` is given to run: a StreamJob in a YAML file, or a program in a module of its own. Read, checked and planned; nothing is run. */
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { maxNameLength } from '../../crds/names.ts'
import { InvalidResource } from '../../crds/parse.ts'
import { parseStreamJobManifest } from '../../crds/streamjob.ts'
import type { StreamJobManifest } from '../../crds/streamjob.ts'
import { WorkerConfig, workerConfigOf } from '../config.ts'
import { planSteps } from '../dsl/steps.ts'
import type { Plan } from '../plan/nodes.ts'
import { openProgram } from '../program/open.ts'
import { planProgram } from '../program/plan.ts'
import type { PlanProgramOptions } from '../program/plan.ts'
import type { PlanResult } from '../protocol.ts'
import { BadInput } from './bad-input.ts'
import { readYamlResources } from './yaml-file.ts'
import type { YamlResource } from './yaml-file.ts'

export type Planned = Extract<PlanResult, { kind: 'planned' }>
type Invalid = Extract<PlanResult, { kind: 'invalid' }>

/** A job that can be run. */
export interface JobFile {
  /** metadata.name, or the module's file name. */
  readonly name: string
  /** `default.NAME`: a local run is no run of the job in a cluster. */
  readonly applicationId: string
  readonly plan: Plan
  readonly planned: Planned
  /** The manifest; null for a module. */
  readonly manifest: StreamJobManifest | null
  readonly parallelism: number
  /** The configuration of its workers at these brokers. */
  config(brokers: readonly string[]): WorkerConfig
}

type ReadOptions = Pick<PlanProgramOptions, 'signal'>

/** Throws BadInput, with file and line of all that is wrong, and an AbortError when the signal fires. */
export async function readJobFile(file: string, options: ReadOptions = {}): Promise<JobFile> {
  const extension = extname(file)
  if (['.yaml', '.yml', '.json'].includes(extension)) return readManifest(file, await readText(file), options)
  if (['.ts', '.mts', '.js', '.mjs'].includes(extension)) return readModule(file, options)
  throw new BadInput(`${file}: give a StreamJob (.yaml, .yml or .json) or a job module (.ts, .mts, .js or .mjs)`)
}

async function readManifest(file: string, text: string, options: ReadOptions): Promise<JobFile> {
  const resources = readYamlResources(file, text, 'StreamJob')
  const [resource] = resources
  if (resource === undefined) throw new BadInput(`${file}: there is no StreamJob in it (kind: StreamJob)`)
  if (resources.length > 1) throw new BadInput(`${file}: there are ${resources.length} StreamJobs in it; one is run at a time`)
  const manifest = parseManifest(file, resource)
  const { name } = manifest.metadata
  if (name.length > maxNameLength || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    const message = `metadata.name: write a DNS label of at most ${maxNameLength} characters: lower case letters, digits and dashes`
    throw new BadInput([{ file, line: resource.lineOf('metadata.name'), message }])
  }
  const { program, parallelism } = manifest.spec
  const refuse = (field: string, message: string): BadInput =>
    new BadInput([{ file, line: resource.lineOf(`spec.program.${field}`), message: `spec.program.${field}: ${message}` }])
  if (program.configMap !== undefined) throw refuse('configMap', 'a ConfigMap is in a cluster; give its module itself: streamjob dev FILE.ts')
  if (program.image !== undefined) throw refuse('image', 'images run in a cluster; give the module in it itself: streamjob dev FILE.ts')
  const parts = { name, applicationId: `default.${name}`, manifest, parallelism }
  if (program.inline !== undefined) return { ...parts, ...(await planInline(file, resource, program.inline, manifest, options)) }
  const steps = program.steps ?? []
  const planned = planSteps(steps)
  if (planned.kind !== 'planned') throw new BadInput(invalidSteps(file, resource, planned))
  const place = { applicationId: parts.applicationId, program: { kind: 'steps' as const, steps } }
  return {
    ...parts,
    planned,
    plan: await openProgram(place.program),
    config: (brokers) => workerConfigOf(manifest.spec, { ...place, kafka: { brokers } }),
  }
}

function parseManifest(file: string, resource: YamlResource): StreamJobManifest {
  try {
    return parseStreamJobManifest(resource.value)
  } catch (error) {
    if (!(error instanceof InvalidResource)) throw error
    throw new BadInput(
      error.problems.map(({ path, message }) => ({ file, line: resource.lineOf(path), message: path === '' ? message : `${path}: ${message}` })),
    )
  }
}

function invalidSteps(file: string, resource: YamlResource, planned: PlanResult): { file: string; line: number | null; message: string }[] {
  if (planned.kind !== 'invalid') return []
  return planned.problems.map(({ path, message }) => {
    const at = path === null ? 'spec.program' : `spec.program.${path}`
    return { file, line: resource.lineOf(at), message: `${at}: ${message}` }
  })
}

type Opened = Pick<JobFile, 'plan' | 'planned' | 'config'>

async function planInline(file: string, resource: YamlResource, text: string, manifest: StreamJobManifest, options: ReadOptions): Promise<Opened> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'streamjob-inline-'))
  const path = join(folder.path, 'program.ts')
  await writeFile(path, text)
  const start = resource.blockStart('spec.program.inline')
  const { plan, planned } = await planModule(path, options, (problem) => ({
    file,
    line: problem.line === null || start === null ? resource.lineOf('spec.program.inline') : start + problem.line - 1,
  }))
  const applicationId = `default.${manifest.metadata.name}`
  return {
    plan,
    planned,
    config: (brokers) => workerConfigOf(manifest.spec, { applicationId, program: { kind: 'module', path }, kafka: { brokers } }),
  }
}

async function readModule(file: string, options: ReadOptions): Promise<JobFile> {
  await readText(file)
  const name = nameOf(file)
  const applicationId = `default.${name}`
  const { plan, planned } = await planModule(file, options, (problem) => ({ file: problem.file ?? file, line: problem.line }))
  return {
    name,
    applicationId,
    plan,
    planned,
    manifest: null,
    parallelism: 1,
    config: (brokers) =>
      WorkerConfig.parse({
        formatVersion: 1,
        applicationId,
        program: { kind: 'module', path: file },
        kafka: { brokers },
        processing: {},
        errors: {},
      }),
  }
}

/** First in a process of its own, which a bad program can't harm; then here, because its functions are wanted. */
async function planModule(
  path: string,
  options: ReadOptions,
  placeOf: (problem: Invalid['problems'][number]) => { readonly file: string; readonly line: number | null },
): Promise<{ readonly plan: Plan; readonly planned: Planned }> {
  // Ctrl-C reaches the compiler too: what it says to that is no problem of the program.
  const planned = await planProgram(path, options).finally(() => options.signal?.throwIfAborted())
  if (planned.kind === 'planned') return { planned, plan: await openProgram({ kind: 'module', path }) }
  const problems = planned.kind === 'invalid' ? planned.problems : []
  throw new BadInput(
    problems.map((problem) => ({ ...placeOf(problem), message: problem.path === null ? problem.message : `${problem.path}: ${problem.message}` })),
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new BadInput(`${file}: ${missing ? 'there is no such file' : String(error)}`)
  }
}

/** A file name as the name of a job. */
export function nameOf(file: string): string {
  const name = basename(file, extname(file))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, maxNameLength)
    .replaceAll(/^-+|-+$/g, '')
  return name === '' ? 'job' : name
}
