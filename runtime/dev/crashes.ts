/** Workers that are killed about every N records, at whatever they are doing then, and started again: `--crash-every`. */
import type { KafkaClient } from '../kafka/client.ts'
import { partitionKey } from '../kafka/records.ts'
import type { RecordBlock } from '../kafka/records.ts'
import type { Timing } from '../kafka/timing.ts'
import type { LocalJob } from './local-job.ts'

export interface CrashOptions {
  /** About so many records that nobody has read before lie between two crashes. */
  readonly every: number
  /** A worker dies at most this long after it was given the records, so some die before they send, some in a commit, some behind it. */
  readonly maxDelayMs: number
  /** In [0, 1). */
  readonly random: () => number
  readonly timing: Timing
}

/**
 * Counts what the workers are given, by position: records that are read again after a crash do not count, so a job comes to its end however often it is
 * disturbed. A worker that is about to die is given nothing more.
 */
export class Crashes {
  readonly #options: CrashOptions
  readonly #furthest = new Map<string, number>()
  readonly #doomed = new Map<number, Promise<void>>()
  #job: LocalJob | null = null
  #left: number
  #count = 0

  constructor(options: CrashOptions) {
    this.#options = options
    this.#left = this.#interval()
  }

  /** How many there were. */
  get count(): number {
    return this.#count
  }

  /** The job whose workers die. To be called when it has started. */
  attach(job: LocalJob): void {
    this.#job = job
  }

  /** The client of a worker, whose reading is watched. */
  watch(ordinal: number, client: KafkaClient): KafkaClient {
    let doomed = false
    const seen = (block: RecordBlock | null): RecordBlock | null => {
      if (block !== null && this.#reached(block)) {
        doomed = this.#kill(ordinal)
      }
      return block
    }
    const { timing } = this.#options
    const fetcher: KafkaClient['fetcher'] = (options) => {
      const inner = client.fetcher(options)
      return {
        assign: (positions) => inner.assign(positions),
        seek: (topic, partition, offset) => inner.seek(topic, partition, offset),
        async next(timeoutMs) {
          if (!doomed) return seen(await inner.next(timeoutMs))
          await timing.sleep(timeoutMs)
          return null
        },
        pause: (topic, partition, paused) => inner.pause(topic, partition, paused),
        take: (topic, partition) => (doomed ? null : seen(inner.take(topic, partition))),
        ready: () => (doomed ? [] : inner.ready()),
        ends: (topic, partition) => inner.ends(topic, partition),
        check: () => inner.check(),
        [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
      }
    }
    return { ...client, fetcher }
  }

  /** Nobody is killed any more; resolves when those that were are at work again. */
  async stop(): Promise<void> {
    this.#job = null
    while (this.#doomed.size > 0) await Promise.all(this.#doomed.values())
  }

  #reached(block: RecordBlock): boolean {
    const name = partitionKey(block.topic, block.partition)
    const before = this.#furthest.get(name) ?? 0
    if (block.nextOffset <= before) return false
    this.#furthest.set(name, block.nextOffset)
    this.#left -= Math.min(block.count, block.nextOffset - before)
    if (this.#left > 0) return false
    this.#left = this.#interval()
    return true
  }

  #kill(ordinal: number): boolean {
    const job = this.#job
    if (job === null) return false
    const death = this.#die(job, ordinal).finally(() => this.#doomed.delete(ordinal))
    this.#doomed.set(ordinal, death)
    return true
  }

  async #die(job: LocalJob, ordinal: number): Promise<void> {
    const { timing, random, maxDelayMs } = this.#options
    await timing.sleep(random() * maxDelayMs)
    if (this.#job === null || !(await job.crash(ordinal))) return
    this.#count++
    job.startWorker(ordinal)
  }

  #interval(): number {
    const { every, random } = this.#options
    return every * (0.5 + random())
  }
}
