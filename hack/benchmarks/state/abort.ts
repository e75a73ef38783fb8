/** A transaction that is aborted under a worker's hands: how long nothing is committed. */
import { names } from '../../../runtime/protocol.ts'
import type { WorkerProcess } from '../ours/worker-process.ts'
import { spreadOf } from '../report/statistics.ts'
import { longestPause } from './advances.ts'
import type { StateJob } from './job.ts'

export interface Aborted {
  /** Without a commit, around the abort. Seconds. */
  readonly pauseSeconds: number
  /** Between two commits at other times, their median. Seconds. */
  readonly usualSeconds: number
}

/** How long commits are watched before and behind the abort. */
const watchMs = 4_000

/** Under load. Fences the worker's producer once, as whoever takes its tasks away would. Throws when the worker did not go back exactly once. */
export async function abortOnce(worker: WorkerProcess, job: StateJob): Promise<Aborted> {
  const before = job.advances()
  const started = performance.now()
  await before.until(({ at }) => at > started + watchMs)
  const rewinds = await rewindsOf(worker)
  const around = job.advances()
  await around.look()
  await job.kafka.reader.fence(names.workerTransactionalId(job.id, 0))
  const fenced = performance.now()
  await around.until(({ at }) => at > fenced + watchMs)
  const more = (await rewindsOf(worker)) - rewinds
  if (more !== 1) throw new Error(`the worker went back ${more} times for one aborted transaction`)
  const { from, to } = longestPause(around.found)
  return {
    pauseSeconds: (to - from) / 1_000,
    usualSeconds: spreadOf(before.found.slice(1).map(({ at }, i) => (at - before.found[i]!.at) / 1_000)).median,
  }
}

async function rewindsOf(worker: WorkerProcess): Promise<number> {
  const status = await worker.status()
  if (status === null) throw new Error('the worker does not answer')
  return status.rewinds
}
