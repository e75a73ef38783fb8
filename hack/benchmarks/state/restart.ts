/** A new process of a worker that was killed: until it has its tasks again, and what that cost. */
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerStatus } from '../../../runtime/protocol.ts'
import { cpuSeconds, peakMemoryMiB } from '../measure/process-usage.ts'
import type { WorkerProcess } from '../ours/worker-process.ts'
import { partitions } from './input.ts'
import type { StateJob } from './job.ts'

/** When a worker had its tasks, and then. Seconds since its process was started. */
export interface Restored {
  readonly rows: number
  readonly seconds: number
  /** Of the process, from its start, all threads. */
  readonly cpuSeconds: number
  /** Until the first commit of something new. */
  readonly secondsToCommit: number
  readonly peakMemoryMiB: number
  /** As the worker says: of its tables, free space included. */
  readonly stateMiB: number
}

const everyMs = 20
const patienceMs = 900_000

/** Waits for a worker that was just started, under load. Throws when it has not exactly a row for each key. */
export async function restored(worker: WorkerProcess, job: StateJob): Promise<Restored> {
  const started = performance.now()
  const advances = job.advances()
  const { committed } = await advances.look()
  await allRunning(worker)
  const seconds = (performance.now() - started) / 1_000
  const cpu = cpuSeconds(worker.pid)
  await advances.until((last) => last.committed > committed)
  const secondsToCommit = (performance.now() - started) / 1_000
  const rows = await rowsOf(worker)
  if (rows !== job.size.keys) throw new Error(`the worker has ${rows} rows after a restart instead of ${job.size.keys}`)
  const stateMiB = (await worker.metric('streamjob_state_bytes')) / 2 ** 20
  return { rows, seconds, cpuSeconds: cpu, secondsToCommit, peakMemoryMiB: peakMemoryMiB(worker.pid) ?? NaN, stateMiB }
}

/** Until the worker has all tasks of the job. */
export function allRunning(worker: WorkerProcess, tasks = partitions): Promise<void> {
  return statusUntil(worker, (status) => status.state === 'running' && status.tasks.length === tasks, `${tasks} tasks`)
}

/** Throws when that takes minutes. */
export async function statusUntil(worker: WorkerProcess, enough: (status: WorkerStatus) => boolean, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    const status = await worker.status()
    if (status !== null && enough(status)) return
    await sleep(everyMs)
  }
  throw new Error(`the worker does not get ${what}`)
}

export async function rowsOf(worker: WorkerProcess): Promise<number> {
  const status = await worker.status()
  return (status?.tasks ?? []).reduce((sum, { stateRows }) => sum + stateRows, 0)
}

/** Until the worker keeps warm copies of the tasks of another one. */
export function allWarm(worker: WorkerProcess): Promise<void> {
  return statusUntil(worker, ({ warm }) => warm.filter((copy) => copy.warm).length === partitions / 2, `${partitions / 2} warm copies`)
}

/** Until the volume holds a whole snapshot of each task. Throws when that takes minutes. */
export async function snapshotsIn(directory: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    const files = await readdir(directory, { recursive: true }).catch(() => [])
    if (files.filter((file) => file.endsWith('.base')).length >= partitions) return
    await sleep(50 * everyMs)
  }
  throw new Error(`there is no whole snapshot of each task in ${directory}`)
}

/** Throws when a task was not restored from its snapshot, or more was read of the changelog than came behind it. */
export async function demandSnapshots(worker: WorkerProcess, job: StateJob): Promise<void> {
  const [tasks, rows] = [await worker.metric('streamjob_snapshot_restores_total'), await worker.metric('streamjob_restored_rows_total')]
  if (tasks !== partitions || rows > job.size.keys / 10)
    throw new Error(`${tasks} of ${partitions} tasks came from a snapshot, and ${rows} rows from the changelog`)
}
