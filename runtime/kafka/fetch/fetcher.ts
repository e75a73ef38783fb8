import { StreamJobError } from '../../errors.ts'
import { refused, resendOf, wireError } from '../broker-errors.ts'
import type { BlockFetcher, PartitionEnds } from '../client.ts'
import type { KafkaLog } from '../log.ts'
import type { RecordBlock } from '../records.ts'
import { partitionKey } from '../records.ts'
import type { Routes } from '../routes.ts'
import type { Timing } from '../timing.ts'
import type { FetchedPartition, KafkaChannel } from '../transport.ts'
import { positionFailure } from './out-of-range.ts'
import { PartitionRead } from './partition.ts'
import { Wake } from './wake.ts'

export interface FetcherOptions {
  /** Its own: requests wait at the broker for records. Closed with the fetcher. */
  readonly channel: KafkaChannel
  readonly routes: Routes
  readonly timing: Timing
  readonly log: KafkaLog
  /** Bound of what is fetched and not yet taken, over all partitions; one batch more where a batch is larger than a partition's share. */
  readonly readAheadBytes?: number
  /** How long a broker holds an answer back while there is nothing to read. */
  readonly maxWaitMs?: number
  /** How long an error that may pass is kept from the caller. */
  readonly patienceMs?: number
}

const pauseMs = 100
/** While a partition is left out because its share is full, others must not hold the connection; unless it is paused, and stays full. */
const impatientWaitMs = 20
const requestBytes = 16 * 1024 * 1024
const share = { least: 16 * 1024, most: 4 * 1024 * 1024 }

/** One request at a time to each leader, sent while what came before is processed. */
export class Fetcher implements BlockFetcher {
  readonly #options: Required<FetcherOptions>
  readonly #partitions = new Map<string, PartitionRead>()
  /** In the order in which they are next asked for and handed out. */
  #order: PartitionRead[] = []
  readonly #serving = new Map<number, Promise<void>>()
  #locating: Promise<void> | undefined
  readonly #closing = new AbortController()
  readonly #arrived = new Wake()
  readonly #room = new Wake()

  constructor(options: FetcherOptions) {
    this.#options = { readAheadBytes: 32 * 1024 * 1024, maxWaitMs: 250, patienceMs: 30_000, ...options }
  }

