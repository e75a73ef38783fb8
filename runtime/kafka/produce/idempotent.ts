import { StreamJobError } from '../../errors.ts'
import type { Compression } from '../batch/codecs.ts'
import { refused, wireError } from '../broker-errors.ts'
import type { OutputProducer } from '../client.ts'
import type { Routes } from '../routes.ts'
import type { Timing } from '../timing.ts'
import type { KafkaChannel } from '../transport.ts'
import { ProduceBuffer } from './buffer.ts'
import { finalFailure } from './failure.ts'
import type { ProducerStamp } from './partition-buffer.ts'
import { sendAll } from './sender.ts'

export interface IdempotentOptions {
  /** Its own; closed with the producer. */
  readonly channel: KafkaChannel
  readonly routes: Routes
  readonly timing: Timing
  readonly compression?: Compression
  readonly batchBytes?: number
  readonly patienceMs?: number
}

/** Sends at once and outside of transactions: at least once across failures of the process, once and in order otherwise. Failed for ever after an error. */
export class IdempotentProducer implements OutputProducer {
  readonly #options: Required<IdempotentOptions>
  readonly #buffer: ProduceBuffer
  readonly #closing = new AbortController()
  #stamp: ProducerStamp | null = null
  #failure: StreamJobError | null = null
  #last: Promise<unknown> = Promise.resolve()
  readonly append: OutputProducer['append']

  constructor(options: IdempotentOptions) {
    this.#options = { compression: 'none', batchBytes: 1_000_000, patienceMs: 20_000, ...options }
    this.#buffer = new ProduceBuffer(this.#options.batchBytes)
    this.append = this.#buffer.append
  }

  get failed(): boolean {
    return this.#failure !== null
  }

  get bufferedBytes(): number {
    return this.#buffer.bytes
  }

  flush(): Promise<void> {
    const run = this.#last.then(() => this.#flush())
    this.#last = run.catch(() => undefined)
    return run
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new StreamJobError('transaction-lost', 'The producer is closed')
    this.#closing.abort()
    await this.#options.channel[Symbol.asyncDispose]()
  }

  async #flush(): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const waiting = this.#buffer.waiting
    if (waiting.length === 0) return
    try {
      this.#stamp ??= await this.#init()
      const sender = { ...this.#options, deliveryTimeoutMs: this.#options.patienceMs, signal: this.#closing.signal }
      await sendAll(sender, this.#buffer, waiting, null, this.#stamp)
    } catch (error) {
      this.#failure ??= finalFailure(error, 'The output producer')
      throw this.#failure
    }
  }

  async #init(): Promise<ProducerStamp> {
    const { routes, channel, patienceMs } = this.#options
    return routes.patiently(
      async () => {
        const [broker] = (await channel.metadata([])).brokers
        if (broker === undefined) throw new StreamJobError('kafka-retriable', 'InitProducerId: the cluster has no broker')
        const answer = await channel.initProducerId(broker.node, { transactionalId: null, transactionTimeoutMs: 60_000 })
        if (answer.error !== wireError.none) throw refused(answer.error, 'InitProducerId')
        return { producerId: answer.producerId, epoch: answer.epoch, transactional: false }
      },
      { patienceMs, signal: this.#closing.signal },
    )
  }
}
