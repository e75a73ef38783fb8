import type { Disk } from '../../worker/snapshots/disk.ts'
import type { Random } from '../time/random.ts'
import type { Endpoint, Scheduler } from '../time/scheduler.ts'
import type { Inode } from './inode.ts'
import { systemError } from './volume.ts'
import type { Volume } from './volume.ts'

/** What is wrong with a disk at the moment. */
export interface DiskFaults {
  /** How long a call takes: from, to. Milliseconds. */
  latencyMs: readonly [number, number]
  /** The share of calls that fail. */
  failing: number
  /** No call gets an answer while it is; they go on afterwards. */
  hung: boolean
}

export interface MountParts {
  readonly volume: Volume
  readonly faults: DiskFaults
  readonly scheduler: Scheduler
  readonly endpoint: Endpoint
  readonly random: Random
}

interface Call {
  readonly happen: () => void
  /** What becomes of it when it fails, or its process ends meanwhile. */
  readonly breakOff: () => void
}

/** The disk as one process has it. */
export class Mount {
  readonly disk: Disk
  readonly #parts: MountParts
  readonly #open = new Set<Call>()
  #held: Call[] = []

  constructor(parts: MountParts) {
    this.#parts = parts
    const { volume } = parts
    const call = <Result>(path: string, work: () => Result): Promise<Result> => this.#call(path, work)
    this.disk = {
      list: (path) => call(path, () => volume.list(path)),
      makeDirectory: (path) => call(path, () => volume.makeDirectory(path)),
      syncDirectory: (path) => call(path, () => volume.syncDirectory(path)),
      rename: (from, to) => call(from, () => volume.rename(from, to)),
      remove: (path) => call(path, () => volume.remove(path)),
      create: async (path) => this.#writable(path, await call(path, () => volume.create(path))),
      open: async (path) => {
        const inode = await call(path, () => volume.open(path))
        return {
          read: (into, position) => call(path, () => inode.bytes.copy(into, 0, Math.min(position, inode.size))),
          status: () => call(path, () => ({ size: inode.size, changed: inode.changed })),
          close: () => call(path, () => undefined),
        }
      },
    }
  }

  /** Its process is gone: what it had begun happens in whole, in part or not at all, and nothing more. */
  detach(): void {
    for (const call of this.#open) {
      if (this.#parts.random.chance(0.5)) call.happen()
      else call.breakOff()
    }
    this.#open.clear()
    this.#held = []
  }

  /** What was held by a disk that hung happens now. */
  goOn(): void {
    const held = this.#held
    this.#held = []
    for (const call of held) call.happen()
  }

  #writable(path: string, inode: Inode): Awaited<ReturnType<Disk['create']>> {
    const { volume, random } = this.#parts
    return {
      append: (parts) => {
        // Whoever writes may use its memory for something else once it has an answer.
        const bytes = Buffer.concat(parts)
        const some = (): void => volume.append(inode, [bytes.subarray(0, random.below(bytes.length + 1))], path)
        return this.#call(path, () => volume.append(inode, [bytes], path), some)
      },
      sync: () =>
        this.#call(
          path,
          () => inode.sync(),
          () => inode.failToSync(),
        ),
      close: () => this.#call(path, () => undefined),
    }
  }

  #call<Result>(path: string, work: () => Result, part?: () => void): Promise<Result> {
    const { scheduler, endpoint, faults, random } = this.#parts
    return new Promise((resolve, reject) => {
      const breakOff = (): void => {
        try {
          part?.()
        } catch {
          // No room for the part either.
        }
      }
      const happen = (): void => {
        this.#open.delete(call)
        try {
          if (random.chance(faults.failing)) {
            breakOff()
            throw systemError('EIO', path)
          }
          const result = work()
          endpoint.deliver(0, () => resolve(result))
        } catch (error) {
          endpoint.deliver(0, () => reject(error as Error))
        }
      }
      const call: Call = { happen, breakOff }
      this.#open.add(call)
      scheduler.after(random.between(...faults.latencyMs), () => {
        if (!this.#open.has(call)) return
        if (faults.hung) this.#held.push(call)
        else happen()
      })
    })
  }
}
