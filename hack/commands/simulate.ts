/** Simulates seeds on demand, and shows one again. */
import { parseArgs } from 'node:util'
import { jobSetOf, jobSets } from '../../test/simulation/job-sets.ts'
import type { JobSet } from '../../test/simulation/job-sets.ts'
import { mistakes } from '../../test/simulation/mistakes.ts'
import { simulateSeeds } from '../../test/simulation/run/pool.ts'
import { simulate } from '../../runtime/testing/simulation/simulate.ts'
import { runMain } from '../infra/command.ts'
import { say } from '../infra/progress.ts'

const usage = `usage: hack/simulate [--jobs SET] [--seeds N] [--from SEED] [--mistake NAME] | [--jobs SET] --replay SEED | --mistakes
  whole jobs on virtual brokers in virtual time, under faults that the seed decides; every commit is checked against a model
  --jobs SET       jobs: those of one stage; shuffles: those of several (jobs, or those that the mistake harms)
  --seeds N        how many runs (2000)
  --from SEED      the first seed (1)
  --mistake NAME   plants a mistake into the code first, and ends when it is found; --mistakes lists them
  --replay SEED    one run again, with all that happened in it
Exits 1 when something was violated.`

const values = valuesOrExit()
if (values.help) say(usage)
else await runMain(main)

async function main(): Promise<void> {
  if (values.mistakes) return say(mistakes.map(({ name }) => name).join('\n'))
  if (values.replay !== undefined) return replay(integer('--replay', values.replay))
  const from = integer('--from', values.from ?? '1')
  const seeds = integer('--seeds', values.seeds ?? '2000')
  const set = chosenSet()
  const started = performance.now()
  const { violations, ...sums } = await simulateSeeds(
    { from, to: from + seeds - 1 },
    {
      jobs: set,
      ...(values.mistake === undefined ? {} : { mistake: values.mistake }),
      onViolation: ({ seed, job, violation }) => say(`seed ${seed} (${job}): ${violation}`),
      onProgress: (done) => void (done % 500 === 0 && say(`      ${done} seeds`)),
    },
  )
  const seconds = Math.round((performance.now() - started) / 1_000)
  say(
    `${sums.seeds} seeds, ${sums.results} results compared, ${(sums.virtualMs / 3_600_000).toFixed(1)} h of virtual time in ${seconds} s, ${violations.length} violations`,
  )
  if (violations.length > 0) process.exitCode = 1
}

async function replay(seed: number): Promise<void> {
  const { job, violation, history, fingerprint } = await simulate(seed, jobSets[chosenSet()])
  for (const line of history) console.log(line)
  say(`seed ${seed} (${job}), course ${fingerprint}: ${violation ?? 'nothing was violated'}`)
  if (violation !== null) process.exitCode = 1
}

function chosenSet(): JobSet {
  return jobSetOf(values.jobs ?? mistakes.find(({ name }) => name === values.mistake)?.jobs ?? 'jobs')
}

function integer(option: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  say(`${option} takes a whole number, not ${text}\n${usage}`)
  process.exit(2)
}

function valuesOrExit() {
  try {
    const text = { type: 'string' } as const
    const flag = { type: 'boolean' } as const
    return parseArgs({ options: { jobs: text, seeds: text, from: text, mistake: text, replay: text, mistakes: flag, help: flag } }).values
  } catch (error) {
    say(`${(error as Error).message}\n${usage}`)
    process.exit(2)
  }
}
