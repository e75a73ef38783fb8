/**
 * A kafkajs consumer, maps and a kafkajs producer, written by hand: what a job costs in Node without an engine. Not a competitor but a floor, since
 * its open windows do not survive a crash. kafkajs as it comes, with the zstd codec that it lets its users add; its documentation has no tuning
 * guide, but names `eachBatch` as the way for throughput.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs, { type Consumer, type EachBatchPayload, type Message, type Producer } from 'kafkajs'
import { PeerRequest } from './request.ts'
import { stepOf, type Row, type Step } from './kafkajs-steps.ts'

const { CompressionCodecs, CompressionTypes, Kafka, Partitioners, logLevel } = kafkajs

CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { readonly buffer: Buffer }) => zstdCompressSync(buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
})

class KafkajsJob {
  readonly #request: PeerRequest
  readonly #step: Step
  readonly #consumer: Consumer
  readonly #producer: Producer
  /** Partition -> offset of the next record. */
  readonly #positions = new Map<number, string>()
  readonly #ended = Promise.withResolvers<void>()
  #processed = 0
  #committedAt = Date.now()

  constructor(request: PeerRequest) {
    if (request.guarantee === 'exactly-once') throw new Error('kafkajs.ts is at-least-once: its open windows are in no transaction')
    this.#request = request
    this.#step = stepOf(request)
    const kafka = new Kafka({
      clientId: request.applicationId,
      brokers: request.brokers.split(','),
      logLevel: logLevel.WARN,
      logCreator: () => logEntry,
    })
    this.#consumer = kafka.consumer({ groupId: request.applicationId, readUncommitted: false })
    this.#producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => this.#ended.reject(payload.error))
  }

  /** Until everything is processed, written and committed, or stopped. */
  async run(): Promise<void> {
    const printer = setInterval(() => this.#print(), 100)
    await Promise.all([this.#producer.connect(), this.#consumer.connect()])
    await this.#consumer.subscribe({ topics: [this.#request.input], fromBeginning: true })
    await this.#consumer.run({ autoCommit: false, eachBatch: (payload) => this.#take(payload) })
    await this.#ended.promise
    clearInterval(printer)
    this.#print()
  }

  /** Takes up to five seconds: the consumer waits for its last fetch. */
  async close(): Promise<void> {
    await this.#consumer.disconnect()
    await this.#producer.disconnect()
  }

  stop(): void {
    this.#ended.resolve()
  }

  async #take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    for (const { value } of batch.messages) {
      if (value !== null) this.#step.take(batch.partition, JSON.parse(value.toString()))
      this.#processed++
    }
    this.#positions.set(batch.partition, String(BigInt(batch.lastOffset()) + 1n))
    const last = this.#request.total !== 0 && this.#processed >= this.#request.total
    await this.#write(last ? this.#step.finish() : this.#step.advance())
    if (last || Date.now() - this.#committedAt >= this.#request.intervalMs) await this.#commit()
    if (last) this.#ended.resolve()
    await payload.heartbeat()
  }

  async #write(rows: readonly Row[]): Promise<void> {
    // Requests of a few megabytes at most, well below what a broker takes in one batch.
    for (let from = 0; from < rows.length; from += 2_000) {
      const messages = rows
        .slice(from, from + 2_000)
        .map((row): Message => ({ key: String('auction' in row ? row.auction : row.key), value: JSON.stringify(row) }))
      await this.#producer.send({ topic: this.#request.output, messages })
    }
  }

  /** Everything that was sent has been acknowledged by then. */
  async #commit(): Promise<void> {
    const offsets = [...this.#positions].map(([partition, offset]) => ({ topic: this.#request.input, partition, offset }))
    await this.#consumer.commitOffsets(offsets)
    this.#committedAt = Date.now()
  }

  #print(): void {
    console.log(JSON.stringify({ processed: this.#processed }))
  }
}

const logEntry = ({ log }: { readonly log: { readonly message: string } }): void => console.error(JSON.stringify(log))

try {
  const request = PeerRequest.parse(JSON.parse(process.argv[2] ?? 'null'))
  const job = new KafkajsJob(request)
  if (request.total === 0) process.once('SIGTERM', () => job.stop())
  await job.run()
  if (request.total !== 0) console.log(JSON.stringify({ done: true }))
  await job.close()
  process.exit(0)
} catch (error) {
  console.error(error)
  process.exit(1)
}
