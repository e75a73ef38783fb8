/** Measures how many records a worker counts per CPU-second. */
import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bench } from '../benchmarks/bench.ts'
import { printShares } from '../benchmarks/profile.ts'
import { reportOf, save, table } from '../benchmarks/report.ts'
import { runMain } from '../infra/command.ts'
import { acquire } from '../infra/lock.ts'
import { cacheRoot, checkout } from '../infra/paths.ts'
import { say } from '../infra/progress.ts'

const usage = `usage: hack/bench [--quick] [--repetitions N] [--records N] [--compare DIR]... [--profile DIR] [--keep] [--save]
  4 million bids are preloaded, then one worker on one core drains them, three times; the output is checked each time
  --quick        400,000 bids, one repetition: whether all works, in less than a minute
  --compare DIR  measures the runtime of another checkout too (its packages installed), in turns with this one
  --profile DIR  writes a CPU profile of each run, and prints where the steady part of its time goes
  --keep         leaves the broker up and uses the bids of a run before that left it; the next run without it starts anew
  --save         writes hack/benchmarks/results/DATE-COMMIT.json and .md`

const values = valuesOrExit()
if (values.help) say(usage)
else await runMain(main)

async function main(): Promise<void> {
  const { quick = false, keep = false, profile, compare = [] } = values
  const profiles = profile === undefined ? null : resolve(profile)
  if (profiles !== null) await mkdir(profiles, { recursive: true })
  await using _alone = await acquire(join(cacheRoot, 'run', 'bench.lock'))
  const measured = await bench({
    records: Number(values.records ?? (quick ? 400_000 : 4_000_000)),
    repetitions: Number(values.repetitions ?? (quick ? 1 : 3)),
    variants: new Map([['this', checkout], ...compare.map((directory) => [basename(resolve(directory)), resolve(directory)] as const)]),
    profiles,
    keep,
  })
  const report = reportOf(measured, new Date())
  console.log(table(report))
  if (profiles !== null) await printShares(profiles, measured.runs)
  if (values.save) for (const file of await save(report)) say(`saved ${file}`)
}

function parse() {
  const { values: parsed } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      keep: { type: 'boolean' },
      repetitions: { type: 'string' },
      records: { type: 'string' },
      compare: { type: 'string', multiple: true },
      profile: { type: 'string' },
      save: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  for (const count of [parsed.repetitions, parsed.records]) {
    if (count !== undefined && !/^[1-9]\d{0,9}$/.test(count)) throw new Error(`${count} is not a number of runs or records`)
  }
  return parsed
}

function valuesOrExit(): ReturnType<typeof parse> {
  try {
    return parse()
  } catch (error) {
    say(`${(error as Error).message}\n${usage}`)
    process.exit(2)
  }
}
