/** Loads an author's module: its default export is the plan. Runs the module's top level, nothing more. */
import { registerHooks } from 'node:module'
import { realpath } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { endsLeftOut, problemsOfPlan, watchPlans } from '../dsl/draft.ts'
import { KeyedStream, Stream, WindowedStream } from '../dsl/stream.ts'
import { StreamJobError } from '../errors.ts'
import type { Plan } from '../plan/nodes.ts'
import { programError, problemsOf, type Place, type Problem } from '../plan/problems.ts'

/**
 * The plan of a module file. Throws `program-invalid` or `not-supported-yet` with `fields.problems`; when the module could not be loaded at all,
 * `fields.loading` is true.
 */
export async function loadProgram(path: string): Promise<Plan> {
  resolveOwnName()
  const file = await realFile(path)
  const { result: module, made } = await watchPlans(() => importModule(file))
  const plan = planOf(module)
  // Another program that this one imports may have ends of its own.
  const left = endsLeftOut(plan, made).filter(({ place }) => place?.file === file)
  const problems = [
    ...problemsOfPlan(plan),
    ...left.map(({ path, place }): Problem => ({ kind: 'invalid', path, message: leftOut, ...(place && { place }) })),
  ]
  if (problems.length > 0) throw programError(problems)
  return plan
}

async function realFile(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    throw loadError(`the program cannot be read: ${messageOf(error)}`, path, undefined, error)
  }
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    if (problemsOf(error) !== null) throw error
    const place = placeIn(error, file)
    if (error instanceof StreamJobError) throw programError([{ kind: 'invalid', path: 'program', message: error.message, ...(place && { place }) }])
    throw loadError(messageOf(error), file, place, error)
  }
}

function planOf(module: Record<string, unknown>): Plan {
  const value = module['default']
  if (isPlan(value)) return value
  throw programError([{ ...whatInstead(value), path: 'default export' }])
}

const leftOut = 'nothing comes of this end: it is no part of the default export; name all of them in export default job(a.to(...), b.to(...))'

function isPlan(value: unknown): value is Plan {
  if (typeof value !== 'object' || value === null) return false
  return 'kind' in value && value.kind === 'streamjob.plan' && 'formatVersion' in value && value.formatVersion === 1 && 'nodes' in value
}

function whatInstead(value: unknown): Pick<Problem, 'kind' | 'message'> {
  if (Array.isArray(value)) return { kind: 'invalid', message: 'it must be one plan, not a list: export default job(a.to(...), b.to(...))' }
  if (value === undefined) return { kind: 'invalid', message: 'there is none: export default stream.from(...) ... .to(...)' }
  if (value instanceof Stream || value instanceof KeyedStream || value instanceof WindowedStream) {
    return { kind: 'invalid', message: 'the program does not say where results go: end it with .to(kafka({ topic }))' }
  }
  return { kind: 'invalid', message: `it must be a plan, what .to(...) or job(...) gives, not ${value === null ? 'null' : `a ${typeof value}`}` }
}

function loadError(message: string, file: string, place: Place | undefined, cause: unknown): StreamJobError {
  const problems: readonly Problem[] = [{ kind: 'invalid', path: 'program', message, ...(place && { place }) }]
  return new StreamJobError('program-invalid', `${file}${place ? `:${place.line}` : ''}: ${message}`, { cause, fields: { loading: true, problems } })
}

/** The author's line of an error: the first frame in the program, or the line that the parser complains about. */
function placeIn(error: unknown, file: string): Place | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const match of stack.matchAll(/(file:\/\/[^\s()]+?|\/[^\s():]+):(\d+)/g)) {
    const found = match[1]?.startsWith('file:') ? fileURLToPath(match[1]) : match[1]
    if (found === file) return { file, line: Number(match[2]) }
  }
  return undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `it threw ${String(error)}`
}

let resolves = false

/** A program imports `streamjob` wherever its file lies, and gets this copy of it. */
function resolveOwnName(): void {
  if (resolves) return
  resolves = true
  const own = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) => (specifier === 'streamjob' ? { url: own, shortCircuit: true } : next(specifier, context)),
  })
}
