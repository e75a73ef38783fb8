import { addCounts, noTests, type Counts } from './tap.ts'
import type { Suite } from './table.ts'

/** How a suite went. */
export interface SuiteResult {
  readonly suite: Suite
  readonly counts: Counts
  /** What was printed about each test that failed. */
  readonly failures: readonly string[]
  readonly seconds: number
  /** Why the suite did not run at all, or could not be set up; null when it ran. */
  readonly problem: { readonly kind: 'skipped' | 'failed'; readonly reason: string } | null
}

/** What failed, once more, the table of suites and the last line of the output. In CI a skip is a failure. */
export function report(results: readonly SuiteResult[], ci: boolean): { readonly lines: readonly string[]; readonly ok: boolean } {
  const total = results.map((result) => countsOf(result)).reduce(addCounts, noTests)
  const { passed, failed, skipped } = ci ? { passed: total.passed, failed: total.failed + total.skipped, skipped: 0 } : total
  const lastLine = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  return { lines: [...results.flatMap(failuresOf), ...results.map(suiteLine), lastLine], ok: failed === 0 }
}

/** A suite that did not run counts as one test. */
const countsOf = ({ counts, problem }: SuiteResult): Counts => (problem === null ? counts : addCounts(counts, { ...noTests, [problem.kind]: 1 }))

/** So many lines of what a test said are repeated. */
const repeatedLines = 40

function failuresOf({ suite, failures }: SuiteResult): readonly string[] {
  const repeated = failures.map((failure) => failure.split('\n').slice(0, repeatedLines).join('\n'))
  return repeated.length === 0 ? [] : [`== what failed in ${suite.name}`, ...repeated, '']
}

function suiteLine({ suite, counts, seconds, problem }: SuiteResult): string {
  const time = `${suite.name.padEnd(9)} ${seconds.toFixed(1).padStart(6)} s of ${String(suite.budgetSeconds).padStart(4)} s`
  const over = seconds > suite.budgetSeconds ? '  OVER ITS BUDGET' : ''
  if (problem) return `${time}  ${problem.kind.toUpperCase()}: ${problem.reason}${over}`
  return `${time}  ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped${over}`
}
