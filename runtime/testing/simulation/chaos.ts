/** What goes wrong in a run, and when: drawn from the seed. Each run has some kinds of trouble only, so that rare combinations are found too. */
import { names } from '../../protocol.ts'
import type { Random } from '../time/random.ts'
import { diskTroubles } from './disk-chaos.ts'
import type { Ledger } from './checker/ledger.ts'
import { drawTrouble } from './network.ts'
import type { SimulatedOperator } from './operator.ts'
import { instanceOf, startLater } from './workers.ts'
import type { Workers } from './workers.ts'
import { applicationId, topics } from './world.ts'
import type { World } from './world.ts'

export interface Players {
  readonly world: World
  readonly workers: Workers
  readonly operator: SimulatedOperator
  readonly ledger: Ledger
}

export interface Trouble {
  readonly name: string
  readonly weight: number
  readonly make: (players: Players, random: Random) => void
}

const troubles: readonly Trouble[] = [
  { name: 'kill a worker', weight: 6, make: kill },
  { name: 'freeze a worker', weight: 3, make: freeze },
  { name: 'end a worker', weight: 3, make: end },
  {
    name: 'hold a worker up',
    weight: 2,
    make: ({ workers }, random) => onAny(workers, random, (one) => workers.holdUp(one, random.between(10, 3_000))),
  },
  { name: 'trouble on the way', weight: 14, make: troubleOnTheWay },
  { name: 'another parallelism', weight: 6, make: ({ operator }, random) => operator.scale(1 + random.below(4)) },
  { name: 'another epoch', weight: 1, make: ({ operator }) => operator.renew() },
  { name: 'start afresh', weight: 6, make: startAfresh },
  { name: 'move a leader', weight: 3, make: ({ world }, random) => moveLeader(world, random) },
  { name: 'move a coordinator', weight: 3, make: ({ world }, random) => moveCoordinator(world, random) },
  { name: 'a node goes down', weight: 2, make: stopNode },
  { name: 'compaction', weight: 2, make: compact },
  { name: 'group offsets expire', weight: 0.3, make: expireOffsets },
]

/** Makes trouble until the virtual time; whoever calls heals what is left behind then. */
export function makeTrouble(players: Players, until: number): void {
  const { world } = players
  const random = world.random.fork()
  const possible = world.disks === null ? troubles : [...troubles, ...diskTroubles]
  const chosen = possible.filter(({ weight }) => random.chance(weight > 10 ? 0.8 : 0.5))
  const everyMs = random.pick([300, 1_000, 2_500])
  const next = (): void => {
    world.clock.after(random.between(0.2, 1.8) * everyMs, () => {
      if (world.clock.now() >= until || chosen.length === 0) return
      const trouble = pickByWeight(chosen, random)
      world.history.note('chaos', trouble.name)
      trouble.make(players, random)
      next()
    })
  }
  next()
}

/** Everything that was broken works again, and every worker that is wanted runs. */
export function heal({ world, workers, operator }: Players): void {
  world.history.note('chaos', 'ends')
  for (const network of world.networks.values()) network.heal()
  for (let node = 1; node <= world.setting.nodes; node++) world.cluster.startNode(node)
  world.disks?.heal()
  for (const ordinal of workers.stopped) workers.thaw(ordinal)
  if (!operator.busy) workers.startAll()
}

function kill({ world, workers }: Players, random: Random): void {
  onAny(workers, random, (ordinal) => {
    world.history.note(instanceOf(ordinal), 'is killed')
    workers.crash(ordinal)
    startLater(world, workers, ordinal, random)
  })
}

function freeze({ world, workers }: Players, random: Random): void {
  const { sessionTimeoutMs } = world.config.processing
  const ms = random.chance(0.5) ? random.between(100, sessionTimeoutMs) : random.between(0.9, 2.5) * sessionTimeoutMs
  onAny(workers, random, (ordinal) => {
    if (!workers.freeze(ordinal)) return
    world.history.note(instanceOf(ordinal), 'is frozen', { ms: Math.round(ms) })
    world.clock.after(ms, () => workers.thaw(ordinal))
  })
}

function end({ world, workers }: Players, random: Random): void {
  onAny(workers, random, (ordinal) => {
    if (!workers.end(ordinal)) return
    world.history.note(instanceOf(ordinal), 'is told to end')
    // The kubelet waits for it, then kills what is left.
    world.clock.after(random.between(2_000, 8_000), () => {
      workers.crash(ordinal)
      workers.start(ordinal)
    })
  })
}

function troubleOnTheWay({ world }: Players, random: Random): void {
  const names = [...world.networks.keys()]
  const ofWorkers = names.filter((name) => name.startsWith(instanceOf(0).slice(0, -1)))
  const name = random.pick(ofWorkers.length > 0 && random.chance(0.8) ? ofWorkers : names)
  const network = world.networks.get(name)
  if (network === undefined) return
  const trouble = drawTrouble(random, world.setting.nodes)
  const end = network.trouble(trouble.faults)
  world.history.note(name, `its way ${trouble.name}`)
  world.clock.after(random.between(1_000, 8_000), end)
}

function startAfresh({ operator, workers, ledger }: Players): void {
  if (!workers.paused) operator.startAfresh((lineage) => ledger.startAfresh(lineage))
}

/** As they do when a job was down for longer than they are kept: nobody is in the group then. */
function expireOffsets({ world, workers, operator }: Players): void {
  if (operator.busy || workers.paused) return
  workers.paused = true
  for (const ordinal of workers.running) workers.crash(ordinal)
  world.clock.after(2 * world.config.processing.sessionTimeoutMs, () => {
    world.history.note('chaos', 'group offsets are gone')
    world.cluster.forgetGroupOffsets(names.group(applicationId))
    workers.paused = false
    workers.startAll()
  })
}

function moveLeader(world: World, random: Random): void {
  const { topic, partitions } = random.pick([
    { topic: topics.source, partitions: world.setting.partitions },
    { topic: topics.sink, partitions: world.setting.sinkPartitions },
    ...world.stageTopics.own(1),
  ])
  world.cluster.moveLeader(topic, random.below(partitions))
}

function moveCoordinator(world: World, random: Random): void {
  if (random.chance(0.5)) world.cluster.moveCoordinator('group', names.group(applicationId))
  else world.cluster.moveCoordinator('transaction', names.workerTransactionalId(applicationId, random.below(3)))
}

function stopNode({ world }: Players, random: Random): void {
  const node = 1 + random.below(world.setting.nodes)
  world.cluster.stopNode(node, random.pick(['clean', 'hard']))
  world.clock.after(random.between(200, 6_000), () => world.cluster.startNode(node))
}

function compact({ world, operator }: Players): void {
  for (const { topic } of world.stageTopics.changelogs(operator.record?.lineage ?? 1)) world.cluster.compact(topic)
}

function onAny(workers: Workers, random: Random, work: (ordinal: number) => void): void {
  const { running } = workers
  if (running.length > 0) work(random.pick(running))
}

function pickByWeight(from: readonly Trouble[], random: Random): Trouble {
  const total = from.reduce((sum, { weight }) => sum + weight, 0)
  let left = random.between(0, total)
  for (const one of from) if ((left -= one.weight) < 0) return one
  return from.at(-1)!
}
