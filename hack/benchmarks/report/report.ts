/** A measure with the circumstances under which it was made, and its files. */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { checkout } from '../../infra/machine/paths.ts'
import type { Measured } from '../bench.ts'
import { markdown } from './markdown.ts'
import { svg } from './plot.ts'

export interface Report extends Measured, Circumstances {
  readonly formatVersion: 2
}

/** When and where something was measured. */
export interface Circumstances {
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

export function reportOf(measured: Measured, circumstances: Circumstances): Report {
  return { formatVersion: 2, ...circumstances, ...measured }
}

export function circumstancesOf(versions: Circumstances['versions'], started: Date, ended: Date): Circumstances {
  const [cpu] = cpus()
  return {
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
  }
}

/** Writes the report into results/, named by day and commit. Returns the files. */
export function save(report: Report): Promise<readonly string[]> {
  return saveAs(nameOf(report), {
    json: report,
    md: `${markdown(report)}\n\n![CPU time per million records, and latency](${nameOf(report)}.svg)\n`,
    svg: svg(report),
  })
}

/** Of the files of a report, without what says which one it is. */
export const nameOf = ({ at, commit: of }: Circumstances): string => `${at.slice(0, 10)}-${of}`

/** Writes the files of one report. Returns them. */
export async function saveAs(
  name: string,
  { json, md, svg: picture }: { readonly json: object; readonly md: string; readonly svg: string },
): Promise<readonly string[]> {
  const directory = join(import.meta.dirname, '..', 'results')
  await mkdir(directory, { recursive: true })
  const files = { json: `${JSON.stringify(json, null, 1)}\n`, md, svg: picture }
  const written: string[] = []
  for (const [kind, text] of Object.entries(files)) {
    const file = join(directory, `${name}.${kind}`)
    await writeFile(file, text)
    written.push(file)
  }
  return written
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: checkout, encoding: 'utf8' }).trim()
  return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'runtime', 'package-lock.json') === '' ? '' : '+')
}
