/** Two workers with half of the state each; one is killed for good, the other takes its tasks. */
import type { WorkerStatus } from '../../../runtime/protocol.ts'
import { peakMemoryMiB } from '../measure/process-usage.ts'
import type { WorkerProcess } from '../ours/worker-process.ts'
import { longestPause } from './advances.ts'
import { partitions } from './input.ts'
import { sessionTimeoutMs, type StateJob } from './job.ts'
import { allRunning, rowsOf, statusUntil } from './restart.ts'

export interface TakenOver {
  readonly standbys: number
  /** Of the worker that was killed, as it said before. */
  readonly stateMiB: number
  /** From the kill until something new is committed of its tasks. */
  readonly seconds: number
  /** The part of it in which the group still waits for the dead worker. */
  readonly sessionSeconds: number
  /** Of the worker that took over, behind it. */
  readonly peakMemoryMiB: number
  /** What was committed of the dead worker's tasks: seconds since the kill, records since the first look. */
  readonly timeline: readonly (readonly [seconds: number, records: number])[]
}

const beforeMs = 5_000
const behindMs = 10_000

/** Under load. The two workers are ordinals 0 and 1; the second is killed, and gone. Throws when the first has not exactly a row for each key in the end. */
export async function takeOver(workers: readonly [WorkerProcess, WorkerProcess], job: StateJob, standbys: number): Promise<TakenOver> {
  const [survivor, victim] = workers
  await Promise.all(workers.map((worker) => allRunning(worker, partitions / 2)))
  if (standbys > 0) await statusUntil(survivor, isWarm, 'copies of the other one')
  const stateMiB = (await victim.metric('streamjob_state_bytes')) / 2 ** 20
  const lost = ((await victim.status())?.tasks ?? []).map(({ partition }) => partition)
  const copiesBefore = await survivor.metric('streamjob_warm_restores_total')
  const advances = job.advances(lost)
  const started = performance.now()
  await advances.until(({ at }) => at > started + beforeMs)
  const killed = performance.now()
  await victim.kill()
  await allOf(survivor, advances)
  const running = performance.now()
  await advances.until(({ at }) => at > running + behindMs)
  const copies = await survivor.metric('streamjob_warm_restores_total')
  if (copies - copiesBefore !== (standbys > 0 ? lost.length : 0))
    throw new Error(`${copies - copiesBefore} tasks came from warm copies with ${standbys} standbys`)
  const rows = await rowsOf(survivor)
  if (rows !== job.size.keys) throw new Error(`the worker has ${rows} rows after it took over instead of ${job.size.keys}`)
  const { to } = longestPause(advances.found)
  const first = advances.found[0]!.committed
  return {
    standbys,
    stateMiB,
    seconds: (to - killed) / 1_000,
    sessionSeconds: sessionTimeoutMs / 1_000,
    peakMemoryMiB: peakMemoryMiB(survivor.pid) ?? NaN,
    timeline: advances.found.map(({ at, committed }) => [round((at - killed) / 1_000), committed - first] as const),
  }
}

/** Whether it has a warm copy of every task that it does not own. */
const isWarm = ({ warm }: WorkerStatus): boolean => warm.length === partitions / 2 && warm.every((copy) => copy.warm)

/** Until the worker has every task; looks at the group meanwhile. */
async function allOf(worker: WorkerProcess, advances: ReturnType<StateJob['advances']>): Promise<void> {
  await advances.until(async () => {
    const status = await worker.status()
    return status?.state === 'running' && status.tasks.length === partitions
  })
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100
