/** One worker as a process of its own, as in a pod: the same entry point, configuration and flags. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WorkerStatus } from '../../runtime/protocol.ts'
import { environment } from '../infra/shell.ts'
import type { BenchJob } from './job.ts'

export interface WorkerOptions {
  /** Whose runtime runs. */
  readonly checkout: string
  readonly job: BenchJob
  /** Null: any. */
  readonly core: number | null
  /** For Node, besides those that its pods have. */
  readonly flags: readonly string[]
}

export class WorkerProcess implements AsyncDisposable {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #directory: string
  readonly #statusUrl: string

  private constructor(child: ChildProcess, directory: string, controlPort: number) {
    if (child.pid === undefined) throw new Error('the worker cannot be started')
    this.pid = child.pid
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()))
    this.#directory = directory
    this.#statusUrl = `http://127.0.0.1:${controlPort}/status`
  }

  static async start({ checkout, job, core, flags }: WorkerOptions): Promise<WorkerProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'streamjob-bench-'))
    const config = join(directory, 'config.json')
    await writeFile(config, JSON.stringify(job.config))
    const [http = 0, control = 0] = await freePorts(2)
    const command = [process.execPath, ...(await nodeFlags(checkout)), ...flags, join(checkout, 'runtime', 'main.ts'), 'worker']
    const [program = '', ...args] = core === null ? command : ['taskset', '-c', String(core), ...command]
    const log = openSync(join(directory, 'log'), 'w')
    const child = spawn(program, args, {
      cwd: checkout,
      stdio: ['ignore', log, log],
      env: environment({
        STREAMJOB_CONFIG: config,
        STREAMJOB_CODE_HASH: job.codeHash,
        STREAMJOB_HTTP_PORT: String(http),
        STREAMJOB_CONTROL_PORT: String(control),
        POD_NAME: 'bench-0',
        LOG_LEVEL: 'warn',
        NODE_OPTIONS: '',
      }),
    })
    closeSync(log)
    return new WorkerProcess(child, directory, control)
  }

  /** What it says about itself; null before it listens. Throws, with its log, when it has ended or says that it failed. */
  async status(): Promise<WorkerStatus | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(`the worker ended:\n${this.log()}`)
    const answer = await fetch(this.#statusUrl, { signal: AbortSignal.timeout(10_000) }).catch(() => null)
    if (answer === null) return null
    const status = WorkerStatus.parse(await answer.json())
    if (status.state === 'failed') throw new Error(`the worker failed: ${status.reason}\n${this.log()}`)
    return status
  }

  /** The end of what it wrote. */
  log(): string {
    return readFileSync(join(this.#directory, 'log'), 'utf8').trimEnd().split('\n').slice(-12).join('\n')
  }

  /** Lets it stop as a pod would. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM')
    await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await this.stop()
    clearTimeout(killing)
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** What the pods of that checkout start Node with; one of before there were any has none. */
async function nodeFlags(checkout: string): Promise<readonly string[]> {
  const config = (await import(join(checkout, 'runtime', 'config.ts'))) as { readonly nodeFlags?: readonly string[] }
  return config.nodeFlags ?? []
}

/** Ports that nobody listened on a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  // A listening TCP server has such an address.
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
