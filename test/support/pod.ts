/** The process of a pod, as the kubelet meets it. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'
import { WorkerStatus } from '../../runtime/protocol.ts'
import { eventually } from './eventually.ts'

const main = join(import.meta.dirname, '../../runtime/main.ts')

/** One pod's process: a real one of this machine, on ports of its own, which the test starts, signals and starts again. */
export class Pod {
  readonly #t: ExecutionContext
  readonly #env: NodeJS.ProcessEnv
  readonly #ports: readonly [http: number, control: number]
  #child: ChildProcess | null = null
  output: Promise<string> = Promise.resolve('')

  private constructor(t: ExecutionContext, env: NodeJS.ProcessEnv, ports: readonly [number, number]) {
    this.#t = t
    this.#env = env
    this.#ports = ports
  }

  /** @param config What stands in the file; text as it is. */
  static async of(t: ExecutionContext, config: object | string, more: NodeJS.ProcessEnv = {}): Promise<Pod> {
    const folder = await mkdtemp(join(tmpdir(), 'streamjob-main-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'config.json')
    await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config))
    const ports = [await freePort(), await freePort()] as const
    const [http, control] = ports.map(String)
    const env = {
      PATH: process.env['PATH'],
      POD_NAME: 'worker-0',
      STREAMJOB_CONFIG: file,
      STREAMJOB_HTTP_PORT: http,
      STREAMJOB_CONTROL_PORT: control,
      ...more,
    }
    return new Pod(t, env, ports)
  }

  start(command = 'worker'): this {
    const child = spawn(process.execPath, [main, command], { env: this.#env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.output = text(child.stdout)
    this.#child = child
    this.#t.teardown(() => child.kill('SIGKILL'))
    return this
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals | null): Promise<{ readonly code: number | null; readonly signal: string | null; readonly milliseconds: number }> {
    const child = this.#child!
    const before = performance.now()
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve()
    if (signal !== null) child.kill(signal)
    await ended
    return { code: child.exitCode, signal: child.signalCode, milliseconds: performance.now() - before }
  }

  /** Stops the process in the middle of whatever it does, with all its connections open, or lets it go on. */
  hold(held: boolean): void {
    this.#child?.kill(held ? 'SIGSTOP' : 'SIGCONT')
  }

  /** Whether it runs, held or not. */
  get alive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  async status(): Promise<WorkerStatus> {
    return WorkerStatus.parse(await (await fetch(`http://127.0.0.1:${this.#ports[1]}/status`)).json())
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.#ports[0]}${path}`)
    return { status: response.status, body: await response.text() }
  }

  async ready(): Promise<void> {
    await eventually(async () => (await this.get('/readyz')).status === 200, { timeoutMs: 30_000 })
  }
}

/** A port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
