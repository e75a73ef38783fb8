/** What the workers of a job tell each other of their partitions: short words in a topic of the job's own, of which only those yet to come are read. */
import type { KafkaClient, OutputProducer } from '../../kafka/client.ts'
import { AlignmentHint } from '../../protocol.ts'
import { failureOf } from '../failure.ts'
import type { Logger } from '../parts.ts'

export interface ExchangeOptions {
  readonly kafka: KafkaClient
  readonly topic: string
  readonly log: Logger
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly hear: (hint: AlignmentHint) => void
}

/** After something went wrong. Milliseconds. */
const pauseMs = 2_000

/** Nobody waits for a word to arrive, and one that is lost is made up for by the next. */
export class Exchange implements AsyncDisposable {
  readonly #options: ExchangeOptions
  readonly #closing = new AbortController()
  #following = false
  #producer: OutputProducer | null = null
  #telling = false

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  /** Begins to listen; once. */
  listen(): void {
    if (this.#following) return
    this.#following = true
    void this.#follow()
  }

  /** False: the word before is still on its way, or could not be sent just now. */
  tell(hint: AlignmentHint): boolean {
    if (this.#telling || this.#closing.signal.aborted) return false
    this.#telling = true
    void this.#send(Buffer.from(JSON.stringify(hint))).finally(() => (this.#telling = false))
    return true
  }

  /** A request under way may take its time when brokers are down: nobody waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#producer?.[Symbol.asyncDispose]()
  }

  async #send(value: Buffer): Promise<void> {
    const { kafka, topic, pause } = this.#options
    const { signal } = this.#closing
    const producer = (this.#producer ??= kafka.outputProducer())
    try {
      producer.append(topic, 0, null, 0, 0, value, 0, value.length, 0, [])
      await producer.flush()
    } catch (error) {
      if (signal.aborted) return
      this.#warn('Other workers can not be told how far this one is', error)
      this.#producer = null
      await producer[Symbol.asyncDispose]()
      await pause(pauseMs, signal)
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.#read(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#warn('What other workers tell can not be read', error)
      })
      await this.#options.pause(pauseMs, signal)
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { kafka, topic, hear } = this.#options
    const end = await kafka.reader.listOffset(topic, 0, 'highWatermark')
    for await (const block of kafka.reader.readRange(topic, 0, end, Infinity, signal)) {
      if (signal.aborted) return
      for (let i = 0; i < block.count; i++) {
        const hint = hintOf(block.bytes.toString('utf8', block.valueStart[i], block.valueEnd[i]))
        if (hint !== null) hear(hint)
      }
    }
  }

  #warn(message: string, error: unknown): void {
    this.#options.log.warn(message, failureOf(error).fields)
  }
}

/** Null: a version that is not known here has written it; then it was not heard. */
function hintOf(text: string): AlignmentHint | null {
  try {
    return AlignmentHint.parse(JSON.parse(text))
  } catch {
    return null
  }
}
