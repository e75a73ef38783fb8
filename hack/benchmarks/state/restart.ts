/** A new process of a worker that was killed: until it has its tasks again, and what that cost. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerStatus } from '../../../runtime/protocol.ts'
import { cpuSeconds, peakMemoryMiB } from '../measure/process-usage.ts'
import type { WorkerProcess } from '../ours/worker-process.ts'
import type { RestoreBase } from './bench.ts'
import { partitions } from './input.ts'
import type { StateJob } from './job.ts'

/** When a worker had its tasks, and then. Seconds since its process was started. */
export interface Restored {
  readonly rows: number
  /** Of them and of what changed since: what was read of the changelogs. */
  readonly changelogRows: number
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

/** Waits for a worker that was just started, under load. Throws when it has not exactly a row for each key, or has them from elsewhere. */
export async function restored(worker: WorkerProcess, job: StateJob, from: RestoreBase): Promise<Restored> {
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
  const changelogRows = await readOfChangelogs(worker, job, from)
  return { rows, changelogRows, seconds, cpuSeconds: cpu, secondsToCommit, peakMemoryMiB: peakMemoryMiB(worker.pid) ?? NaN, stateMiB }
}

/** Throws when not every task came from where it should. */
async function readOfChangelogs(worker: WorkerProcess, { size }: StateJob, from: RestoreBase): Promise<number> {
  const snapshots = await worker.metric('streamjob_snapshot_restores_total')
  const rows = await worker.metric('streamjob_restored_rows_total')
  const right = from === 'snapshot' ? snapshots === partitions && rows < size.keys / 10 : snapshots === 0 && rows >= size.keys
  if (!right) throw new Error(`a restart from the ${from} loaded ${snapshots} snapshots and ${rows} rows of the changelogs`)
  return rows
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
