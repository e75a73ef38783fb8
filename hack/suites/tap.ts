/** What one line of a TAP stream means. Lines that belong to no test are null. */
export type TapLine =
  | { readonly kind: 'test'; readonly outcome: 'passed' | 'failed' | 'skipped'; readonly title: string }
  /** Said about the test before: logs, and the reason of a failure. */
  | { readonly kind: 'detail'; readonly text: string }

/** Reads one line of ava's TAP output. A todo counts as skipped: it is a test that does not run. */
export function parseTapLine(line: string): TapLine | null {
  const test = /^(not )?ok \d+(?: - (.*?))?( # (?:SKIP|TODO).*)?$/.exec(line)
  if (test) {
    const [, not, title = '', directive] = test
    return { kind: 'test', outcome: directive ? 'skipped' : not ? 'failed' : 'passed', title }
  }
  const log = /^# {3}(.*)$/.exec(line)
  if (log) return { kind: 'detail', text: log[1] ?? '' }
  return line.startsWith('  ') && line.trim() !== '---' && line.trim() !== '...' ? { kind: 'detail', text: line.slice(2) } : null
}

/** How many tests ended how. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** No test at all. */
export const noTests: Counts = { passed: 0, failed: 0, skipped: 0 }

/** The sum. */
export const addCounts = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** One more test. */
export const countTest = (counts: Counts, outcome: keyof Counts): Counts => ({ ...counts, [outcome]: counts[outcome] + 1 })
