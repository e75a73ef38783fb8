/** Whether our main case has become dearer: its CPU time relative to plain JavaScript on the same core in the same minute, against a ratio that was kept. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { checkout } from '../../infra/machine/paths.ts'
import { run } from '../../infra/machine/shell.ts'
import { bench } from '../bench.ts'
import { separateCores } from '../measure/process-usage.ts'
import { spreadOf } from '../report/statistics.ts'
import { cpuPerMillion } from '../report/summary.ts'
import { ownSchedule } from '../schedule.ts'

export interface Regression {
  /** CPU time of a record in our main case, in those of a bid parsed and counted in plain JavaScript. Median of the repetitions. */
  readonly ratio: number
  /** Of the repetitions. */
  readonly range: readonly [least: number, most: number]
  readonly baseline: number
}

/** From there on it is said, and from there on it fails. */
export const limits = { reported: 1.25, failed: 1.5 } as const

const records = 1_000_000
const repetitions = 3

/** Takes about a minute. Throws when an output is wrong. */
export async function measureRegression(): Promise<Regression> {
  const core = separateCores()?.system ?? null
  const calibrations: number[] = [await calibrate(core)]
  const between = async (): Promise<void> => void calibrations.push(await calibrate(core))
  const checkouts = new Map([['this', checkout]])
  const measured = await bench({ rounds: ownSchedule(records, repetitions), latency: [], checkouts, profiles: null, keep: false, between })
  if (measured.failures.length > 0) throw new Error(measured.failures.join('\n'))
  const costs = measured.rounds.flatMap(({ runs }) => runs.map(({ steady }) => cpuPerMillion(steady)))
  const ratios = costs.map((cost, i) => cost / ((calibrations[i]! + calibrations[i + 1]!) / 2))
  const { median, least, most } = spreadOf(ratios)
  return { ratio: median, range: [least, most], baseline: Baseline.parse(JSON.parse(await readFile(baselineFile, 'utf8'))).ratio }
}

/** Makes what was measured the ratio that later ones are held against. */
export async function keepAsBaseline({ ratio }: Regression): Promise<void> {
  await writeFile(baselineFile, `{ "ratio": ${ratio.toFixed(3)} }\n`)
}

/** In words, for people. */
export function described({ ratio, range, baseline }: Regression): string {
  const change = ratio / baseline
  const verdict = change >= limits.failed ? 'far dearer than' : change >= limits.reported ? 'DEARER than' : 'as dear as'
  const [least, most] = range.map((value) => value.toFixed(2))
  return `a record of the main case costs ${ratio.toFixed(2)} (${least} to ${most}) times what it costs to parse and count it in plain JavaScript: ${verdict} the baseline, ${baseline.toFixed(2)} (${((change - 1) * 100).toFixed(0)} %)`
}

const baselineFile = join(import.meta.dirname, 'baseline.json')
const Baseline = z.object({ ratio: z.number().positive() })

/** CPU-seconds per million bids. */
async function calibrate(core: number | null): Promise<number> {
  const node = [process.execPath, join(import.meta.dirname, 'calibration.ts')]
  const [command = '', ...args] = core === null ? node : ['taskset', '-c', String(core), ...node]
  return Number(await run(command, args))
}
