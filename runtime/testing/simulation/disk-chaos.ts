/** What goes wrong with the volumes of workers. */
import type { VirtualDisk } from '../disk/virtual-disk.ts'
import type { Random } from '../time/random.ts'
import type { Players, Trouble } from './chaos.ts'
import { instanceOf, startLater } from './workers.ts'
import type { World } from './world.ts'

export const diskTroubles: readonly Trouble[] = [
  { name: 'a disk fails', weight: 2, make: onAnyDisk(fail) },
  { name: 'a disk is full', weight: 1, make: onAnyDisk((disk, random) => (disk.fill(random.below(5_000)), 'has no room')) },
  { name: 'a disk rots', weight: 1, make: rot },
  { name: 'a power cut', weight: 4, make: cutPower },
  { name: 'a volume is lost', weight: 1, make: loseVolume },
]

/** Makes something be wrong with the disk of a worker for a while. */
function onAnyDisk(begin: (disk: VirtualDisk, random: Random) => string): Trouble['make'] {
  return ({ world, workers }, random) => {
    const ordinal = anyOf(workers.running, random)
    if (ordinal === null || world.disks === null) return
    const disk = world.disks.of(ordinal)
    world.history.note(instanceOf(ordinal), `its disk ${begin(disk, random)}`)
    world.clock.after(random.between(300, 8_000), () => disk.heal())
  }
}

function fail(disk: VirtualDisk, random: Random): string {
  const kind = random.pick(['fails', 'is slow', 'hangs'] as const)
  if (kind === 'fails') disk.fail(random.pick([0.02, 0.2, 1]))
  else if (kind === 'is slow') disk.slow(0, random.pick([100, 3_000]))
  else disk.hang()
  return kind
}

/** Found out by the next process only. */
function rot({ world, workers }: Players, random: Random): void {
  const ordinal = anyOf(workers.running, random)
  if (ordinal === null || world.disks === null) return
  const disk = world.disks.of(ordinal)
  const files = [...disk.files()].filter(([, size]) => size > 0)
  if (files.length === 0) return
  const [path, size] = random.pick(files)
  disk.corrupt(path, random.below(size), 1 + random.below(255))
  kill(world, { workers, ordinal, random, what: 'finds a bit of its disk wrong' })
}

/** One machine goes, or all at once. */
function cutPower({ world, workers }: Players, random: Random): void {
  const { running } = workers
  if (running.length === 0) return
  for (const ordinal of random.chance(0.3) ? running : [random.pick(running)]) {
    kill(world, { workers, ordinal, random, what: 'loses its power' })
    world.disks?.of(ordinal).powerCut()
  }
}

function loseVolume({ world, workers }: Players, random: Random): void {
  const ordinal = anyOf(workers.running, random)
  if (ordinal === null) return
  kill(world, { workers, ordinal, random, what: 'loses its volume' })
  world.disks?.of(ordinal).empty()
}

interface Victim extends Pick<Players, 'workers'> {
  readonly ordinal: number
  readonly random: Random
  readonly what: string
}

function kill(world: World, { workers, ordinal, random, what }: Victim): void {
  world.history.note(instanceOf(ordinal), what)
  workers.crash(ordinal)
  startLater(world, workers, ordinal, random)
}

function anyOf(from: readonly number[], random: Random): number | null {
  return from.length === 0 ? null : random.pick(from)
}
