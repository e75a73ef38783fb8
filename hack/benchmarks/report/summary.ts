/** Runs of a round, summed up by contender. */
import type { MeasuredLatency, MeasuredRound, Run } from '../bench.ts'
import { labelOf, type Contender } from '../contenders.ts'
import type { Cost } from '../measure/drain.ts'
import { areEqual, pairedRatio, spreadOf, type PairedRatio, type Spread } from './statistics.ts'

export interface Summary {
  readonly label: string
  readonly contender: Contender
  readonly runs: readonly Run[]
  /** CPU-seconds per million records. */
  readonly steadyCpu: Spread
  readonly wholeCpu: Spread
  /** Records per second of wall time. */
  readonly rate: Spread
}

/** In the order in which they were measured. */
export function summaries({ runs }: MeasuredRound): readonly Summary[] {
  return [...grouped(runs)].map(([label, of]) => ({
    label,
    contender: of[0]!.contender,
    runs: of,
    steadyCpu: spreadOf(of.map(({ steady }) => cpuPerMillion(steady))),
    wholeCpu: spreadOf(of.map(({ whole }) => cpuPerMillion(whole))),
    rate: spreadOf(of.map(({ steady }) => steady.records / steady.wallSeconds)),
  }))
}

/** How many times the steady CPU time of the first one it takes; 1: as much, as far as can be told. */
export function timesFirst(all: readonly Summary[], { steadyCpu }: Summary): number {
  const [first] = all
  return first === undefined || areEqual(first.steadyCpu, steadyCpu) ? 1 : steadyCpu.median / first.steadyCpu.median
}

export interface GuaranteeCost extends PairedRatio {
  readonly label: string
  readonly round: string
}

/** What exactly once costs in CPU time, for each contender that ran with both guarantees in turns. */
export function guaranteeCosts(round: MeasuredRound): readonly GuaranteeCost[] {
  const all = summaries(round)
  return all.flatMap(({ contender, label, runs }) => {
    if (contender.guarantee !== 'exactly-once') return []
    const loose = all.find((other) => other.label === labelOf({ ...contender, guarantee: 'at-least-once' }))
    if (loose === undefined) return []
    const pairs = runs.flatMap((run) => loose.runs.filter(({ repetition }) => repetition === run.repetition).map((other) => [run, other] as const))
    if (pairs.length === 0) return []
    const cpu = (side: 0 | 1): readonly number[] => pairs.map((pair) => cpuPerMillion(pair[side].steady))
    return [{ label, round: round.title, ...pairedRatio(cpu(0), cpu(1)) }]
  })
}

export interface LatencySummary {
  readonly label: string
  readonly p50: Spread
  readonly p99: Spread
  readonly p999: Spread
}

export function latencySummaries({ runs }: MeasuredLatency): readonly LatencySummary[] {
  return [...grouped(runs)].map(([label, of]) => ({
    label,
    p50: spreadOf(of.map(({ p50 }) => p50)),
    p99: spreadOf(of.map(({ p99 }) => p99)),
    p999: spreadOf(of.map(({ p999 }) => p999)),
  }))
}

export const cpuPerMillion = ({ records, cpuSeconds }: Cost): number => (cpuSeconds / records) * 1e6

function grouped<R extends { readonly contender: Contender; readonly variant?: string }>(runs: readonly R[]): ReadonlyMap<string, readonly R[]> {
  const several = new Set(runs.map(({ variant }) => variant ?? '').filter((variant) => variant !== '')).size > 1
  return Map.groupBy(runs, ({ contender, variant }) => labelOf(contender) + (several && variant ? ` (${variant})` : ''))
}
