/** Simulates many seeds, in a process for each processor. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { JobSet } from '../job-sets.ts'

export interface SeedRange {
  readonly from: number
  readonly to: number
}

export interface FoundViolation {
  readonly seed: number
  readonly job: string
  readonly violation: string
  readonly history: readonly string[]
}

export interface PoolResult {
  readonly violations: readonly FoundViolation[]
  readonly seeds: number
  /** Results that were committed and compared. */
  readonly results: number
  readonly virtualMs: number
  readonly cpuSeconds: number
}

export interface PoolOptions {
  /** @default jobs */
  readonly jobs?: JobSet
  /** Planted in every process; they end at the first violation. */
  readonly mistake?: string
  readonly processes?: number
  readonly onViolation?: (found: FoundViolation) => void
  /** Called with the number of seeds that are done. */
  readonly onProgress?: (seeds: number) => void
  readonly signal?: AbortSignal
}

/** Seeds at a time. A process takes some dozens to come up to speed; where the first violation ends everything, it is looked for from the lowest seed on. */
const chunks = { proof: 125, search: 25 }

export async function simulateSeeds({ from, to }: SeedRange, options: PoolOptions = {}): Promise<PoolResult> {
  const { jobs = 'jobs', processes = availableParallelism(), onViolation, onProgress, mistake, signal } = options
  const violations: FoundViolation[] = []
  const sums = { seeds: 0, results: 0, virtualMs: 0, cpuSeconds: 0 }
  const chunk = mistake === undefined ? chunks.proof : chunks.search
  let next = from
  const lane = async (): Promise<void> => {
    while (next <= to && signal?.aborted !== true && !(mistake !== undefined && violations.length > 0)) {
      const start = next
      next = Math.min(to + 1, start + chunk)
      for await (const line of linesOf([jobs, String(start), String(next - 1), ...(mistake === undefined ? [] : [mistake])], signal)) {
        if (line.kind === 'violation') {
          violations.push(line)
          onViolation?.(line)
        } else {
          for (const name of ['seeds', 'results', 'virtualMs', 'cpuSeconds'] as const) sums[name] += line[name]
          onProgress?.(sums.seeds)
        }
      }
    }
  }
  await Promise.all(Array.from({ length: processes }, lane))
  return { violations, ...sums }
}

type Line = ({ readonly kind: 'violation' } & FoundViolation) | ({ readonly kind: 'end' } & Omit<PoolResult, 'violations'>)

async function* linesOf(args: readonly string[], signal: AbortSignal | undefined): AsyncGenerator<Line> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(signal === undefined ? {} : { signal }),
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.on('close', (code) => resolve(code ?? 1))
    child.on('error', reject)
  })
  ended.catch(() => undefined)
  let violated = false
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as Line
    violated ||= line.kind === 'violation'
    yield line
  }
  const code = await ended
  if (code !== 0 && !violated) throw new Error(`the simulation of ${args.join(' ')} ended with exit code ${code}`)
}
