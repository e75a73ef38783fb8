/** The measure: topics of records, drained again and again by fresh jobs of all contenders in turn, each output checked. */
import { connectKafka } from '../../runtime/kafka/connect.ts'
import { connectAdmin } from '../../runtime/kafka/kafkajs/admin.ts'
import { silent } from '../../runtime/kafka/log.ts'
import { daemon } from '../infra/machine/daemon.ts'
import { brokerDown, brokerUp } from '../infra/kafka/broker.ts'
import { say, step } from '../infra/progress.ts'
import type { BenchCase } from './cases.ts'
import { labelOf, type Contender } from './contenders.ts'
import { preload, topicOf, type Preloaded } from './input/preload.ts'
import type { Drained } from './measure/drain.ts'
import { measureLatency, type Latency } from './measure/latency.ts'
import { demandProcessUsage, pin, separateCores } from './measure/process-usage.ts'
import { runOnce, type RunPlace } from './measure/run-once.ts'
import { oracleOf, type Oracle } from './oracle/oracle.ts'
import { preparePeer } from './peers/programs.ts'
import type { LatencyRound, Round } from './schedule.ts'

export interface BenchOptions {
  readonly rounds: readonly Round[]
  readonly latency: readonly LatencyRound[]
  /** Name -> checkout: whose runtime runs, where it is ours. Their runs take turns. */
  readonly checkouts: ReadonlyMap<string, string>
  /** Where CPU profiles of our workers go; null: none are made. */
  readonly profiles: string | null
  /** Use the broker and the bids of an earlier run that kept them, and keep them. */
  readonly keep: boolean
  /** Is done after each run. */
  readonly between?: () => Promise<void>
}

export interface Measured {
  readonly rounds: readonly MeasuredRound[]
  readonly latency: readonly MeasuredLatency[]
  /** What gave no result, and why. */
  readonly failures: readonly string[]
  readonly cores: ReturnType<typeof separateCores>
}

export interface MeasuredRound {
  readonly title: string
  readonly case: BenchCase
  readonly input: { readonly records: number; readonly valueBytes: number; readonly results: number }
  readonly runs: readonly Run[]
}

export interface Run extends Drained {
  readonly contender: Contender
  /** Of the checkout. */
  readonly variant: string
  readonly repetition: number
}

export interface MeasuredLatency {
  readonly recordsPerSecond: number
  readonly seconds: number
  readonly runs: readonly (Latency & { readonly contender: Contender; readonly repetition: number })[]
}

/** A contender that fails, or whose output is wrong, has no result and is named among the failures. The broker is gone afterwards unless it is kept. */
export async function bench(options: BenchOptions): Promise<Measured> {
  demandProcessUsage()
  const cores = separateCores()
  const systems = new Set([...options.rounds, ...options.latency].flatMap(({ contenders }) => contenders.map(({ system }) => system)))
  for (const system of systems) if (system !== 'streamjob') await preparePeer(system)
  if (!options.keep) await brokerDown('bench')
  try {
    const broker = await brokerUp('bench')
    const brokerPid = daemon(broker.settings.directory, 'broker')?.pid ?? null
    if (cores !== null) for (const pid of [brokerPid, process.pid]) if (pid !== null) pin(pid, cores.broker)
    const place = { connection: { brokers: [broker.address] }, brokerPid, core: cores?.system ?? null }
    const ledger = new Ledger()
    const rounds: MeasuredRound[] = []
    for (const round of options.rounds) rounds.push(await measureRound(round, place, options, ledger))
    const latency: MeasuredLatency[] = []
    for (const round of options.latency) latency.push(await latencyRound(round, place, options, cores?.broker ?? null, ledger))
    return { rounds, latency, failures: ledger.failures, cores }
  } finally {
    if (!options.keep) await brokerDown('bench')
  }
}

/** Names runs, and keeps what failed. */
class Ledger {
  readonly failures: string[] = []
  // Kept brokers know the jobs of earlier runs.
  readonly #prefix = `bench-${Date.now()}`
  #runs = 0

  /** The result, or null after noting why there is none. */
  async attempt<T>(title: string, work: (id: string) => Promise<T>): Promise<T | null> {
    const id = `${this.#prefix}-${++this.#runs}`
    try {
      return await step(title, () => work(id))
    } catch (error) {
      const failure = `${title}: ${error instanceof Error ? error.message : String(error)}`
      this.failures.push(failure)
      say(failure)
      return null
    }
  }
}

type Place = Omit<RunPlace, 'checkout'>

async function measureRound(round: Round, place: Place, { checkouts, profiles, between }: BenchOptions, ledger: Ledger): Promise<MeasuredRound> {
  const oracle = oracleOf(round.case.work)
  const input = await step(`${round.title}: the topic ${topicOf(round.case.input)}`, () => fill(round.case, oracle, place))
  const runs: Run[] = []
  for (let repetition = 1; repetition <= round.repetitions; repetition++) {
    for (const contender of round.contenders) {
      for (const [variant, checkout] of contender.system === 'streamjob' ? checkouts : [['', ''] as const]) {
        const title = `${labelOf(contender)}${checkouts.size > 1 ? `, ${variant}` : ''}, run ${repetition} of ${round.repetitions}`
        const profile = profiles === null ? null : { directory: profiles, name: profileName(variant, repetition) }
        const drained = await ledger.attempt(title, (id) =>
          runOnce(
            { id, contender, work: round.case.work, input: { ...input, partitions: round.case.input.partitions }, oracle, profile },
            { ...place, checkout },
          ),
        )
        if (drained !== null) runs.push({ contender, variant, repetition, ...drained })
        await between?.()
      }
    }
  }
  const { records, valueBytes } = input
  return { title: round.title, case: round.case, input: { records, valueBytes, results: oracle.rows }, runs }
}

/** Of the profile of a run, without `.cpuprofile`. */
export const profileName = (variant: string, repetition: number): string => `${variant}-${repetition}`

async function fill(of: BenchCase, oracle: Oracle, { connection }: Place): Promise<Preloaded> {
  await using kafka = connectKafka(connection, { clientId: 'bench', log: silent })
  await using admin = connectAdmin(connection, { clientId: 'bench', log: silent })
  return await preload(kafka, admin, of.input, (value) => oracle.add(value))
}

async function latencyRound(
  { contenders, repetitions, ...settings }: LatencyRound,
  place: Place,
  { checkouts }: BenchOptions,
  loadCore: number | null,
  ledger: Ledger,
): Promise<MeasuredLatency> {
  const runs: MeasuredLatency['runs'][number][] = []
  const [checkout = ''] = checkouts.values()
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const contender of contenders) {
      const title = `latency of ${labelOf(contender)} at ${settings.recordsPerSecond} records/s, run ${repetition} of ${repetitions}`
      const latency = await ledger.attempt(title, (id) => measureLatency({ id, contender, ...settings, loadCore }, { ...place, checkout }))
      if (latency !== null) runs.push({ contender, repetition, ...latency })
    }
  }
  return { recordsPerSecond: settings.recordsPerSecond, seconds: settings.seconds, runs }
}
