/**
 * The producers of a worker. Tasks write to this object, not to a producer: after a failure the producers behind it are thrown away and made anew, which
 * ends whatever transaction was open. In exactly-once mode outputs and changelog share one transaction; else outputs leave outside of it, at once.
 */
import type { KafkaClient, OutputProducer, TransactionalProducer } from '../../kafka/client.ts'
import type { RecordAppender } from '../tasks/outputs.ts'

export class Producers implements AsyncDisposable {
  readonly #kafka: KafkaClient
  readonly #transactionalId: string
  readonly #separateOutputs: boolean
  #transactional: TransactionalProducer
  #outputs: OutputProducer | null

  constructor(kafka: KafkaClient, transactionalId: string, guarantee: 'ExactlyOnce' | 'AtLeastOnce') {
    this.#kafka = kafka
    this.#transactionalId = transactionalId
    this.#separateOutputs = guarantee === 'AtLeastOnce'
    this.#transactional = kafka.transactionalProducer(transactionalId)
    this.#outputs = this.#separateOutputs ? kafka.outputProducer() : null
  }

  /** For changelog, late and dead-letter records, and for offsets. */
  get transactional(): TransactionalProducer {
    return this.#transactional
  }

  /** For the sink. */
  get outputs(): RecordAppender {
    return this.#outputs ?? this.#transactional
  }

  get bufferedBytes(): number {
    return this.#transactional.bufferedBytes + (this.#outputs?.bufferedBytes ?? 0)
  }

  async flush(): Promise<void> {
    await this.flushOutputs()
    if (this.#transactional.bufferedBytes > 0) await this.#transactional.flush()
  }

  /** At least once: outputs are stored before the transaction that moves the positions past them. */
  async flushOutputs(): Promise<void> {
    if (this.#outputs !== null) await this.#outputs.flush()
  }

  /** Ends what is open, one way or the other, and starts with fresh producers. */
  async renew(): Promise<void> {
    await this[Symbol.asyncDispose]()
    this.#transactional = this.#kafka.transactionalProducer(this.#transactionalId)
    this.#outputs = this.#separateOutputs ? this.#kafka.outputProducer() : null
    await this.#transactional.init()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transactional[Symbol.asyncDispose]()
    await this.#outputs?.[Symbol.asyncDispose]()
  }
}
