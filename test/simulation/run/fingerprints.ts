/** Prints how each seed of a range went, in a line: `fingerprints.ts FROM TO`. */
import { simulate } from '../../../runtime/testing/simulation/simulate.ts'
import { jobs } from '../jobs.ts'

const [from = '1', to = from] = process.argv.slice(2)
for (let seed = Number(from); seed <= Number(to); seed++) {
  const { job, fingerprint, results, durationMs } = await simulate(seed, jobs)
  process.stdout.write(`${seed} ${job} ${fingerprint} ${results} ${durationMs}\n`)
}
process.exit(0)
