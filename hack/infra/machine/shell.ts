import { spawn, type ChildProcess } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

export interface RunOptions {
  readonly cwd?: string
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Written to standard input, which is empty otherwise. */
  readonly input?: string
  readonly signal?: AbortSignal
  /** Standard output and error go to the terminal and are not returned. */
  readonly show?: boolean
}

/** Runs a command to its end and returns its standard output. Throws CommandFailed with the end of its output for another exit code than 0. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, options)
  if (code === 0) return stdout
  throw new CommandFailed([command, ...args].join(' '), code, lastLines(stderr || stdout))
}

/** As `run`, for commands whose failure is an answer. */
export function attempt(command: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const output = options.show ? 'inherit' : 'pipe'
    const child = spawn(command, args, {
      stdio: ['pipe', output, output],
      env: environment(options.env),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    running.add(child)
    child.on('close', () => running.delete(child))
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.stdin?.on('error', () => {}) // a command that does not read its input may close it
    child.stdin?.end(options.input ?? '')
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, stdout: String(Buffer.concat(stdout)), stderr: String(Buffer.concat(stderr)) }))
  })
}

/** Ends all commands that are running: for a program that is interrupted and has to clean up. */
export function endRunning(): void {
  for (const child of running) child.kill('SIGTERM')
}

const running = new Set<ChildProcess>()

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command that ended with another exit code than 0. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly code: number

  constructor(command: string, code: number, output: string) {
    super(`${command.length > 300 ? `${command.slice(0, 300)}…` : command}: exit code ${code}\n${output}`)
    this.code = code
  }
}

/** The file that a command's name or path stands for, or null. */
export async function which(command: string): Promise<string | null> {
  if (command.includes('/')) return existsSync(command) ? command : null
  for (const directory of searchPath.split(delimiter)) {
    const file = join(directory, command)
    if (await executable(file)) return file
  }
  return null
}

/** The environment of a child process. Its path holds sbin, which that of an ordinary user lacks. */
export const environment = (added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({ ...process.env, PATH: searchPath, ...added })

const searchPath = [process.env['PATH'], '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter)

const executable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  )

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-25).join('\n')
