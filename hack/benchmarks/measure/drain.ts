/** Watches a system drain a topic, and says what that has cost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { coreBusySeconds, cpuSeconds, peakMemoryMiB } from './process-usage.ts'
import type { Running } from './running.ts'

/** A stretch of the input. */
export interface Cost {
  readonly records: number
  /** Of the system's process, all threads. */
  readonly cpuSeconds: number
  readonly wallSeconds: number
}

export interface Drained {
  /** From the start of the process until the last record is processed. */
  readonly whole: Cost
  /** From half of the input until the last record is processed: compiled, connected, windows closing all the time. */
  readonly steady: Cost
  /** From the start of the process until it first is as fast as nine tenths of its steady rate, over a second. */
  readonly toFullSpeedSeconds: number
  readonly peakMemoryMiB: number
  /** Part of its core's time that others took; NaN where it has no core of its own. */
  readonly disturbed: number
  readonly brokerCpuSeconds: number
  /** When the steady part began, seconds after the start. */
  readonly steadyFrom: number
}

export interface Sample {
  /** Seconds since the start. */
  readonly at: number
  readonly cpu: number
  readonly processed: number
}

export interface Surroundings {
  readonly brokerPid: number | null
  /** Of the system; null: any. */
  readonly core: number | null
}

const sampleMs = 100
const patienceMs = 90_000

/** Until every record is processed and what it gives is committed. To be called right after the start. Throws when the system fails or stands still. */
export async function drain(running: Running, records: number, { brokerPid, core }: Surroundings): Promise<Drained> {
  const started = performance.now()
  const before = { broker: brokerPid === null ? NaN : cpuSeconds(brokerPid), core: core === null ? NaN : coreBusySeconds(core) }
  const samples: Sample[] = [{ at: 0, cpu: 0, processed: 0 }]
  const usage = { peakMemoryMiB: 0, brokerCpuSeconds: NaN, disturbed: NaN }
  let moved = performance.now()
  for (;;) {
    await sleep(sampleMs)
    const progress = await running.progress()
    const last = samples.at(-1)!
    if (progress !== null && last.processed < records) {
      const sample = { at: (performance.now() - started) / 1_000, cpu: cpuSeconds(running.pid), processed: progress.processed }
      samples.push(sample)
      usage.peakMemoryMiB = Math.max(usage.peakMemoryMiB, peakMemoryMiB(running.pid) ?? 0)
      if (brokerPid !== null) usage.brokerCpuSeconds = cpuSeconds(brokerPid) - before.broker
      if (core !== null) usage.disturbed = Math.max(0, coreBusySeconds(core) - before.core - sample.cpu) / sample.at
    }
    if (progress?.done === true) break
    if (samples.at(-1)!.processed > last.processed) moved = performance.now()
    if (performance.now() - moved > patienceMs) throw new Error(`it stands at ${samples.at(-1)!.processed} of ${records} records`)
  }
  return { ...costs(samples, records), ...usage }
}

/** What samples over a whole run say, the first of them taken at the start. Throws when the run was too short to be measured. */
export function costs(samples: readonly Sample[], records: number): Pick<Drained, 'whole' | 'steady' | 'toFullSpeedSeconds' | 'steadyFrom'> {
  const half = samples.find(({ processed }) => processed >= records / 2)
  const end = samples.find(({ processed }) => processed >= records)
  const [first] = samples
  if (first === undefined || half === undefined || end === undefined) throw new Error(`fewer than ${records} records were processed`)
  // Too short to tell a steady part: all of it.
  const from = half === end ? first : half
  const steady = between(from, end)
  return {
    whole: between(first, end),
    steady,
    toFullSpeedSeconds: timeToFullSpeed(samples, steady.records / steady.wallSeconds),
    steadyFrom: from.at,
  }
}

const between = (from: Sample, to: Sample): Cost => ({
  records: to.processed - from.processed,
  cpuSeconds: to.cpu - from.cpu,
  wallSeconds: to.at - from.at,
})

function timeToFullSpeed(samples: readonly Sample[], steadyRate: number): number {
  for (const [i, sample] of samples.entries()) {
    const before = samples.slice(0, i).findLast(({ at }) => at <= sample.at - 1)
    if (before !== undefined && (sample.processed - before.processed) / (sample.at - before.at) >= 0.9 * steadyRate) return before.at
  }
  return samples.at(-1)!.at
}
