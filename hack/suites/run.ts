import { glob } from 'node:fs/promises'
import { MissingComponent } from '../infra/machine/missing.ts'
import { checkout } from '../infra/machine/paths.ts'
import { explain } from '../infra/command.ts'
import { runAva } from './ava.ts'
import { Lab } from './lab.ts'
import type { SuiteResult } from './report.ts'
import type { Selection } from './select.ts'
import type { Suite } from './table.ts'
import { noTests } from './tap.ts'

/** Runs the suites one after the other and takes their infrastructure down, also when aborted. Yields each result as it is there. */
export async function* runSuites(selection: Selection, signal: AbortSignal, print: (line: string) => void): AsyncGenerator<SuiteResult> {
  const files = (await Array.fromAsync(glob('test/**/*.test.ts', { cwd: checkout }))).sort()
  await using lab = new Lab()
  for (const suite of selection.suites) {
    if (signal.aborted) return
    print(`\n== ${suite.name}`)
    const started = performance.now()
    const outcome = await runSuite(suite, files.filter(suite.owns), lab, { selection, signal, print })
    yield { suite, seconds: (performance.now() - started) / 1000, ...outcome }
  }
}

interface Context {
  readonly selection: Selection
  readonly signal: AbortSignal
  readonly print: (line: string) => void
}

type Outcome = Pick<SuiteResult, 'counts' | 'failures' | 'problem'>

async function runSuite(suite: Suite, files: readonly string[], lab: Lab, context: Context): Promise<Outcome> {
  const { selection, signal, print } = context
  const didNotRun = (kind: 'skipped' | 'failed', reason: string): Outcome => {
    print(`  ${kind.toUpperCase()}: ${reason}`)
    return { counts: noTests, failures: [], problem: { kind, reason } }
  }
  if (files.length === 0) return didNotRun('skipped', 'there is no test file')
  try {
    const env = { ...(await lab.provide(suite.needs)), STREAMJOB_TEST_SEED: String(selection.seed), STREAMJOB_TEST_ALL: String(selection.all) }
    return { ...(await runAva({ suite, files, env, signal, print })), problem: null }
  } catch (error) {
    if (signal.aborted) return didNotRun('failed', 'interrupted')
    return didNotRun(error instanceof MissingComponent ? 'skipped' : 'failed', explain(error))
  }
}
