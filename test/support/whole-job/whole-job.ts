/** A whole job of a test: its topics, workers, input and committed output. Made for one plan, which names the topics. */
import { WorkerConfig } from '../../../runtime/config.ts'
import { allRead, closeAll } from '../../../runtime/dev/idle.ts'
import type { IdleOptions } from '../../../runtime/dev/idle.ts'
import { LocalJob } from '../../../runtime/dev/local-job.ts'
import { recordTopic, topicsThere } from '../../../runtime/dev/topics.ts'
import { encodeKey, partitionFor } from '../../../runtime/formats/key.ts'
import type { KafkaAdmin } from '../../../runtime/kafka/admin.ts'
import type { KafkaClient } from '../../../runtime/kafka/client.ts'
import type { Plan, PlanNode } from '../../../runtime/plan/nodes.ts'
import { names } from '../../../runtime/protocol.ts'
import type { PrintedRecord } from '../../e2e/oracle.ts'
import { readPrinted } from '../printed-records.ts'
import type { Ground } from './ground.ts'

export interface WholeJobOptions {
  readonly plan: Plan
  /** Unique on the ground; topics of the plan get it in front. */
  readonly name: string
  /** Of input and output. */
  readonly partitions: number
  /** As the workers see it; epoch ms. @default that of the ground */
  readonly clock?: () => number
}

export interface SentRecord {
  readonly key: string | null
  /** Text is sent as it is, anything else as JSON; null: a tombstone. */
  readonly value: unknown
  readonly timestamp: number
  /** @default where the key belongs; the first without a key */
  readonly partition?: number | undefined
  /** As the plan names it. @default the first that it reads */
  readonly topic?: string | undefined
}

export class WholeJob implements AsyncDisposable {
  readonly input: string
  readonly output: string
  readonly late: string
  readonly deadLetters: string
  readonly #topics: readonly string[]
  readonly #ground: Ground
  readonly #options: WholeJobOptions
  readonly #kafka: KafkaClient
  readonly #admin: KafkaAdmin
  #job: LocalJob | null = null
  #interruptions = 0

  constructor(ground: Ground, options: WholeJobOptions) {
    const { name, plan } = options
    this.#ground = ground
    this.#options = options
    this.#kafka = ground.connect()
    this.#admin = ground.admin()
    const topics = plan.nodes.flatMap((node) => ('topic' in node ? [topicIn(name, node.topic)] : []))
    this.#topics = [...new Set(topics)]
    this.input = topics[0] ?? ''
    this.output = topics.at(-1) ?? ''
    this.late = names.lateTopic(name)
    this.deadLetters = names.deadLetterTopic(name)
  }

