/** What was measured, for people and for programs. */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { checkout } from '../infra/paths.ts'
import type { Measured, Run } from './bench.ts'
import type { Cost } from './drain.ts'

export interface Report extends Measured {
  readonly formatVersion: 1
  readonly at: string
  /** Of this checkout; with a `+` where something was not committed. */
  readonly commit: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGiB: number
    readonly kernel: string
    readonly node: string
    /** Averages of 1, 5 and 15 minutes at the end: what else was going on. */
    readonly load: readonly number[]
  }
}

export function reportOf(measured: Measured, at: Date): Report {
  const [cpu] = cpus()
  return {
    formatVersion: 1,
    at: at.toISOString(),
    commit: commit(),
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      node: process.version,
      load: loadavg(),
    },
    ...measured,
  }
}

/** Medians with their range, as Markdown. */
export function table({ runs, input, cores, machine, commit: of, at }: Report): string {
  const variants = [...new Set(runs.map((run) => run.variant))]
  const columns: readonly (readonly [title: string, value: (run: Run) => number, digits: number])[] = [
    ['k records per CPU-s, steady', ({ steady }) => perCpuSecond(steady) / 1_000, 0],
    ['whole', ({ whole }) => perCpuSecond(whole) / 1_000, 0],
    ['k records/s, steady', ({ steady }) => steady.records / steady.wallSeconds / 1_000, 0],
    ['CPU-s per M, steady', ({ steady }) => 1e6 / perCpuSecond(steady), 2],
    ['whole', ({ whole }) => 1e6 / perCpuSecond(whole), 2],
    ['peak RSS MiB', (run) => run.peakMemoryMiB, 0],
    ['broker CPU-s', (run) => run.brokerCpuSeconds, 2],
    ['waited %', (run) => run.waited * 100, 0],
  ]
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const lines = variants.map((variant) => {
    const of = runs.filter((run) => run.variant === variant)
    return row([variant, String(of.length), ...columns.map(([, value, digits]) => spread(of.map(value), digits))])
  })
  return [
    row(['variant', 'runs', ...columns.map(([title]) => title)]),
    row(['---', ...Array.from({ length: columns.length + 1 }, () => '---:')]),
    ...lines,
    '',
    `Each cell: median (least to most). ${input.records} records of ${input.valueBytes.toFixed(0)} bytes, ${input.results} results, all exactly right.`,
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, Linux ${machine.kernel}; load ${machine.load.map((load) => load.toFixed(1)).join(' ')};`,
    `${cores === null ? 'nothing is pinned' : `broker on core ${cores.broker}, worker on core ${cores.worker}`}. Commit ${of}, ${at}.`,
  ].join('\n')
}

/** Writes the report into results/, named by day and commit. Returns the files. */
export async function save(report: Report): Promise<readonly string[]> {
  const directory = join(import.meta.dirname, 'results')
  await mkdir(directory, { recursive: true })
  const name = join(directory, `${report.at.slice(0, 10)}-${report.commit}`)
  await writeFile(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(`${name}.md`, `${table(report)}\n`)
  return [`${name}.json`, `${name}.md`]
}

const perCpuSecond = ({ records, cpuSeconds }: Cost): number => records / cpuSeconds

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  const text = median.toFixed(digits)
  return sorted.length === 1 ? text : `${text} (${sorted[0]!.toFixed(digits)} to ${sorted.at(-1)!.toFixed(digits)})`
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: checkout, encoding: 'utf8' }).trim()
  return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'runtime', 'package-lock.json') === '' ? '' : '+')
}
