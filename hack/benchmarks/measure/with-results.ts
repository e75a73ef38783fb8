import type { KafkaReader } from '../../../runtime/kafka/client.ts'
import type { Progress, Running } from './running.ts'

export interface Results {
  readonly reader: KafkaReader
  readonly topic: string
  readonly partitions: number
  /** How many there must be. */
  readonly expected: number
  /** Of the input. */
  readonly records: number
}

/**
 * A system whose own parts send records to each other: that it has committed its input does not say that everything is through. It is done when there are as
 * many results as there must be, and its last record is processed then.
 */
export class WithResults implements Running {
  readonly #running: Running
  readonly #results: Results
  /** By partition: the next offset to look at. */
  readonly #next: number[]
  #there = 0

  constructor(running: Running, results: Results) {
    this.#running = running
    this.#results = results
    this.#next = Array.from({ length: results.partitions }, () => 0)
  }

  get pid(): number {
    return this.#running.pid
  }

  async progress(): Promise<Progress | null> {
    const progress = await this.#running.progress()
    if (progress === null) return null
    const { expected, records } = this.#results
    const done = progress.done && (await this.#count()) >= expected
    return { processed: done ? records : Math.min(progress.processed, records - 1), done }
  }

  stop(): Promise<void> {
    return this.#running.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]()
  }

  /** Each result is read once. */
  async #count(): Promise<number> {
    const { reader, topic } = this.#results
    const { signal } = new AbortController()
    for (const [partition, from] of this.#next.entries()) {
      const end = await reader.listOffset(topic, partition, 'highWatermark')
      for await (const { count } of reader.readRange(topic, partition, from, end, signal)) this.#there += count
      this.#next[partition] = end
    }
    return this.#there
  }
}
