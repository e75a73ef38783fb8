/** Seeded runs of whole jobs on virtual brokers, under faults. `./hack/simulate` runs more of them, and shows one again. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import type { JobSet } from './job-sets.ts'
import { simulateSeeds } from './run/pool.ts'

interface Runs {
  readonly jobs: JobSet
  readonly what: string
  readonly seeds: number
  /** In each, on the average. */
  readonly leastResults: number
}

const all: readonly Runs[] = [
  { jobs: 'jobs', what: 'jobs of one stage', seeds: 2_000, leastResults: 50 },
  { jobs: 'shuffles', what: 'jobs of several stages', seeds: 2_000, leastResults: 50 },
  { jobs: 'drifts', what: 'jobs whose partitions wait for each other', seeds: 200, leastResults: 50 },
]

for (const { jobs, what, seeds, leastResults } of all) {
  test.serial(`of ${seeds} runs of ${what} under faults none loses, doubles or invents a result, or keeps a transaction open`, async (t) => {
    t.timeout(15 * 60_000)
    const { violations, ...sums } = await simulateSeeds(
      { from: 1, to: seeds },
      { jobs, onProgress: (done) => void (done % 500 === 0 && t.log(`${done} seeds`)) },
    )
    for (const { seed, job, violation, history } of violations.slice(0, 3)) {
      t.log(`seed ${seed} (${job}): ${violation}; ./hack/simulate --jobs ${jobs} --replay ${seed} shows all of it`)
      for (const line of history.slice(-30)) t.log(line)
    }
    t.deepEqual(
      violations.map(({ seed, violation }) => ({ seed, violation })),
      [],
    )
    t.is(sums.seeds, seeds)
    t.true(sums.results > leastResults * seeds, `only ${sums.results} results were compared`)
    t.log(`${sums.results} results, ${Math.round(sums.virtualMs / 3_600_000)} h of virtual time, ${Math.round(sums.cpuSeconds)} CPU-seconds`)
  })

  test.serial(`a seed takes the same course every time: ${what}`, async (t) => {
    const run = async (): Promise<string> => {
      const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'run', 'fingerprints.ts'), jobs, '1', '12'])
      return stdout
    }
    const [first, second] = [await run(), await run()]
    t.is(first.trim().split('\n').length, 12)
    t.is(first, second)
  })
}
