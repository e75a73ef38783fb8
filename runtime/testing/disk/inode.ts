import type { Random } from '../time/random.ts'

const sectorBytes = 512

/** The bytes of a file: as processes see them, and how much of that a loss of power spares. */
export class Inode {
  #bytes = Buffer.alloc(0)
  #size = 0
  /** Bytes up to here are safe. */
  #safe = 0
  /** Parts that a failed sync gave up: the system takes them for written, the disk never got them. */
  readonly #lost: (readonly [from: number, to: number])[] = []
  /** Epoch ms. */
  changed: number

  constructor(changed: number) {
    this.changed = changed
  }

  get size(): number {
    return this.#size
  }

  append(part: Uint8Array, now: number): void {
    if (this.#size + part.length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * (this.#size + part.length))
      larger.set(this.bytes)
      this.#bytes = larger
    }
    this.#bytes.set(part, this.#size)
    this.#size += part.length
    this.changed = now
  }

  /** All of it, as processes see it. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  sync(): void {
    this.#safe = this.#size
  }

  /** A sync that failed: the next one succeeds without what this one was to write. */
  failToSync(): void {
    if (this.#safe < this.#size) this.#lost.push([this.#safe, this.#size])
    this.#safe = this.#size
  }

  /** What is not safe is there or not, sector by sector: where it is not, there is nothing, or what `stale` has in that place. */
  cutPower(random: Random, stale: Buffer): void {
    const from = this.#safe
    this.#size = random.pick([from, this.#size, from + random.below(this.#size - from + 1)])
    const share = random.pick([0, 0.5, 1])
    const leave = random.chance(0.5) ? stale : Buffer.alloc(0)
    // Sectors of the disk: the one that is partly safe is written anew, and may come out torn.
    for (let at = from; at < this.#size; at = (Math.floor(at / sectorBytes) + 1) * sectorBytes) {
      if (random.chance(share)) continue
      this.#forget(at, Math.min(this.#size, (Math.floor(at / sectorBytes) + 1) * sectorBytes), leave)
    }
    for (const [start, end] of this.#lost) this.#forget(start, Math.min(end, this.#size), leave)
    this.#lost.length = 0
    this.#safe = this.#size
  }

  /** Changes the bits of one byte that are set in `mask`, safe or not. */
  rot(offset: number, mask: number): void {
    if (offset >= this.#size) throw new RangeError(`there is no byte ${offset} in a file of ${this.#size}`)
    this.#bytes[offset]! ^= mask
  }

  #forget(from: number, to: number, leave: Buffer): void {
    if (from >= to) return
    this.#bytes.fill(0, from, to)
    leave.copy(this.#bytes, from, Math.min(from, leave.length), to)
  }
}