  assign(positions: Parameters<BlockFetcher['assign']>[0]): void {
    const kept = new Map(this.#partitions)
    this.#partitions.clear()
    for (const { topic, topicId, partition, offset } of positions) {
      const key = partitionKey(topic, partition)
      const read = kept.get(key) ?? new PartitionRead(topic, partition, offset)
      read.topicId = topicId
      this.#partitions.set(key, read)
    }
    this.#order = [...this.#partitions.values()]
    this.#go()
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#partitions.get(partitionKey(topic, partition))?.seek(offset)
    this.#go()
  }

  pause(topic: string, partition: number, paused: boolean): void {
    const read = this.#partitions.get(partitionKey(topic, partition))
    if (read !== undefined) read.paused = paused
  }

  async next(timeoutMs: number): Promise<RecordBlock | null> {
    const deadline = this.#options.timing.now() + timeoutMs
    while (!this.#closing.signal.aborted) {
      this.#throwFailure()
      const block = this.#takeAny()
      if (block !== null) return block
      const left = deadline - this.#options.timing.now()
      if (left <= 0) return null
      const waited = new AbortController()
      await Promise.race([this.#arrived.next(waited.signal), this.#options.timing.sleep(left, waited.signal)])
      waited.abort()
    }
    throw new StreamJobError('kafka-unreachable', 'The connection to the brokers was closed.')
  }

  check(): void {
    this.#throwFailure()
  }

  take(topic: string, partition: number): RecordBlock | null {
    const read = this.#partitions.get(partitionKey(topic, partition))
    const block = read?.take() ?? null
    if (block !== null) this.#room.fire()
    return block
  }

  ready(): { topic: string; partition: number; timestamp: number }[] {
    const found = []
    for (const read of this.#order) {
      if (read.paused) continue
      const block = read.peek()
      // A block without records is only to be passed: before anything else.
      if (block !== null) found.push({ topic: read.topic, partition: read.partition, timestamp: block.count > 0 ? block.timestamps[0]! : -Infinity })
    }
    return found
  }

  ends(topic: string, partition: number): PartitionEnds | undefined {
    return this.#partitions.get(partitionKey(topic, partition))?.ends
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#arrived.fire()
    this.#room.fire()
    await this.#options.channel[Symbol.asyncDispose]()
    // A look-up goes over a shared connection, where nothing cuts it short; nothing comes of it any more.
    await Promise.all(this.#serving.values())
  }

  #takeAny(): RecordBlock | null {
    for (const [i, read] of this.#order.entries()) {
      const block = read.paused ? null : read.take()
      if (block === null) continue
      this.#order.push(...this.#order.splice(i, 1))
      this.#room.fire()
      return block
    }
    return null
  }

  /** What may pass is thrown once for each patience; what stays, at every call. */
  #throwFailure(): void {
    for (const read of this.#order) {
      const { failure } = read
      if (failure === undefined) continue
      if (failure.recovery === 'retry') {
        read.failure = read.troubledSince = undefined
        this.#go()
      }
      throw failure
    }
  }

  /** Every leader of an assigned partition gets its loop; partitions without a known leader are looked up. */
  #go(): void {
    this.#room.fire()
    if (this.#closing.signal.aborted) return
    let lost = false
    for (const { topic, partition, failure } of this.#order) {
      if (failure !== undefined) continue
      const node = this.#options.routes.knownLeader(topic, partition)
      if (node === undefined) lost = true
      else if (!this.#serving.has(node)) this.#serving.set(node, this.#serve(node))
    }
    if (lost && this.#locating === undefined) this.#locating = this.#locate()
  }

  async #locate(): Promise<void> {
    const { routes, timing } = this.#options
    while (!this.#closing.signal.aborted) {
      const lost = this.#order.filter((read) => read.failure === undefined && routes.knownLeader(read.topic, read.partition) === undefined)
      if (lost.length === 0) break
      try {
        const failed = await routes.refresh([...new Set(lost.map((read) => read.topic))])
        for (const read of lost) {
          const id = routes.topicId(read.topic)
          if (id !== undefined && id !== (read.topicId ?? id)) this.#fail(read, replaced(read, id))
          else if (routes.knownLeader(read.topic, read.partition) === undefined)
            this.#refuse(read, failed.get(read.topic) ?? routes.whyNoLeader(read.topic, read.partition))
        }
      } catch (error) {
        for (const read of lost) this.#trouble(read, error)
      }
      // Those that were found need not wait for the others.
      this.#go()
      if (lost.some((read) => routes.knownLeader(read.topic, read.partition) === undefined)) await timing.sleep(pauseMs, this.#closing.signal)
    }
    this.#locating = undefined
    this.#go()
  }

  async #serve(node: number): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const { routes } = this.#options
      const led = this.#order.filter((read) => read.failure === undefined && routes.knownLeader(read.topic, read.partition) === node)
      if (led.length === 0) break
      const bytes = this.#shareBytes()
      const due = led.filter((read) => read.queuedBytes < bytes)
      const hurry = led.some((read) => !read.paused && read.queuedBytes >= bytes)
      if (due.length === 0) await this.#room.next()
      else await this.#fetch(node, due, bytes, hurry)
    }
    this.#serving.delete(node)
    this.#go()
  }

  /** Half of a partition's part of the bound: it is asked for when it holds less than this, and then gets at most this much more. */
  #shareBytes(): number {
    return Math.min(share.most, Math.max(share.least, Math.floor(this.#options.readAheadBytes / 2 / this.#order.length)))
  }

  async #fetch(node: number, due: readonly PartitionRead[], bytes: number, impatient: boolean): Promise<void> {
    const { channel, routes, timing, maxWaitMs } = this.#options
    const asked = new Map(due.map((read) => [partitionKey(this.#idOf(read), read.partition), { read, version: read.version }]))
    const askedAt = timing.now()
    try {
      const { error, partitions } = await channel.fetch(node, {
        maxWaitMs: impatient ? Math.min(impatientWaitMs, maxWaitMs) : maxWaitMs,
        minBytes: 1,
        maxBytes: Math.min(requestBytes, due.length * bytes),
        partitions: due.map((read) => {
          const { topic, partition, fetchOffset: offset } = read
          return { topic, topicId: this.#idOf(read), partition, offset, maxBytes: bytes }
        }),
      })
      if (error !== wireError.none) throw refused(error, 'Fetch', { node })
      const shared = partitions.filter((answer) => answer.records.length > 0).length > 1
      for (const answer of partitions) {
        const one = asked.get(partitionKey(answer.topicId, answer.partition))
        // Compared anew for each: it may have been put elsewhere while the one before was looked into.
        if (one === undefined || one.read.version !== one.version) continue
        await this.#accept(node, one.read, askedAt, shared ? { ...answer, records: Buffer.from(answer.records) } : answer)
      }
    } catch (error) {
      for (const read of due) {
        routes.forgetLeader(read.topic)
        this.#trouble(read, error)
      }
    }
    if (due.every((read) => read.troubledSince === undefined)) return
    // A leader may be unknown by now, and this one's loop goes on with what it still leads.
    this.#go()
    await timing.sleep(pauseMs, this.#closing.signal)
  }

  /** A topic whose leaders are known has been asked about, so its id is known too. */
  #idOf({ topic, topicId }: PartitionRead): string {
    return topicId ?? this.#options.routes.topicId(topic) ?? ''
  }

  async #accept(node: number, read: PartitionRead, askedAt: number, answer: FetchedPartition): Promise<void> {
    if (answer.error === wireError.offsetOutOfRange) {
      const { version } = read
      const failure = await positionFailure(this.#options.channel, node, read)
      if (read.version !== version) return
      if (failure.recovery === 'retry') this.#trouble(read, failure)
      else this.#fail(read, failure)
    } else if (answer.error !== wireError.none) {
      if (resendOf(answer.error) === 'leader') this.#options.routes.forgetLeader(read.topic)
      this.#refuse(read, answer.error)
    } else if (read.accept(answer, askedAt, this.#options.timing.now())) {
      // Whoever got something waits behind the others next time, so that a small answer reaches all in turn.
      this.#order.push(...this.#order.splice(this.#order.indexOf(read), this.#order.includes(read) ? 1 : 0))
      this.#arrived.fire()
    }
  }

  #refuse(read: PartitionRead, error: number): void {
    const failure = refused(error, `Fetching ${read.topic}-${read.partition}`, {
      topic: read.topic,
      partition: read.partition,
      offset: read.fetchOffset,
    })
    if (resendOf(error) === undefined) this.#fail(read, failure)
    else this.#trouble(read, failure)
  }

  #trouble(read: PartitionRead, error: unknown): void {
    if (this.#closing.signal.aborted) return
    const { timing, log, patienceMs } = this.#options
    const failure = error instanceof StreamJobError ? error : new StreamJobError('internal', `Fetch: ${String(error)}`, { cause: error })
    if (failure.recovery !== 'retry') return this.#fail(read, failure)
    log.debug('Fetching goes on after an error', { topic: read.topic, partition: read.partition, error: failure.message })
    read.troubledSince ??= timing.now()
    const atOnce = failure.code === 'kafka-authentication' || failure.code === 'kafka-authorization'
    if (atOnce || timing.now() - read.troubledSince >= patienceMs) this.#fail(read, failure)
  }

  #fail(read: PartitionRead, failure: StreamJobError): void {
    read.failure = failure
    this.#arrived.fire()
  }
}

/** Fetched by name alone, records of the new topic would be taken for those that followed in the old one. */
function replaced({ topic, topicId, partition, fetchOffset }: PartitionRead, found: string): StreamJobError {
  const hint = 'Start the job afresh, or from a savepoint, when the new topic is meant.'
  return new StreamJobError('topic-replaced', `${topic} was deleted and made again while partition ${partition} was read. ${hint}`, {
    fields: { topic, partition, offset: fetchOffset, expected: topicId, found },
  })
}