  async start(parallelism: number): Promise<this> {
    const { name, plan, partitions, clock = this.#ground.clock } = this.#options
    const { timing } = this.#ground
    for (const topic of this.#topics) await this.#admin.createTopic(recordTopic(topic, partitions))
    await topicsThere(this.#kafka.reader, this.#topics, timing)
    const config = WorkerConfig.parse({
      formatVersion: 1,
      applicationId: name,
      kafka: { brokers: ['brokers'] },
      // What the workers run is the plan below.
      program: { kind: 'steps', steps: [] },
      processing: { commitIntervalMs: 200, transactionTimeoutMs: 5_000, sessionTimeoutMs: 10_000, idleTimeoutMs: neverMs },
      errors: {},
    })
    const connect = (): KafkaClient => this.#ground.connect({ transactionTimeoutMs: 5_000 })
    const nodes = plan.nodes.map((node): PlanNode => ('topic' in node ? { ...node, topic: topicIn(name, node.topic) } : node))
    this.#job = await LocalJob.start(
      { name: 'worker', config, plan: { ...plan, nodes }, admin: this.#admin, connect, log: mute, timing, clock },
      parallelism,
    )
    return this
  }

  async send(records: readonly SentRecord[]): Promise<void> {
    await using producer = this.#kafka.outputProducer()
    for (const { key, value, timestamp, partition, topic } of records) {
      const k = key === null ? null : encodeKey(key)
      const v = value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
      const to = partition ?? (k === null ? 0 : partitionFor(k, 0, k.length, this.#options.partitions))
      producer.append(
        topic === undefined ? this.input : topicIn(this.#options.name, topic),
        to,
        k,
        0,
        k?.length ?? 0,
        v,
        0,
        v?.length ?? 0,
        timestamp,
        [],
      )
    }
    await producer.flush()
  }

  /** Resolves when everything that was sent is committed, by one stage behind the other. */
  async settle(): Promise<void> {
    // What a stage commits last may be new to the next.
    for (const _ of this.#running().stages) await this.#awaited(allRead)
  }

  /** Resolves when there are so many results, or more. */
  async resulted(count: number): Promise<void> {
    await this.#awaited(async ({ timing, signal }) => {
      while (!signal.aborted && (await this.read(this.output)).length < count) await timing.sleep(watchMs, signal)
    })
  }

  /** Closes every window as if the input had ended. */
  async end(): Promise<void> {
    await this.#awaited(closeAll)
  }

  /** A worker that has tasks, another one each time, is cut off in the middle of whatever it does, and a new process takes its place. */
  async crash(): Promise<void> {
    await this.#ground.moment()
    const ordinal = this.#nextOrdinal()
    await this.#running().crash(ordinal)
    this.#running().startWorker(ordinal)
  }

  /** The same with a worker that is given the time to commit. */
  async restart(): Promise<void> {
    await this.#ground.moment()
    const ordinal = this.#nextOrdinal()
    await this.#running().stopWorker(ordinal)
    this.#running().startWorker(ordinal)
  }

  /** There are fewer workers than before, or more. */
  async scale(parallelism: number): Promise<void> {
    await this.#ground.moment()
    await this.#running().scale(parallelism)
  }

  /** What a topic of the plan is called on the ground. */
  topic(topic: string): string {
    return topicIn(this.#options.name, topic)
  }

  /** Committed records of a topic, one partition after the other. */
  read(topic: string): Promise<readonly PrintedRecord[]> {
    return readPrinted(this.#kafka.reader, topic)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#job?.[Symbol.asyncDispose]()
    await this.#kafka[Symbol.asyncDispose]()
    await this.#admin[Symbol.asyncDispose]()
  }

  #running(): LocalJob {
    if (this.#job === null) throw new Error('The job was not started.')
    return this.#job
  }

  /** Rejects when a worker has failed, and when it takes longer than anything here can. */
  async #awaited(work: (options: IdleOptions) => Promise<void>): Promise<void> {
    const job = this.#running()
    const { timing } = this.#ground
    const stop = new AbortController()
    const { signal } = stop
    const watch = async (): Promise<void> => {
      const deadline = timing.now() + patienceMs
      while (!signal.aborted) {
        const failed = job.statuses.find(({ state }) => state === 'failed')
        if (failed !== undefined) throw new Error(`A worker has failed: ${failed.error?.message}`)
        if (timing.now() > deadline) throw new Error(`Not at rest: ${JSON.stringify(job.statuses)}`)
        await timing.sleep(watchMs, signal)
      }
    }
    try {
      await Promise.race([work({ job, reader: this.#kafka.reader, timing, signal }), watch(), job.failed])
    } finally {
      stop.abort()
    }
  }

  #nextOrdinal(): number {
    const owners = this.#running().statuses.flatMap(({ instanceId, tasks }) => tasks.map(() => Number(/\d+$/.exec(instanceId)?.[0])))
    return owners[this.#interruptions++ % owners.length] ?? 0
  }
}

function topicIn(name: string, topic: string): string {
  return `${name}.${topic}`
}

const patienceMs = 60_000
/** Where the source of the program says nothing else. */
const neverMs = 3_600_000
const watchMs = 200

const mute = { debug() {}, info() {}, warn() {}, error() {} }
