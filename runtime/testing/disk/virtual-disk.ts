/** A disk in memory behind the interface that local snapshots use, with all the ways in which disks fail. With one seed it fails the same way every time. */
import type { Random } from '../time/random.ts'
import type { Endpoint, Scheduler } from '../time/scheduler.ts'
import { Mount } from './mount.ts'
import type { DiskFaults } from './mount.ts'
import { Volume } from './volume.ts'

export interface VirtualDiskParts {
  readonly scheduler: Scheduler
  readonly random: Random
  /** Epoch ms. */
  readonly clock: () => number
}

export class VirtualDisk {
  readonly #parts: VirtualDiskParts
  readonly #volume: Volume
  readonly #faults: DiskFaults = { latencyMs: [0.05, 2], failing: 0, hung: false }
  readonly #mounts = new Set<Mount>()

  constructor(parts: VirtualDiskParts) {
    this.#parts = parts
    this.#volume = new Volume(parts.clock)
  }

  /** The disk for a process: answers arrive there. To be detached when the process ends. */
  mount(endpoint: Endpoint): Mount {
    const { scheduler, random } = this.#parts
    const mount = new Mount({ volume: this.#volume, faults: this.#faults, scheduler, endpoint, random })
    this.#mounts.add(mount)
    return mount
  }

  /** Files as processes see them, with their sizes. */
  files(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#volume.files(), ([path, { size }]) => [path, size]))
  }

  /** Bytes of all files together. */
  get used(): number {
    return this.#volume.used
  }

  /** The power is gone, and with it whoever used the disk: what was not synced is lost, torn, or there. */
  powerCut(): void {
    this.unmount()
    this.#volume.cutPower(this.#parts.random)
  }

  /** Whoever used the disk is gone; the disk is not. */
  unmount(): void {
    for (const mount of this.#mounts) mount.detach()
    this.#mounts.clear()
  }

  /** Bit rot: flips the bits of `mask` in one byte of a file. */
  corrupt(path: string, offset: number, mask: number): void {
    this.#volume.open(path).rot(offset, mask)
  }

  /** Nothing is left on it, not even directories. */
  empty(): void {
    this.#volume.empty()
  }

  /** No room beyond what is used and `leftBytes`. */
  fill(leftBytes = 0): void {
    this.#volume.capacity = this.used + leftBytes
  }

  /** A share of all calls fails. */
  fail(share: number): void {
    this.#faults.failing = share
  }

  /** How long calls take. Milliseconds. */
  slow(from: number, to: number): void {
    this.#faults.latencyMs = [from, to]
  }

  /** Nothing is answered any more. */
  hang(): void {
    this.#faults.hung = true
  }

  /** Everything works again; what is lost stays lost. */
  heal(): void {
    this.#volume.capacity = Infinity
    this.#faults.failing = 0
    this.#faults.latencyMs = [0.05, 2]
    this.#faults.hung = false
    for (const mount of this.#mounts) mount.goOn()
  }
}
