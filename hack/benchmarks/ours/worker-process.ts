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
  /** The input topic. @default all that it reads */
  readonly input?: string
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
  readonly #input: string | null
  readonly #records: number
  readonly #controlUrl: string
  readonly #probesUrl: string

  private constructor(process: BenchProcess, input: string | null, records: number, ports: { readonly http: number; readonly control: number }) {
    this.#process = process
    this.#input = input
    this.#records = records
    this.#controlUrl = `http://127.0.0.1:${ports.control}`
    this.#probesUrl = `http://127.0.0.1:${ports.http}`
  }

  static async start({ checkout, job, ordinal = 0, input, records, core, flags, directory }: WorkerOptions): Promise<WorkerProcess> {
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
    return new WorkerProcess(process_, input ?? null, records, { http, control })
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
    const values = (await this.#metrics()).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))
    return values.reduce((sum, [, value]) => sum + Number(value), 0)
  }

  /** Null before it listens. Where stages send records to each other, what is on its way counts as half a record each. */
  async progress(): Promise<Progress | null> {
    const status = await this.status()
    if (status === null) return null
    const sources = status.tasks.filter(({ topic }) => this.#input === null || topic === this.#input)
    const read = sources.reduce((sum, { position }) => sum + Number(position), 0)
    const committed = sources.reduce((sum, { committedOffset }) => sum + Number(committedOffset ?? 0), 0)
    const done = this.#records > 0 && committed >= this.#records
    if (sources.length === status.tasks.length) return { processed: read, done }
    const stages = new Set(sources.map(({ stage }) => stage))
    return { processed: Math.max(0, read - Math.ceil((await this.#onTheirWay(stages)) / 2)), done }
  }

  /** Records that the stages of the input gave to others, which have not processed them. */
  async #onTheirWay(sources: ReadonlySet<string>): Promise<number> {
    let count = 0
    for (const [, metric, labels = '', value] of (await this.#metrics()).matchAll(/^streamjob_records_(in|out)_total\{([^}]*)\} (\S+)$/gm)) {
      const [, stage = ''] = /stage="([^"]*)"/.exec(labels) ?? []
      if (metric === 'out' && sources.has(stage)) count += Number(value)
      if (metric === 'in' && !sources.has(stage)) count -= Number(value)
    }
    return Math.max(0, count)
  }

  /** Ends it as a crash would. */
  kill(): Promise<void> {
    return this.#process.kill()
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }

  async #metrics(): Promise<string> {
    return await (await fetch(`${this.#probesUrl}/metrics`, { signal: AbortSignal.timeout(10_000) })).text()
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
