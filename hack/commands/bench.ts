/** Measures streamjob and its peers side by side. */
import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bench, type BenchOptions } from '../benchmarks/bench.ts'
import { labelOf } from '../benchmarks/contenders.ts'
import { peerVersions } from '../benchmarks/peers/programs.ts'
import { described, keepAsBaseline, limits, measureRegression } from '../benchmarks/regression/regression.ts'
import { markdown } from '../benchmarks/report/markdown.ts'
import { printShares } from '../benchmarks/report/profile.ts'
import { circumstancesOf, reportOf, save } from '../benchmarks/report/report.ts'
import { saveState, stateMarkdown, stateReportOf } from '../benchmarks/report/state.ts'
import { fullLatency, fullSchedule, nexmarkSchedule, ownSchedule, quickLatency, quickNexmarkSchedule, quickSchedule } from '../benchmarks/schedule.ts'
import { benchState } from '../benchmarks/state/bench.ts'
import { fullState, quickState } from '../benchmarks/state/schedule.ts'
import { runMain } from '../infra/command.ts'
import { kafkaVersion } from '../infra/kafka/artefacts.ts'
import { acquire } from '../infra/machine/lock.ts'
import { cacheRoot, checkout } from '../infra/machine/paths.ts'
import { say } from '../infra/progress.ts'

const usage = `usage: hack/bench [--quick | --own | --nexmark | --state | --regression] [--only TEXT]... [--keep] [--save]
  everything against the peers, in turns, every output checked: under an hour, on a machine with nothing else to do
  --quick            smaller inputs, fewer contenders, once: a few minutes
  --own              our steps on the main case only; with these
    --records N        4 million by default
    --repetitions N    3 by default
    --compare DIR      the runtime of another checkout too (its packages installed), in turns with this one; may be repeated
    --profile DIR      a CPU profile of each run, and where the steady part of its time goes
  --nexmark          sessions, a shuffle, and queries of Nexmark against the peers: a quarter of an hour; a few minutes with --quick
  --state            what much state costs: restarts, aborted transactions, take-overs; ten millions of keys, or one with --quick
    --compare DIR      restarts of the workers of another checkout too
  --regression       our main case in a minute, relative to plain JavaScript, against the ratio that is kept; --save keeps the new one
  --only TEXT        only rounds or contenders that have the text in their name, such as 'main case', Flink or latency; may be repeated
  --keep             leaves the broker up and uses the bids of a run before that left it; the next run without it starts anew
  --save             writes hack/benchmarks/results/DATE-COMMIT.json, .md and .svg
Exits 1 when an output was wrong, a system failed, or our main case is dearer by half than it was.`

const ownVersions = { streamjob: 'this commit', Node: process.version, Kafka: kafkaVersion }

const values = valuesOrExit()
if (values.help) say(usage)
else await runMain(main)

async function main(): Promise<void> {
  const { profile, save: wanted = false } = values
  const profiles = profile === undefined ? null : resolve(profile)
  if (profiles !== null) await mkdir(profiles, { recursive: true })
  await using _alone = await acquire(join(cacheRoot, 'run', 'bench.lock'))
  if (values.regression) return regression(wanted)
  if (values.state) return state(values.quick ?? false, wanted)
  const started = new Date()
  const measured = await bench({ ...workOf(values), profiles, keep: values.keep ?? false, checkouts: checkoutsOf(values.compare ?? []) })
  const report = reportOf(measured, circumstancesOf({ ...ownVersions, ...peerVersions }, started, new Date()))
  console.log(markdown(report))
  if (profiles !== null)
    await printShares(
      profiles,
      measured.rounds.flatMap(({ runs }) => runs),
    )
  if (wanted) for (const file of await save(report)) say(`saved ${file}`)
  if (measured.failures.length > 0) process.exitCode = 1
}

async function state(quick: boolean, keep: boolean): Promise<void> {
  const started = new Date()
  const measured = await benchState({ schedule: quick ? quickState : fullState, checkouts: checkoutsOf(values.compare ?? []) })
  const report = stateReportOf(measured, circumstancesOf(ownVersions, started, new Date()))
  console.log(stateMarkdown(report))
  if (keep) for (const file of await saveState(report)) say(`saved ${file}`)
}

async function regression(keep: boolean): Promise<void> {
  const found = await measureRegression()
  console.log(described(found))
  if (keep) await keepAsBaseline(found)
  else if (found.ratio / found.baseline >= limits.failed) process.exitCode = 1
}

type Values = ReturnType<typeof parse>

function workOf({ quick, own, nexmark, records, repetitions, only = [] }: Values): Pick<BenchOptions, 'rounds' | 'latency'> {
  const fits = (name: string): boolean => only.length === 0 || only.some((text) => name.includes(text))
  const rounds = own
    ? ownSchedule(Number(records ?? 4_000_000), Number(repetitions ?? 3))
    : nexmark
      ? quick
        ? quickNexmarkSchedule
        : nexmarkSchedule
      : quick
        ? quickSchedule
        : fullSchedule
  const latency = own || nexmark ? [] : quick ? quickLatency : fullLatency
  return {
    rounds: rounds
      .map((round) => ({ ...round, contenders: round.contenders.filter((contender) => fits(round.title) || fits(labelOf(contender))) }))
      .filter(({ contenders }) => contenders.length > 0),
    latency: latency
      .map((round) => ({ ...round, contenders: round.contenders.filter((contender) => fits('latency') || fits(labelOf(contender))) }))
      .filter(({ contenders }) => contenders.length > 0),
  }
}

function checkoutsOf(compared: readonly string[]): ReadonlyMap<string, string> {
  return new Map([['this', checkout], ...compared.map((directory) => [basename(resolve(directory)), resolve(directory)] as const)])
}

function parse() {
  const { values: parsed } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      own: { type: 'boolean' },
      nexmark: { type: 'boolean' },
      state: { type: 'boolean' },
      regression: { type: 'boolean' },
      only: { type: 'string', multiple: true },
      keep: { type: 'boolean' },
      repetitions: { type: 'string' },
      records: { type: 'string' },
      compare: { type: 'string', multiple: true },
      profile: { type: 'string' },
      save: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  const { quick, own, nexmark, state: large, regression: relative, records, repetitions, compare, profile, only, keep } = parsed
  for (const count of [repetitions, records]) {
    if (count !== undefined && !/^[1-9]\d{0,9}$/.test(count)) throw new Error(`${count} is not a number of runs or records`)
  }
  if ([quick && !large && !nexmark, own, nexmark, large, relative].filter(Boolean).length > 1)
    throw new Error('--quick, --own, --nexmark, --state and --regression exclude each other')
  if (large && (only !== undefined || keep)) throw new Error('--only and --keep do not go with --state')
  if (!own && [records, repetitions, profile].some((value) => value !== undefined)) {
    throw new Error('--records, --repetitions and --profile go with --own')
  }
  if (!own && !large && compare !== undefined) throw new Error('--compare goes with --own or --state')
  return parsed
}

function valuesOrExit(): Values {
  try {
    return parse()
  } catch (error) {
    say(`${(error as Error).message}\n${usage}`)
    process.exit(2)
  }
}
