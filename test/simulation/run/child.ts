/**
 * A process that simulates one seed after the other: `child.ts JOBS FROM TO [MISTAKE]`. Prints a line of JSON for each violation and one at the end; with a
 * mistake it plants it first, and ends at the first violation.
 */
import type { SimulationResult } from '../../../runtime/testing/simulation/simulate.ts'
import { plant } from './plant.ts'

// A run makes thousands of errors that are expected, and nobody reads where they arose; a replay has it.
Error.stackTraceLimit = 0

const [set = '', from = '1', to = from, mistake] = process.argv.slice(2)
let current = Number(from)
const fail = (error: unknown): void => {
  print({
    kind: 'violation',
    seed: current,
    job: '',
    violation: `an error that nobody caught: ${error instanceof Error ? error.stack : String(error)}`,
    history: [],
  })
  process.exit(1)
}
process.on('unhandledRejection', fail)
process.on('uncaughtException', fail)

if (mistake !== undefined) plant(mistake)
const { simulate } = await import('../../../runtime/testing/simulation/simulate.ts')
const { jobSetOf, jobSets } = await import('../job-sets.ts')

let results = 0
let virtualMs = 0
for (; current <= Number(to); current++) {
  const result: SimulationResult = await simulate(current, jobSets[jobSetOf(set)])
  results += result.results
  virtualMs += result.durationMs
  if (result.violation === null) continue
  const { seed, job, violation, history, fingerprint } = result
  print({ kind: 'violation', seed, job, violation, history: history.slice(-400), fingerprint })
  if (mistake !== undefined) break
}
print({ kind: 'end', seeds: current - Number(from), results, virtualMs, cpuSeconds: process.cpuUsage().user / 1e6 })
process.exit(0)

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
