/** From a program file to the answer for the operator: type-check, load in a process of its own, plan. Never hangs, never throws for a bad program. */
import { fork } from 'node:child_process'
import { access, realpath } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalidResult } from '../plan/result.ts'
import { notSupportedYet } from '../plan/unsupported.ts'
import { PlanResult } from '../protocol.ts'
import { loading } from './loading.ts'
import { typecheck, type Diagnostic, type TypecheckOptions } from './typecheck.ts'

export interface PlanProgramOptions extends TypecheckOptions {
  /** How long the top level of the module may run. @default 5_000 */
  readonly loadMs?: number
  /** How long the type check may take. @default 30_000 */
  readonly typecheckMs?: number
}

/** Plans the module at `path`. Lines and files are those of the author. Throws only when this installation is broken, or when the signal fires. */
export async function planProgram(path: string, options: PlanProgramOptions = {}): Promise<PlanResult> {
  const real = await access(path).then(
    () => realpath(path),
    () => null,
  )
  if (real === null) return loadFailure(path, 'the program cannot be read')
  const result = (await typeErrors(path, options)) ?? (await loadInChild(path, options))
  return renamed(result, real, path)
}

async function typeErrors(path: string, options: PlanProgramOptions): Promise<PlanResult | null> {
  const deadline = AbortSignal.timeout(options.typecheckMs ?? 30_000)
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
  try {
    const diagnostics = await typecheck(path, { ...options, signal })
    return diagnostics.length === 0 ? null : diagnosticsResult(diagnostics)
  } catch (error) {
    if (!deadline.aborted || options.signal?.aborted) throw error
    return invalidResult('TypeError', [
      { file: path, line: null, path: null, message: `type-checking took longer than ${options.typecheckMs ?? 30_000} ms` },
    ])
  }
}

/** Names of what other engines have are answered as such, not as a misspelling. */
function diagnosticsResult(diagnostics: readonly Diagnostic[]): PlanResult {
  const problems = diagnostics.map(({ file, line, message, code }) => ({
    file,
    line,
    path: null,
    message: unsupportedName(message) ?? `${message} (TS${code})`,
  }))
  const unsupported = diagnostics.some(({ message }) => unsupportedName(message) !== undefined)
  return invalidResult(unsupported ? 'NotSupportedYet' : 'TypeError', problems)
}

function unsupportedName(message: string): string | undefined {
  const member = /has no exported member '(\w+)'/.exec(message) ?? /Property '(\w+)' does not exist on type '(?:Keyed|Windowed)?Stream</.exec(message)
  return member?.[1] === undefined ? undefined : notSupportedYet(member[1])
}

/** The module may hang, exit or break its process; what comes back is an answer in any case. */
async function loadInChild(path: string, options: PlanProgramOptions): Promise<PlanResult> {
  if (options.signal?.aborted) return loadFailure(path, cancelled)
  const loadMs = options.loadMs ?? 5_000
  const { promise, resolve } = Promise.withResolvers<PlanResult>()
  const child = fork(childFile, [path], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] })
  const tooLong = (): void => {
    resolve(loadFailure(path, `loading takes longer than ${loadMs} ms: the top level of a program only builds the plan, it does not wait or work`))
  }
  let timer = setTimeout(tooLong, startMs + loadMs)
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2_000)))
  child.on('message', (message) => {
    if (message === loading) {
      clearTimeout(timer)
      timer = setTimeout(tooLong, loadMs)
    }
    const parsed = PlanResult.safeParse(message)
    if (parsed.success) resolve(parsed.data)
  })
  child.on('error', (error) => resolve(loadFailure(path, `its process could not be started: ${error.message}`)))
  child.on('close', (code, signal) => resolve(loadFailure(path, whyEnded(code, signal, complaint))))
  options.signal?.addEventListener('abort', () => resolve(loadFailure(path, cancelled)), { once: true })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

const cancelled = 'planning was cancelled'

/** How long the process itself may take to start, on a busy machine, before the program's own time begins. */
const startMs = 10_000

const childFile = fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url))

function whyEnded(code: number | null, signal: string | null, complaint: string): string {
  if (code === 13) return 'its top-level await never ends'
  const how = signal === null ? `ended its process with exit code ${code}` : `was ended by ${signal}`
  return `the program ${how} while it was loaded${complaint.trim() === '' ? '' : `: ${complaint.trim()}`}`
}

function loadFailure(file: string, message: string): PlanResult {
  return invalidResult('LoadError', [{ file, line: null, path: null, message }])
}

/** A mounted program is a link; problems name it as it was given. */
function renamed(result: PlanResult, from: string, to: string): PlanResult {
  if (result.kind !== 'invalid') return result
  return { ...result, problems: result.problems.map((problem) => (problem.file === from ? { ...problem, file: to } : problem)) }
}
