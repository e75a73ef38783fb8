/** The measure of large state: restarts and aborted transactions of one worker, take-overs between two. */
import { join } from 'node:path'
import { daemon } from '../../infra/machine/daemon.ts'
import { brokerDown, brokerUp } from '../../infra/kafka/broker.ts'
import { step } from '../../infra/progress.ts'
import { cpuSeconds, demandProcessUsage, peakMemoryMiB, pin, separateCores } from '../measure/process-usage.ts'
import { abortOnce, type Aborted } from './abort.ts'
import { StateJob, type StatePlace } from './job.ts'
import { restored, rowsOf, type Restored } from './restart.ts'
import type { StateSchedule, StateSize } from './schedule.ts'
import { takeOver, type TakenOver } from './take-over.ts'
import { checkTotals } from './totals.ts'

export interface StateBenchOptions {
  readonly schedule: StateSchedule
  /** Name -> checkout: whose workers are restarted, in turns. The first makes the state; it alone is restarted from its snapshots, whose format is its own. */
  readonly checkouts: ReadonlyMap<string, string>
}

export interface MeasuredState {
  readonly size: StateSize
  readonly restarts: readonly RestartRun[]
  readonly aborts: readonly Aborted[]
  readonly takeOverSize: StateSize
  readonly takeOvers: readonly TakenOver[]
  readonly built: Built
  readonly cores: ReturnType<typeof separateCores>
}

export interface RestartRun extends Restored {
  readonly from: RestoreBase
  /** Of the checkout. */
  readonly variant: string
  readonly repetition: number
}

/** What a worker that starts again finds of its state. */
export type RestoreBase = 'snapshot' | 'changelog'

/** State as it came to be: one record for each key, processed by one worker that writes local snapshots. */
export interface Built {
  readonly cpuSeconds: number
  readonly peakMemoryMiB: number
  readonly stateMiB: number
}

/** Copies that other workers keep of each task. */
const standbyCounts = [0, 1]
/** Under which workers are restarted: enough for something new to commit. */
const recordsPerSecond = { restart: 1_000, abort: 20_000, takeOver: 4_000 }

/** Throws when a worker fails, or anything was not counted exactly once. The broker is gone afterwards. */
export async function benchState({ schedule, checkouts }: StateBenchOptions): Promise<MeasuredState> {
  demandProcessUsage()
  const cores = separateCores()
  await brokerDown('bench')
  try {
    const broker = await brokerUp('bench')
    const brokerPid = daemon(broker.settings.directory, 'broker')?.pid ?? null
    if (cores !== null) for (const pid of [brokerPid, process.pid]) if (pid !== null) pin(pid, cores.broker)
    const place = { connection: { brokers: [broker.address] }, core: cores?.system ?? null, loadCore: cores?.broker ?? null }
    const one = await measureOne(schedule.restarts, place, checkouts)
    const takeOvers = await measureTakeOvers(schedule.takeOver, place, [...checkouts.values()][0]!)
    return { size: sizeOf(schedule.restarts), takeOverSize: sizeOf(schedule.takeOver), ...one, takeOvers, cores }
  } finally {
    await brokerDown('bench')
  }
}

type One = Pick<MeasuredState, 'restarts' | 'aborts' | 'built'>

async function measureOne(schedule: StateSchedule['restarts'], place: StatePlace, checkouts: ReadonlyMap<string, string>): Promise<One> {
  await using job = await step(`a record for each of ${schedule.keys} keys`, () =>
    StateJob.create({ id: `state-${Date.now()}`, size: schedule, place }),
  )
  await job.order({ parallelism: 1 })
  const [checkout] = [...checkouts.values()] as [string]
  const onVolume = { state: { directory: join(job.directory, 'volume') } }
  let worker = await job.startWorker(0, checkout, onVolume)
  try {
    const built = await step('state is made of them', () => build(job, worker))
    const aborts: Aborted[] = []
    {
      await using _load = await job.startLoad(recordsPerSecond.abort)
      for (let i = 1; i <= schedule.aborts; i++)
        aborts.push(await step(`an aborted transaction, ${i} of ${schedule.aborts}`, () => abortOnce(worker, job)))
    }
    const restarts: RestartRun[] = []
    {
      await using _load = await job.startLoad(recordsPerSecond.restart)
      // From snapshots first: while a worker runs without its volume, what is there grows old.
      for (const { from, variant, repetition } of restartsOf(schedule, [...checkouts.keys()])) {
        await worker.kill()
        worker = await job.startWorker(0, checkouts.get(variant)!, from === 'snapshot' ? onVolume : {})
        const title = `from the ${from}${checkouts.size > 1 ? `, ${variant}` : ''}, ${repetition} of ${schedule.repetitions}`
        restarts.push({ from, variant, repetition, ...(await step(title, () => restored(worker, job, from))) })
      }
    }
    await step('every record was counted once', () => checkTotals(job, worker))
    return { built, aborts, restarts }
  } finally {
    await worker[Symbol.asyncDispose]()
  }
}

function restartsOf(
  { repetitions }: StateSchedule['restarts'],
  variants: readonly string[],
): readonly Pick<RestartRun, 'from' | 'variant' | 'repetition'>[] {
  const turns = (from: RestoreBase, of: readonly string[]) =>
    Array.from({ length: repetitions }, (_, i) => of.map((variant) => ({ from, variant, repetition: i + 1 }))).flat()
  return [...turns('snapshot', variants.slice(0, 1)), ...turns('changelog', variants)]
}

async function measureTakeOvers(schedule: StateSchedule['takeOver'], place: StatePlace, checkout: string): Promise<readonly TakenOver[]> {
  await using job = await step(`a record for each of ${schedule.keys} keys`, () =>
    StateJob.create({ id: `state-${Date.now()}`, size: schedule, place }),
  )
  const found: TakenOver[] = []
  const runs = standbyCounts.flatMap((standbys) => Array.from({ length: schedule.repetitions }, () => standbys))
  for (const standbys of runs) {
    await job.order({ parallelism: 2, standbys })
    const workers = [await job.startWorker(0, checkout), await job.startWorker(1, checkout)] as const
    try {
      await step('two workers have it', () => job.advances().until(({ committed }) => committed >= schedule.keys))
      {
        await using _load = await job.startLoad(recordsPerSecond.takeOver)
        found.push(await step(`a worker is killed, ${standbys} standbys`, () => takeOver(workers, job, standbys)))
      }
    } finally {
      for (const worker of workers) await worker[Symbol.asyncDispose]()
    }
  }
  return found
}

async function build(job: StateJob, worker: Awaited<ReturnType<StateJob['startWorker']>>): Promise<Built> {
  await job.advances().until(async ({ committed }) => {
    // Throws when it has failed.
    await worker.status()
    return committed >= job.size.keys
  })
  const rows = await rowsOf(worker)
  if (rows !== job.size.keys) throw new Error(`the worker has ${rows} rows instead of ${job.size.keys}`)
  const stateMiB = (await worker.metric('streamjob_state_bytes')) / 2 ** 20
  return { cpuSeconds: cpuSeconds(worker.pid), peakMemoryMiB: peakMemoryMiB(worker.pid) ?? NaN, stateMiB }
}

const sizeOf = ({ keys, keyBytes }: StateSize): StateSize => ({ keys, keyBytes })
