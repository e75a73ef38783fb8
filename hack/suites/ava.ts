import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { checkout } from '../infra/paths.ts'
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

/** Runs the test files and prints each test as it ends. A run that fails otherwise than by a test counts as one failure more. */
export async function runAva({ suite, files, env, signal, print }: AvaRun): Promise<Counts> {
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
  for await (const line of createInterface(child.stdout)) {
    const tap = parseTapLine(line)
    if (tap?.kind === 'test') {
      counts = countTest(counts, tap.outcome)
      print(`  ${marks[tap.outcome]} ${tap.title}`)
    } else if (tap) print(`      ${tap.text}`)
  }
  const code = await ended
  return code !== 0 && counts.failed === 0 ? countTest(counts, 'failed') : counts
}

const marks = { passed: '✔', failed: '✖', skipped: '-' } as const
