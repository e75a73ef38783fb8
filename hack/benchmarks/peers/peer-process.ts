/** A peer at work: its program says on standard output how far it is. */
import { BenchProcess } from '../measure/bench-process.ts'
import type { Progress, Running } from '../measure/running.ts'
import type { System } from '../contenders.ts'
import { peerCommand } from './programs.ts'
import type { PeerRequest } from './request.ts'

export interface PeerOptions {
  readonly system: Exclude<System, 'streamjob'>
  readonly request: PeerRequest
  /** Null: any. */
  readonly core: number | null
  /** Of the run. */
  readonly directory: string
}

export class PeerProcess implements Running {
  readonly #name: string
  readonly #process: BenchProcess
  readonly #progress: { current: Progress | null }

  private constructor(name: string, process: BenchProcess, progress: { current: Progress | null }) {
    this.#name = name
    this.#process = process
    this.#progress = progress
  }

  static async start({ system, request, core, directory }: PeerOptions): Promise<PeerProcess> {
    const progress: { current: Progress | null } = { current: null }
    const onLine = (line: string): void => {
      const processed = progress.current?.processed ?? 0
      // Lines of the programs in this folder: README.md has the contract.
      const said = JSON.parse(line) as { readonly processed?: number; readonly done?: boolean }
      progress.current = { processed: said.processed ?? processed, done: said.done ?? false }
    }
    return new PeerProcess(system, BenchProcess.start({ ...(await peerCommand(system, request)), core, directory, onLine }), progress)
  }

  get pid(): number {
    return this.#process.pid
  }

  /** What it said last. */
  async progress(): Promise<Progress | null> {
    if (this.#process.ended && this.#process.exitCode !== 0) throw new Error(`${this.#name} failed:\n${this.#process.log()}`)
    return this.#progress.current
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]()
  }
}
