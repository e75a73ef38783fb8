/** Watches a worker drain a topic, and says what that has cost. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerStatus } from '../../runtime/protocol.ts'
import { cpuSeconds, peakMemoryMiB, waitedSeconds } from './process-usage.ts'
import type { WorkerProcess } from './worker.ts'

/** A stretch of the input. */
export interface Cost {
  readonly records: number
  /** Of the worker's process, all threads. */
  readonly cpuSeconds: number
  /** Until the last record was processed; the commit behind it may come later. */
  readonly wallSeconds: number
}

export interface Drained {
  /** From the start of the process to the last commit. */
  readonly whole: Cost
  /** From half of the input on: compiled, connected, windows closing all the time. */
  readonly steady: Cost
  readonly peakMemoryMiB: number
  /** Part of the wall time in which the worker was ready to run and had no core: how much others disturbed it. */
  readonly waited: number
  readonly brokerCpuSeconds: number
  readonly commits: number
  /** When the steady part began, seconds after the start. */
  readonly steadyFrom: number
}

const sampleMs = 200
const patienceMs = 60_000

interface Sample {
  /** Seconds since the start. */
  readonly at: number
  readonly cpu: number
  readonly processed: number
  readonly committed: number
}

/** Until every record is processed and committed. To be called right after the worker's start. Throws when the worker fails or stands still. */
export async function drain(worker: WorkerProcess, records: number, brokerPid: number | null): Promise<Drained> {
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1_000
  const brokerBefore = brokerPid === null ? NaN : cpuSeconds(brokerPid)
  let half: Sample | null = null
  let end: Sample | null = null
  let progress = { records: 0, at: 0 }
  for (;;) {
    await sleep(sampleMs)
    const status = await worker.status()
    if (status === null) continue
    const sample = { at: seconds(), cpu: cpuSeconds(worker.pid), ...positions(status) }
    if (sample.processed >= records / 2) half ??= sample
    if (sample.processed >= records) end ??= sample
    if (sample.committed >= records && end !== null && half !== null) {
      return {
        whole: { records, cpuSeconds: sample.cpu, wallSeconds: end.at },
        steady: { records: records - half.processed, cpuSeconds: sample.cpu - half.cpu, wallSeconds: end.at - half.at },
        peakMemoryMiB: peakMemoryMiB(worker.pid),
        waited: waitedSeconds(worker.pid) / sample.at,
        brokerCpuSeconds: brokerPid === null ? NaN : cpuSeconds(brokerPid) - brokerBefore,
        commits: status.commits,
        steadyFrom: half.at,
      }
    }
    const done = sample.processed + sample.committed
    if (done > progress.records) progress = { records: done, at: performance.now() }
    if (performance.now() - Math.max(progress.at, started) > patienceMs) {
      throw new Error(`the worker stands at ${sample.processed} of ${records} records (${status.state}: ${status.reason}):\n${worker.log()}`)
    }
  }
}

function positions({ tasks }: WorkerStatus): { processed: number; committed: number } {
  let [processed, committed] = [0, 0]
  for (const task of tasks) {
    processed += Number(task.position)
    committed += Number(task.committedOffset ?? 0)
  }
  return { processed, committed }
}
