/** What a group has committed of a topic, looked at again and again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaReader } from '../../../runtime/kafka/client.ts'
import { names } from '../../../runtime/protocol.ts'

export interface Advance {
  /** Of `performance.now()`. */
  readonly at: number
  /** Sum of the offsets. */
  readonly committed: number
}

const everyMs = 20
/** Longer than anything that is measured. */
const patienceMs = 900_000

export class Advances {
  readonly #reader: KafkaReader
  readonly #group: string
  readonly #partitions: readonly { readonly topic: string; readonly partition: number }[]
  /** The first look, and each that found more than the one before. */
  readonly #found: Advance[] = []

  constructor(reader: KafkaReader, applicationId: string, topic: string, partitions: readonly number[]) {
    this.#reader = reader
    this.#group = names.group(applicationId)
    this.#partitions = partitions.map((partition) => ({ topic, partition }))
  }

  get found(): readonly Advance[] {
    return this.#found
  }

  /** Looks until what it has found is enough. Throws when that takes minutes. */
  async until(enough: (last: Advance) => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patienceMs
    while (performance.now() < deadline) {
      const last = await this.look()
      if (await enough(last)) return
      await sleep(everyMs)
    }
    throw new Error(`the group stands at ${this.#found.at(-1)?.committed} of its input`)
  }

  async look(): Promise<Advance> {
    const offsets = await this.#reader.committedOffsets(this.#group, this.#partitions)
    const committed = offsets.values().reduce((sum, { offset }) => sum + Math.max(0, offset), 0)
    const last = this.#found.at(-1)
    const advance = { at: performance.now(), committed }
    if (last === undefined || committed > last.committed) this.#found.push(advance)
    return advance
  }
}

/** The longest time without an advance: when it began and when it ended. */
export function longestPause(found: readonly Advance[]): { readonly from: number; readonly to: number } {
  let longest = { from: 0, to: 0 }
  for (const [i, { at }] of found.entries()) {
    const from = found[i - 1]?.at ?? at
    if (at - from > longest.to - longest.from) longest = { from, to: at }
  }
  return longest
}
