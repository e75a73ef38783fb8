/** Steady load on a job's input, acknowledged by every replica, which goes on through whatever happens to the brokers. */
import { setInterval as ticks } from 'node:timers/promises'
import { encodeKey, partitionFor } from '../../runtime/formats/key.ts'
import { connectKafka } from '../../runtime/kafka/connect.ts'
import type { KafkaClient, OutputProducer } from '../../runtime/kafka/client.ts'

const customers = 40
const tickMs = 20

export interface LoadOptions {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly partitions: number
  readonly recordsPerSecond: number
}

export class Load implements AsyncDisposable {
  readonly #options: LoadOptions
  readonly #kafka: KafkaClient
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>
  /** Numbers of records that were acknowledged: a record that is missing from the topic was lost. */
  readonly acknowledged: number[] = []
  #next = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#kafka = connectKafka({ brokers: [...options.brokers] }, { clientId: 'load', patienceMs: 60_000 })
    this.#ended = this.#run()
    this.#ended.catch(() => {}) // whoever stops the load is told
  }

  /** Resolves when all that was begun is acknowledged; throws when the brokers refused to. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#ended.catch(() => {})
    await this.#kafka[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    await using producer = this.#kafka.outputProducer()
    const perTick = Math.ceil((this.#options.recordsPerSecond * tickMs) / 1_000)
    for await (const _ of ticks(tickMs)) {
      if (this.#stop.signal.aborted) return
      const first = this.#next
      for (let i = 0; i < perTick; i++) this.#append(producer, this.#next++)
      await producer.flush()
      for (let n = first; n < this.#next; n++) this.acknowledged.push(n)
    }
  }

  /** Event time goes on by a millisecond for each record. */
  #append(producer: OutputProducer, n: number): void {
    const customer = `customer-${(n * 7) % customers}`
    const at = 1_700_000_000_000 + n
    const key = Buffer.from(encodeKey(customer))
    const value = Buffer.from(JSON.stringify({ customer, amount: n, at }))
    const partition = partitionFor(key, 0, key.length, this.#options.partitions)
    producer.append(this.#options.topic, partition, key, 0, key.length, value, 0, value.length, at, [])
  }
}
