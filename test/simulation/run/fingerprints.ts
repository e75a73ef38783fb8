/** Prints how each seed of a range went, in a line: `fingerprints.ts JOBS FROM TO`. */
import { simulate } from '../../../runtime/testing/simulation/simulate.ts'
import { jobSetOf, jobSets } from '../job-sets.ts'

const [set = '', from = '1', to = from] = process.argv.slice(2)
for (let seed = Number(from); seed <= Number(to); seed++) {
  const { job, fingerprint, results, durationMs } = await simulate(seed, jobSets[jobSetOf(set)])
  process.stdout.write(`${seed} ${job} ${fingerprint} ${results} ${durationMs}\n`)
}
process.exit(0)
