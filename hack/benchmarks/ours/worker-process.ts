/** One worker as a process of its own, as in a pod: the same entry point, configuration and flags. */
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { WorkerStatus } from '../../../runtime/protocol.ts'
import { BenchProcess } from '../measure/bench-process.ts'
import type { Progress, Running } from '../measure/running.ts'
import type { OwnJob } from './job.ts'

export interface WorkerOptions {
  /** Whose runtime runs. */
  readonly checkout: string
  readonly job: Pick<OwnJob, 'config' | 'codeHash'>
  /** @default 0 */
  readonly ordinal?: number
  /** Of the input: how many it has to process and commit. */
  readonly records: number
  /** Null: any. */
  readonly core: number | null
  /** For Node, besides those that its pods have. */
  readonly flags: readonly string[]
  /** Of the run. */
  readonly directory: string
}

export class WorkerProcess implements Running {
  readonly #process: BenchProcess
  readonly #records: number
  readonly #controlUrl: string
  readonly #probesUrl: string

  private constructor(process: BenchProcess, records: number, ports: { readonly http: number; readonly control: number }) {
    this.#process = process
    this.#records = records
    this.#controlUrl = `http://127.0.0.1:${ports.control}`
    this.#probesUrl = `http://127.0.0.1:${ports.http}`
  }

  static async start({ checkout, job, ordinal = 0, records, core, flags, directory }: WorkerOptions): Promise<WorkerProcess> {
    const config = join(directory, 'config.json')
    await writeFile(config, JSON.stringify(job.config))
    const [http = 0, control = 0] = await freePorts(2)
    const main = join(checkout, 'runtime', 'main.ts')
    const process_ = BenchProcess.start({
      command: process.execPath,
      args: [...(await nodeFlags(checkout)), ...flags, main, 'worker'],
      cwd: checkout,
      env: {
        STREAMJOB_CONFIG: config,
        STREAMJOB_CODE_HASH: job.codeHash,
        STREAMJOB_HTTP_PORT: String(http),
        STREAMJOB_CONTROL_PORT: String(control),
        POD_NAME: `bench-${ordinal}`,
        LOG_LEVEL: 'warn',
        NODE_OPTIONS: '',
      },
      core,
      directory,
    })
    return new WorkerProcess(process_, records, { http, control })
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Null before it listens. Throws, with its log, when it has ended or says that it failed. */
  async status(): Promise<WorkerStatus | null> {
    if (this.#process.ended) throw new Error(`the worker ended:\n${this.#process.log()}`)
    const answer = await fetch(`${this.#controlUrl}/status`, { signal: AbortSignal.timeout(10_000) }).catch(() => null)
    if (answer === null) return null
    const status = WorkerStatus.parse(await answer.json())
    if (status.state === 'failed') throw new Error(`the worker failed: ${status.reason}\n${this.#process.log()}`)
    return status
  }

  /** The sum of a metric over its labels. */
  async metric(name: string): Promise<number> {
    const answer = await fetch(`${this.#probesUrl}/metrics`, { signal: AbortSignal.timeout(10_000) })
    const values = (await answer.text()).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))
    return values.reduce((sum, [, value]) => sum + Number(value), 0)
  }

  /** Null before it listens. */
  async progress(): Promise<Progress | null> {
    const status = await this.status()
    if (status === null) return null
    let [processed, committed] = [0, 0]
    for (const task of status.tasks) {
      processed += Number(task.position)
      committed += Number(task.committedOffset ?? 0)
    }
    return { processed, done: this.#records > 0 && committed >= this.#records }
  }

  /** Ends it as a crash would. */
  kill(): Promise<void> {
    return this.#process.kill()
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]()
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
