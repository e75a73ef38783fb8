import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from '../../infra/machine/shell.ts'

export interface ProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Null: any. */
  readonly core: number | null
  /** Its log goes there. */
  readonly directory: string
  /** Is given each line of its standard output, which goes to the log otherwise. */
  readonly onLine?: (line: string) => void
}

/** A process that is measured, on a core of its own where there is one. */
export class BenchProcess implements AsyncDisposable {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #logFile: string

  private constructor(child: ChildProcess, logFile: string) {
    if (child.pid === undefined) throw new Error(`${child.spawnfile} cannot be started`)
    this.pid = child.pid
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()))
    this.#logFile = logFile
  }

  static start({ command, args, cwd, env, core, directory, onLine }: ProcessOptions): BenchProcess {
    const words = core === null ? [command, ...args] : ['taskset', '-c', String(core), command, ...args]
    const [program = '', ...rest] = words
    const logFile = join(directory, 'log')
    const log = openSync(logFile, 'w')
    const stdio = ['ignore', onLine === undefined ? log : 'pipe', log] as const
    const child = spawn(program, rest, { stdio: [...stdio], env: environment(env), ...(cwd === undefined ? {} : { cwd }) })
    closeSync(log)
    if (onLine !== undefined) readLines(child, onLine)
    return new BenchProcess(child, logFile)
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Zero is success; null while it runs, or when a signal has ended it. */
  get exitCode(): number | null {
    return this.#child.exitCode
  }

  /** The end of what it wrote. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    if (!this.ended) this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Lets it stop as a supervisor would. */
  async stop(): Promise<void> {
    if (!this.ended) this.#child.kill('SIGTERM')
    await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await this.stop()
    clearTimeout(killing)
  }
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}
