/** One simulated run: a job under faults, checked at every commit and at its end. */
import { errorTable } from '../../errors.ts'
import { partitionKey } from '../../kafka/records.ts'
import { names } from '../../protocol.ts'
import type { TransactionState } from '../broker/transactions/transaction.ts'
import { heal, makeTrouble } from './chaos.ts'
import type { Players } from './chaos.ts'
import { Driver } from './driver.ts'
import type { SimulatedJob } from './job.ts'
import { Ledger } from './checker/ledger.ts'
import { SimulatedOperator } from './operator.ts'
import { Workers } from './workers.ts'
import { applicationId, topics, World } from './world.ts'

export interface SimulationResult {
  readonly seed: number
  readonly job: string
  /** What must not happen and did; null: nothing. */
  readonly violation: string | null
  /** What happened, newest last, one line each. */
  readonly history: readonly string[]
  /** The same for every run of the seed. */
  readonly fingerprint: string
  /** Results that were committed in the last lineage. */
  readonly results: number
  /** Virtual ms. */
  readonly durationMs: number
}

/** The real workers, their data plane included, on virtual brokers in virtual time. The seed decides everything. */
export async function simulate(seed: number, jobs: readonly SimulatedJob[]): Promise<SimulationResult> {
  const world = new World(seed, jobs[seed % jobs.length]!)
  const workers = new Workers(world)
  const ledger = new Ledger(world)
  const operator = new SimulatedOperator(world, workers)
  const players: Players = { world, workers, operator, ledger }
  watchGroup(players)
  watchOwners(players)
  await act(players)
  return {
    seed,
    job: world.job.name,
    violation: world.violation,
    history: world.history.lines(),
    fingerprint: world.history.fingerprint,
    results: ledger.results,
    durationMs: world.clock.now(),
  }
}

/** How long a job may take to work off all input once nothing is wrong any more. Virtual ms. */
const patienceMs = 900_000

async function act(players: Players): Promise<void> {
  const { world, workers, operator, ledger } = players
  const { clock, setting } = world
  const until = async (what: string, done: () => boolean, limitMs: number): Promise<void> => {
    const deadline = clock.now() + limitMs
    await clock.run(() => world.violation !== null || done() || clock.now() > deadline)
    if (world.violation === null && !done()) world.violate(`${what} did not come within ${limitMs} ms of virtual time: ${stateOf(players)}`)
  }
  operator.begin(setting.workers)
  const driver = new Driver(world)
  makeTrouble(players, setting.durationMs)
  await until('the end of the input', () => clock.now() >= setting.durationMs && driver.done, 20 * setting.durationMs + patienceMs)
  if (world.violation !== null) return
  heal(players)
  let written = false
  void driver.finish().then(() => (written = true))
  await until('the last records', () => written, patienceMs)
  await until('the end of the operation under way', () => !operator.busy, patienceMs)
  if (world.violation !== null) return
  workers.startAll()
  await until('the commit of all input', () => ledger.due === null && isCalm(players), patienceMs)
  // At least once, results leave on their own: some may be on their way still.
  const end = clock.now() + (world.config.processing.guarantee === 'AtLeastOnce' ? 10_000 : 0)
  await until('the last results', () => clock.now() >= end, 60_000)
  if (world.violation !== null) return
  ledger.finish()
  checkEnd(players)
}

/** Nothing is open any more, and everybody is back at work: one that is still joining does nothing, and may hold what others own by now. */
function isCalm({ world, workers }: Players): boolean {
  const open = world.cluster.transactions().some(({ state }) => isOpen(state))
  if (open) return false
  const { statuses } = workers
  const taskCount = world.stages.reduce((sum, { partitions }) => sum + partitions, 0)
  // One that has not noticed yet that others took its tasks over may still restore them.
  return statuses.every(({ state }) => state === 'running') && statuses.flatMap(({ tasks }) => tasks).length === taskCount
}

function checkEnd({ world, workers, operator }: Players): void {
  for (const [topic, partitions] of [
    [topics.source, world.setting.partitions],
    [topics.sink, world.setting.sinkPartitions],
    ...world.stageTopics.between(operator.record?.lineage ?? 1).map(({ topic, partitions }) => [topic, partitions] as const),
  ] as const) {
    for (let partition = 0; partition < partitions; partition++) {
      const { highWatermark, lastStableOffset } = world.cluster.partition(topic, partition)
      if (lastStableOffset < highWatermark) world.violate(`a transaction holds readers of ${topic}-${partition} at ${lastStableOffset}`)
    }
  }
  const owners = new Map<string, string>()
  for (const { instanceId, tasks } of workers.statuses) {
    for (const { topic, partition } of tasks) {
      const other = owners.get(partitionKey(topic, partition))
      if (other !== undefined) world.violate(`task ${partition} is owned by ${other} and by ${instanceId} at the end`)
      owners.set(partitionKey(topic, partition), instanceId)
    }
  }
}

/** Nobody leaves the group by itself: only the operator takes members out of it. */
function watchGroup({ world, operator }: Players): void {
  world.cluster.onGroup(({ groupId, generation, kind, instanceId }) => {
    if (groupId !== names.group(applicationId)) return
    world.history.note('brokers', `group: ${kind}`, { generation, ...(instanceId === undefined ? {} : { instanceId }) })
    if (kind === 'left' && !(instanceId !== undefined && operator.evicted.has(instanceId)))
      world.violate(`${instanceId ?? 'a member'} left the group`)
  })
}

/** Of one generation, each task has one owner; none is further than its writers have promised; and nothing that goes wrong here is beyond a worker's own means. */
function watchOwners({ world, workers, ledger }: Players): void {
  const look = (): void => {
    const owners = new Map<string, string>()
    for (const { instanceId, state, error, generation, epoch, tasks } of workers.statuses) {
      if (state === 'failed' && error !== null && needsHuman(error.code)) world.violate(`${instanceId} asks for a human: ${error.message}`)
      if (state !== 'running') continue
      for (const { stage, partition, watermark } of tasks) {
        const promised = ledger.promisedTo(stage)
        if (promised !== null && (watermark ?? -Infinity) > promised)
          world.violate(`${stage}/${partition} on ${instanceId} is at ${watermark}, its writers have promised ${promised}`)
        const name = `${stage}/${partition} in generation ${generation ?? -1}, epoch ${epoch ?? -1}`
        const other = owners.get(name)
        if (other !== undefined) world.violate(`${instanceId} and ${other} both own ${name}`)
        owners.set(name, instanceId)
      }
    }
    world.clock.after(250, look)
  }
  world.clock.after(250, look)
}

function stateOf({ world, workers, ledger }: Players): string {
  const open = world.cluster.transactions().filter(({ state }) => isOpen(state))
  return JSON.stringify({
    due: ledger.due,
    workers: workers.statuses.map(({ instanceId, state, reason, error, tasks }) => ({ instanceId, state, reason, error, tasks: tasks.length })),
    transactions: open,
    group: groupOf(world),
  })
}

function isOpen(state: TransactionState): boolean {
  return state === 'Ongoing' || state === 'PrepareCommit' || state === 'PrepareAbort'
}

function groupOf({ cluster }: World): object | null {
  const group = cluster.group(names.group(applicationId))
  return group === null
    ? null
    : { generation: group.generation, state: group.state, members: group.members.map(({ instanceId }) => instanceId), offsets: group.offsets }
}

function needsHuman(code: string): boolean {
  return errorTable[code as keyof typeof errorTable]?.recovery === 'stop'
}
