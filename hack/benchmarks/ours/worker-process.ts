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
  readonly job: OwnJob
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
  readonly #statusUrl: string

  private constructor(process: BenchProcess, records: number, controlPort: number) {
    this.#process = process
    this.#records = records
    this.#statusUrl = `http://127.0.0.1:${controlPort}/status`
  }

  static async start({ checkout, job, records, core, flags, directory }: WorkerOptions): Promise<WorkerProcess> {
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
        POD_NAME: 'bench-0',
        LOG_LEVEL: 'warn',
        NODE_OPTIONS: '',
      },
      core,
      directory,
    })
    return new WorkerProcess(process_, records, control)
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Null before it listens. Throws, with its log, when it has ended or says that it failed. */
  async progress(): Promise<Progress | null> {
    if (this.#process.ended) throw new Error(`the worker ended:\n${this.#process.log()}`)
    const answer = await fetch(this.#statusUrl, { signal: AbortSignal.timeout(10_000) }).catch(() => null)
    if (answer === null) return null
    const { state, reason, tasks } = WorkerStatus.parse(await answer.json())
    if (state === 'failed') throw new Error(`the worker failed: ${reason}\n${this.#process.log()}`)
    let [processed, committed] = [0, 0]
    for (const task of tasks) {
      processed += Number(task.position)
      committed += Number(task.committedOffset ?? 0)
    }
    return { processed, done: this.#records > 0 && committed >= this.#records }
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
