/** The volumes of a simulated job's workers, one for each ordinal: they outlive the processes, and fail on their own. */
import type { SnapshotSizes } from '../../worker/snapshots/sizes.ts'
import { VirtualDisk } from '../disk/virtual-disk.ts'
import type { VirtualDiskParts } from '../disk/virtual-disk.ts'
import type { Random } from '../time/random.ts'

/** So little that a run of seconds sees many files. */
export const simulatedSizes: SnapshotSizes = { waitingBytes: 20_000, smallBytes: 1_000, carriedBytes: 500, portionRows: 5 }

export class Disks {
  readonly #parts: Omit<VirtualDiskParts, 'random'>
  readonly #random: Random
  readonly #byOrdinal = new Map<number, VirtualDisk>()

  constructor({ random, ...parts }: VirtualDiskParts) {
    this.#parts = parts
    this.#random = random
  }

  of(ordinal: number): VirtualDisk {
    const disk = this.#byOrdinal.get(ordinal) ?? new VirtualDisk({ ...this.#parts, random: this.#random.fork() })
    this.#byOrdinal.set(ordinal, disk)
    return disk
  }

  /** Tells files of snapshots apart. */
  lot(): number {
    return this.#random.below(2 ** 32)
  }

  heal(): void {
    for (const disk of this.#byOrdinal.values()) disk.heal()
  }
}
