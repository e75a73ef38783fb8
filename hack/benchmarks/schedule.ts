/** What a bench measures, and how often: rounds of runs that take turns. */
import { cases, withInput, type BenchCase } from './cases.ts'
import { atLeastOnce, type Contender } from './contenders.ts'

export interface Round {
  /** What the round is for: the heading of its table. */
  readonly title: string
  readonly case: BenchCase
  readonly contenders: readonly Contender[]
  readonly repetitions: number
}

/** Latency under a steady load. */
export interface LatencyRound {
  readonly contenders: readonly Contender[]
  readonly repetitions: number
  readonly recordsPerSecond: number
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly partitions: number
}

const second = { guarantee: 'exactly-once', intervalMs: 1_000 } as const
const steps: Contender = { system: 'streamjob', variant: 'steps', ...second }
const lambdas: Contender = { system: 'streamjob', variant: 'lambdas', ...second }
const schemaless: Contender = { system: 'streamjob', variant: 'schemaless', ...second }
const streamsMemory: Contender = { system: 'kafka-streams', variant: 'memory', ...second }
const streamsDisk: Contender = { system: 'kafka-streams', variant: 'disk', ...second }
const flinkMemory: Contender = { system: 'flink', variant: 'memory', ...second }
const flinkDisk: Contender = { system: 'flink', variant: 'disk', ...second }
// Exactly once is out of reach of a map in a process.
const plainJava = atLeastOnce({ system: 'plain-java', variant: 'map', ...second })
const kafkajs = atLeastOnce({ system: 'kafkajs', variant: 'map', ...second })

const every = (contender: Contender, intervalMs: number): Contender => ({ ...contender, intervalMs })
const round = (title: string, of: BenchCase, contenders: readonly Contender[], repetitions = 3): Round => ({
  title,
  case: of,
  contenders,
  repetitions,
})

/** The main case: everybody, with both guarantees and two intervals. Neighbours with the two guarantees are pairs. */
const main: readonly Contender[] = [
  steps,
  atLeastOnce(steps),
  lambdas,
  schemaless,
  streamsMemory,
  atLeastOnce(streamsMemory),
  every(streamsMemory, 100),
  streamsDisk,
  flinkMemory,
  atLeastOnce(flinkMemory),
  every(flinkMemory, 100),
  flinkDisk,
  plainJava,
  kafkajs,
]

const drainHalf = withInput(cases['windowed-10k'], { records: 2_000_000 })

/** Under an hour on two cores. */
export const fullSchedule: readonly Round[] = [
  round('main case', cases['windowed-10k'], main),
  round('pass-through', cases['pass-through'], [lambdas, schemaless, streamsMemory, flinkMemory, { ...plainJava, ...second }]),
  round('filter and map', cases['filter-map'], [steps, lambdas, schemaless, streamsMemory, flinkMemory, { ...plainJava, ...second }]),
  round('100 thousand keys', cases['windowed-100k'], [steps, streamsMemory, flinkMemory]),
  round('1 million keys', cases['windowed-1m'], [steps, streamsDisk, flinkMemory, kafkajs]),
  round('sliding windows', cases.sliding, [steps, streamsMemory, flinkMemory]),
  ...[1, 16, 64].map((partitions) => round(`partitions: ${partitions}`, withInput(drainHalf, { partitions }), [steps])),
  round('commit intervals', drainHalf, [every(steps, 100), steps, every(steps, 10_000)]),
  round('the cost of exactly once', drainHalf, [steps, atLeastOnce(steps)], 6),
]

/**
 * Sessions, shuffles and queries of Nexmark: where the full schedule says nothing. A quarter of an hour on two cores. Sessions of Kafka Streams are on disk:
 * its store in memory looks for them among the ends of those of all keys.
 */
export const nexmarkSchedule: readonly Round[] = [
  round('sessions', cases.session, [steps, streamsDisk, flinkMemory]),
  round('repartition', cases.repartition, [steps, streamsMemory, flinkMemory]),
  round('Nexmark 5', cases['nexmark-5'], [lambdas, streamsMemory, flinkMemory]),
  round('Nexmark 7', cases['nexmark-7'], [lambdas, streamsMemory, flinkMemory]),
  round('Nexmark 8', cases['nexmark-8'], [lambdas, streamsMemory, flinkMemory]),
  round('Nexmark 11', cases['nexmark-11'], [steps, streamsDisk, flinkMemory]),
]

/** A few minutes of it, once each. */
export const quickNexmarkSchedule: readonly Round[] = nexmarkSchedule.map((full) => ({
  ...full,
  case: withInput(full.case, { records: 200_000 }),
  repetitions: 1,
}))

/** A few minutes: whether everything works, and roughly where it stands. */
export const quickSchedule: readonly Round[] = [
  round('main case', withInput(cases['windowed-10k'], { records: 1_000_000 }), [steps, lambdas, streamsMemory, flinkMemory, kafkajs], 1),
  round('filter and map', withInput(cases['filter-map'], { records: 500_000 }), [steps, streamsMemory, flinkMemory, kafkajs], 1),
  round('sliding windows', withInput(cases.sliding, { records: 200_000 }), [steps, streamsMemory, flinkMemory], 1),
]

/** Ours alone, on the main case. */
export const ownSchedule = (records: number, repetitions: number): readonly Round[] => [
  round('main case', withInput(cases['windowed-10k'], { records }), [steps], repetitions),
]

const latencyOf = (contenders: readonly Contender[], repetitions: number, warmUpSeconds: number, seconds: number): LatencyRound => ({
  contenders,
  repetitions,
  recordsPerSecond: 10_000,
  warmUpSeconds,
  seconds,
  partitions: 4,
})

const both = (contender: Contender): readonly Contender[] => [every(contender, 100), contender]

/** Compilers of the JVM take their time on one core. */
export const fullLatency: readonly LatencyRound[] = [latencyOf([lambdas, streamsMemory, flinkMemory].flatMap(both), 3, 10, 8)]

/** One of each. */
export const quickLatency: readonly LatencyRound[] = [
  latencyOf(
    [lambdas, streamsMemory, flinkMemory].map((contender) => every(contender, 100)),
    1,
    5,
    5,
  ),
]
