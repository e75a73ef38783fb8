/** `streamjob VERB ...`: finds the verb, and says what went wrong. */
import { StreamJobError } from '../../runtime/errors.ts'
import { BadInput } from '../../runtime/dev/bad-input.ts'
import { nearest } from './nearest.ts'
import type { Terminal } from './terminal.ts'
import { verbs } from './verbs.ts'

/** Runs the command; its exit code. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = name === 'help' ? rest[0] : undefined
    if (asked !== undefined && Object.hasOwn(verbs, asked)) return runCommand([asked, '--help'], terminal)
    if (name !== undefined) terminal.out(overview())
    else terminal.err(overview())
    return name === undefined ? 2 : 0
  }
  const entry = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (entry === undefined) {
    const guess = nearest(name, Object.keys(verbs))
    terminal.err(`streamjob: there is no ${name}${guess === null ? '' : `; did you mean ${guess}?`}\nSee: streamjob --help\n`)
    return 2
  }
  const verb = await entry.load()
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(verb.help)
    return 0
  }
  try {
    return await verb.run(rest, terminal)
  } catch (error) {
    if (terminal.signal.aborted && error instanceof Error && error.name === 'AbortError') return 130
    terminal.err(`${explain(error)}\n`)
    return error instanceof BadInput || isOfInput(error) ? 2 : 1
  }
}

/** What `streamjob --help` prints. */
export function overview(): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length)) + 2
  const lines = Object.entries(verbs).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`)
  return ['usage: streamjob VERB ...', '', ...lines, '', 'streamjob VERB --help says more.', ''].join('\n')
}

function isOfInput(error: unknown): boolean {
  return error instanceof StreamJobError && ['config-invalid', 'program-invalid', 'not-supported-yet'].includes(error.code)
}

/** A stack only where it is a bug. */
function explain(error: unknown): string {
  if (error instanceof BadInput) return error.message
  if (error instanceof StreamJobError && error.code !== 'internal') return `${error.code}: ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
