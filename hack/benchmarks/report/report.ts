/** A measure with the circumstances under which it was made, and its files. */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { checkout } from '../../infra/paths.ts'
import type { Measured } from '../bench.ts'
import { markdown } from './markdown.ts'
import { svg } from './plot.ts'

export interface Report extends Measured {
  readonly formatVersion: 2
  /** ISO 8601. */
  readonly at: string
  readonly commit: string
  readonly minutes: number
  /** Of every system that took part. */
  readonly versions: Readonly<Record<string, string>>
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGiB: number
    readonly kernel: string
    /** Averages of 1, 5 and 15 minutes at the end: what else was going on. */
    readonly load: readonly number[]
  }
}

export function reportOf(measured: Measured, versions: Report['versions'], started: Date, ended: Date): Report {
  const [cpu] = cpus()
  return {
    formatVersion: 2,
    at: started.toISOString(),
    commit: commit(),
    minutes: Math.round((ended.getTime() - started.getTime()) / 60_000),
    versions,
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      load: loadavg(),
    },
    ...measured,
  }
}

/** Writes the report into results/, named by day and commit. Returns the files. */
export async function save(report: Report): Promise<readonly string[]> {
  const directory = join(import.meta.dirname, '..', 'results')
  await mkdir(directory, { recursive: true })
  const name = `${report.at.slice(0, 10)}-${report.commit}`
  const files = {
    [join(directory, `${name}.json`)]: `${JSON.stringify(report, null, 1)}\n`,
    [join(directory, `${name}.md`)]: `${markdown(report)}\n\n![CPU time per million records, and latency](${name}.svg)\n`,
    [join(directory, `${name}.svg`)]: svg(report),
  }
  for (const [file, text] of Object.entries(files)) await writeFile(file, text)
  return Object.keys(files)
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: checkout, encoding: 'utf8' }).trim()
  return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'runtime', 'package-lock.json') === '' ? '' : '+')
}
