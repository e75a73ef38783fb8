import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { checkout } from '../infra/machine/paths.ts'
import { countTest, noTests, parseTapLine, type Counts } from './tap.ts'
import type { Suite } from './table.ts'

export interface AvaRun {
  readonly suite: Suite
  /** Paths below the checkout. */
  readonly files: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly print: (line: string) => void
}

/** What a run of test files comes to. */
export interface AvaResult {
  readonly counts: Counts
  /** What was printed about each test that failed. */
  readonly failures: readonly string[]
}

/** In a suite that runs one test after the other, those that take longer say so. Milliseconds. */
const longMs = 5_000

/** Runs the test files and prints each test as it ends. A run that fails otherwise than by a test counts as one failure more. */
export async function runAva({ suite, files, env, signal, print }: AvaRun): Promise<AvaResult> {
  const ava = join(checkout, 'node_modules', 'ava', 'entrypoints', 'cli.js')
  const order = suite.serial ? ['--serial', '--concurrency', '1'] : []
  const child = spawn(process.execPath, [ava, '--tap', '--timeout', suite.idleTimeout, ...order, ...files], {
    cwd: checkout,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
    killSignal: 'SIGTERM',
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.on('close', (code) => resolve(code ?? 1))
    child.on('error', reject)
  })
  ended.catch(() => {}) // awaited below, after the output
  let counts = noTests
  const failures: string[] = []
  let failing = false
  let since = performance.now()
  for await (const line of createInterface(child.stdout)) {
    const tap = parseTapLine(line)
    if (tap === null) continue
    if (tap.kind === 'test') {
      counts = countTest(counts, tap.outcome)
      failing = tap.outcome === 'failed'
      const took = performance.now() - since
      since += took
      const shown = `  ${marks[tap.outcome]} ${tap.title}${suite.serial && took >= longMs ? ` (${Math.round(took / 1_000)} s)` : ''}`
      if (failing) failures.push(shown)
      print(shown)
    } else {
      const shown = `      ${tap.text}`
      if (failing) failures[failures.length - 1] += `\n${shown}`
      print(shown)
    }
  }
  const code = await ended
  if (code === 0 || counts.failed > 0) return { counts, failures }
  return { counts: countTest(counts, 'failed'), failures: [`  ${marks.failed} the run ended with exit code ${code}, though no test had failed`] }
}

const marks = { passed: '✔', failed: '✖', skipped: '-' } as const
