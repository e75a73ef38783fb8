/** Tables of a report. */
import type { MeasuredLatency, MeasuredRound } from '../bench.ts'
import type { Circumstances, Report } from './report.ts'
import type { Spread } from './statistics.ts'
import { guaranteeCosts, latencySummaries, summaries, timesFirst, type Summary } from './summary.ts'
import { spreadOf } from './statistics.ts'

export function markdown(report: Report): string {
  const costs = report.rounds.flatMap(guaranteeCosts)
  return [
    ...report.rounds.map(roundTable),
    ...(costs.length === 0 ? [] : [guaranteeTable(costs)]),
    ...report.latency.map(latencyTable),
    failures(report.failures),
    `Each cell: median (least to most). \`times the first\` is 1 where the ranges overlap.\n${circumstances(report)}`,
  ].join('\n\n')
}

function roundTable(round: MeasuredRound): string {
  const all = summaries(round)
  const columns: readonly Column[] = [
    ['CPU-s per M, steady', ({ steadyCpu }) => shown(steadyCpu, 2)],
    ['times the first', (summary) => (summary === all[0] ? '' : times(timesFirst(all, summary)))],
    ['CPU-s per M, whole', ({ wholeCpu }) => shown(wholeCpu, 2)],
    ['k records/s, steady', ({ rate }) => shown(rate, 0, 1_000)],
    ['s to full speed', ({ runs }) => shown(spreadOf(runs.map(({ toFullSpeedSeconds }) => toFullSpeedSeconds)), 1)],
    ['peak RSS MiB', ({ runs }) => shown(spreadOf(runs.map(({ peakMemoryMiB }) => peakMemoryMiB)), 0)],
    ['broker CPU-s', ({ runs }) => shown(spreadOf(runs.map(({ brokerCpuSeconds }) => brokerCpuSeconds)), 1)],
    ['disturbed %', ({ runs }) => shown(spreadOf(runs.map(({ disturbed }) => disturbed * 100)), 0)],
  ]
  const rows = all.map((summary) => [summary.label, String(summary.runs.length), ...columns.map(([, cell]) => cell(summary))])
  const { records, valueBytes, results } = round.input
  const { partitions } = round.case.input
  return [
    `### ${round.title}`,
    `${round.case.title}: ${records} records of ${valueBytes.toFixed(0)} bytes in ${partitions} partitions, ${results} results.`,
    table(['', 'runs', ...columns.map(([title]) => title)], rows),
  ].join('\n\n')
}

type Column = readonly [title: string, cell: (summary: Summary) => string]

function guaranteeTable(costs: ReturnType<typeof guaranteeCosts>): string {
  const rows = costs.map(({ label, round, ratio, interval, pairs }) => [
    label,
    round,
    String(pairs),
    percent(ratio),
    interval === null ? '' : `${percent(interval[0])} to ${percent(interval[1])}`,
  ])
  return `### exactly once against at least once\n\n${table(['', 'round', 'pairs', 'CPU time more', '95 % interval'], rows)}`
}

function latencyTable(latency: MeasuredLatency): string {
  const rows = latencySummaries(latency).map(({ label, p50, p99, p999 }) => [label, String(p50.count), shown(p50, 0), shown(p99, 0), shown(p999, 0)])
  return [
    `### latency at ${latency.recordsPerSecond} records a second`,
    `Pass-through, from when a record was due until a reader of committed records has its result; ${latency.seconds} s a run, milliseconds.`,
    table(['', 'runs', 'p50', 'p99', 'p99.9'], rows),
  ].join('\n\n')
}

function failures(all: readonly string[]): string {
  if (all.length === 0) return 'Every output was compared with the oracle, and was exactly right.'
  return ['**Without a result:**', ...all.map((failure) => `- ${failure.split('\n')[0]}`)].join('\n')
}

/** In words. */
export function circumstances({ at, commit, minutes, machine, versions, cores }: Circumstances & Pick<Report, 'cores'>): string {
  return [
    `${at}, commit ${commit}, ${minutes} minutes. ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel};`,
    `load ${machine.load.map((load) => load.toFixed(1)).join(' ')}; ${
      cores === null ? 'nothing is pinned' : `broker and load on core ${cores.broker}, the system on core ${cores.system}`
    }.`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n')
}

export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

/** `unit` is what 1 stands for. */
export function shown({ median, least, most, count }: Spread, digits: number, unit = 1): string {
  const text = (value: number): string => (value / unit).toFixed(digits)
  return count === 1 ? text(median) : `${text(median)} (${text(least)} to ${text(most)})`
}

const times = (ratio: number): string => (ratio === 1 ? '1' : ratio.toFixed(ratio < 10 ? 1 : 0))
const percent = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(0)} %`
