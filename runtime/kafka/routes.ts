/** Who leads a partition and who coordinates a key: asked once, kept until an answer says that it is somebody else. */
import { StreamJobError } from '../errors.ts'
import { refused, resendOf, wireError } from './broker-errors.ts'
import type { CoordinatorKind, KafkaChannel, MetadataAnswer } from './transport.ts'
import type { Timing } from './timing.ts'

export interface RoutesOptions {
  readonly timing: Timing
  /** How long to go on while brokers move leaders or coordinators, or do not answer at all. */
  readonly patienceMs: number
  /** Ends all waiting. */
  readonly signal: AbortSignal
}

export interface Patience {
  readonly patienceMs?: number
  /** Ends the wait between two attempts. */
  readonly signal?: AbortSignal
}

const pauseMs = 100
/** Between two looks at a transaction that is ending: one's own takes a few milliseconds, somebody else's any time. */
const shortPauses: Readonly<Record<number, number>> = { [wireError.concurrentTransactions]: 5, [wireError.unstableOffset]: 20 }

export class Routes {
  readonly #channel: KafkaChannel
  readonly #timing: Timing
  readonly #patienceMs: number
  readonly #signal: AbortSignal
  /** topic -> node by partition; -1: none at the moment. */
  readonly #leaders = new Map<string, readonly number[]>()
  readonly #ids = new Map<string, string>()
  readonly #coordinators = new Map<string, Promise<number>>()

  constructor(channel: KafkaChannel, options: RoutesOptions) {
    this.#channel = channel
    this.#timing = options.timing
    this.#patienceMs = options.patienceMs
    this.#signal = options.signal
  }

  /** The leader as far as it is known, without asking. */
  knownLeader(topic: string, partition: number): number | undefined {
    const leader = this.#leaders.get(topic)?.[partition]
    return leader === undefined || leader < 0 ? undefined : leader
  }

  /** Of the topic, as of the last time that its leaders were asked for. */
  topicId(topic: string): string | undefined {
    return this.#ids.get(topic)
  }

  /**
   * Waits until there is a leader. Throws, when there is none for longer than the patience: `topic-missing` where topic or partition do not exist, else
   * `kafka-retriable`.
   */
  async leader(topic: string, partition: number): Promise<number> {
    return this.patiently(async () => {
      const known = this.knownLeader(topic, partition)
      if (known !== undefined) return known
      const missing = (await this.refresh([topic])).get(topic)
      const found = this.knownLeader(topic, partition)
      if (found !== undefined) return found
      throw refused(missing ?? this.whyNoLeader(topic, partition), `Looking up the leader of ${topic}-${partition}`, { topic, partition })
    })
  }

  /** For a topic that `refresh` has just had an answer for: whether its partition is there at all. */
  whyNoLeader(topic: string, partition: number): number {
    return this.#leaders.get(topic)?.[partition] === undefined ? wireError.unknownTopic : wireError.leaderNotAvailable
  }

  forgetLeader(topic: string): void {
    this.#leaders.delete(topic)
  }

  /** Asks anew. Returns the topics that brokers have nothing to say about, with their error. */
  async refresh(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const answer = await this.#channel.metadata(topics)
    const failed = new Map<string, number>()
    for (const topic of answer.topics) {
      if (topic.error !== wireError.none) {
        failed.set(topic.topic, topic.error)
        this.#leaders.delete(topic.topic)
        continue
      }
      const leaders: number[] = []
      for (const { partition, leader } of topic.partitions) leaders[partition] = leader
      this.#leaders.set(topic.topic, leaders)
      this.#ids.set(topic.topic, topic.id)
    }
    return failed
  }

  metadata(topics: readonly string[]): Promise<MetadataAnswer> {
    return this.patiently(() => this.#channel.metadata(topics))
  }

  async coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    const name = `${kind}:${key}`
    const known = this.#coordinators.get(name)
    if (known !== undefined) return known
    const asking = this.patiently(async () => {
      const answer = await this.#channel.findCoordinator(kind, key)
      if (answer.error !== wireError.none) throw refused(answer.error, `Looking up the coordinator of ${kind} ${key}`, { kind, key })
      return answer.node
    })
    this.#coordinators.set(name, asking)
    asking.catch(() => this.#coordinators.get(name) === asking && this.#coordinators.delete(name))
    return asking
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.delete(`${kind}:${key}`)
  }

  /**
   * Sends to the coordinator of the key until it accepts or refuses for good, and returns that answer. For requests that may be repeated: one whose
   * answer is lost is sent again, if `resendLost`. CONCURRENT_TRANSACTIONS and UNSTABLE_OFFSET_COMMIT are waited for in short steps.
   */
  async coordinated<A>(
    kind: CoordinatorKind,
    key: string,
    doing: string,
    send: (node: number) => Promise<A>,
    errorOf: (answer: A) => number,
    options: Patience & { readonly resendLost: boolean } = { resendLost: true },
  ): Promise<A> {
    return this.patiently(async () => {
      const node = await this.coordinator(kind, key)
      let answer: A
      try {
        answer = await send(node)
      } catch (error) {
        this.forgetCoordinator(kind, key)
        if (options.resendLost || !(error instanceof StreamJobError) || error.code !== 'kafka-unreachable') throw error
        throw new StreamJobError('transaction-lost', `${doing}: the answer was lost: ${error.message}`, { cause: error, fields: error.fields })
      }
      const error = errorOf(answer)
      const resend = resendOf(error)
      if (resend === undefined) return answer
      if (resend === 'coordinator') this.forgetCoordinator(kind, key)
      throw refused(error, doing, { kind, key })
    }, options)
  }

  /** Repeats what fails with recovery `retry`, until the patience is used up; then throws the last failure. */
  async patiently<A>(attempt: () => Promise<A>, { patienceMs = this.#patienceMs, signal = this.#signal }: Patience = {}): Promise<A> {
    const deadline = this.#timing.now() + patienceMs
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof StreamJobError) || error.recovery !== 'retry') throw error
        if (error.code === 'kafka-authentication' || error.code === 'kafka-authorization') throw error
        if (this.#timing.now() >= deadline || signal.aborted || this.#signal.aborted) throw error
        await this.#timing.sleep(shortPauses[Number(error.fields['brokerError'])] ?? pauseMs, signal)
      }
    }
  }
}
