/** A whole job of real workers on a virtual cluster, in virtual time. */
import { WorkerConfig } from '../../../../runtime/config.ts'
import { LocalJob } from '../../../../runtime/dev/local-job.ts'
import { topicsThere } from '../../../../runtime/dev/topics.ts'
import type { KafkaClient } from '../../../../runtime/kafka/client.ts'
import { clientOver } from '../../../../runtime/kafka/connect.ts'
import type { Logger } from '../../../../runtime/log.ts'
import { openProgram } from '../../../../runtime/program/open.ts'
import { names } from '../../../../runtime/protocol.ts'
import type { ClusterOptions } from '../../../../runtime/testing/broker/cluster.ts'
import { VirtualCluster } from '../../../../runtime/testing/broker/cluster.ts'
import type { NetworkFaults } from '../../../../runtime/testing/broker/network/network.ts'
import { faultless } from '../../../../runtime/testing/broker/network/network.ts'
import { seededRandom } from '../../../../runtime/testing/time/random.ts'
import { VirtualClock } from '../../../../runtime/testing/time/virtual-clock.ts'
import { VirtualProcess } from '../../../../runtime/testing/time/virtual-process.ts'
import type { PrintedRecord } from '../../../e2e/oracle.ts'
import { countSteps } from '../../../support/job-run.ts'
import type { TestRecord } from '../../../support/orders.ts'
import { readPrinted } from '../../../support/printed-records.ts'
import { passing } from './passing.ts'

export const epoch = 1_700_000_000_000
export const partitions = 4
/** Results shall follow from the records alone. */
const idleTimeoutMs = 3_600_000

export interface VirtualJobOptions extends Partial<ClusterOptions> {
  /** @default countSteps */
  readonly steps?: typeof countSteps
  readonly processing?: object
}

export class VirtualJob {
  readonly clock = new VirtualClock()
  readonly cluster: VirtualCluster
  readonly faults: NetworkFaults = faultless()
  readonly input = 'orders'
  readonly output = 'revenue'
  readonly applicationId = 'shop'
  readonly #random
  readonly #observer: KafkaClient
  #job: LocalJob | null = null

  readonly #steps: typeof countSteps
  readonly #processing: object

  constructor(seed: number, { steps = countSteps, processing = {}, ...options }: VirtualJobOptions = {}) {
    this.#steps = steps
    this.#processing = processing
    this.#random = seededRandom(seed)
    this.cluster = new VirtualCluster({ scheduler: this.clock, clock: () => epoch + this.clock.now(), random: this.#random.fork(), ...options })
    const observer = new VirtualProcess('observer', this.clock, this.#random.fork())
    this.#observer = clientOver(this.cluster.transport(observer), { timing: observer.timing })
    for (const topic of [this.input, this.output]) {
      this.cluster.createTopic({ topic, partitions, replicationFactor: -1, config: { 'retention.ms': '-1' } })
    }
  }

  get job(): LocalJob {
    if (this.#job === null) throw new Error('The job was not started.')
    return this.#job
  }

  /** Lets time pass until the work is done. */
  passing<A>(work: Promise<A>): Promise<A> {
    return passing(this.clock, work)
  }

  async start(parallelism: number): Promise<void> {
    const program = { kind: 'steps' as const, steps: [...this.#steps(this.input, this.output)] }
    const config = WorkerConfig.parse({
      formatVersion: 1,
      applicationId: this.applicationId,
      kafka: { brokers: ['virtual'] },
      program,
      processing: { commitIntervalMs: 200, transactionTimeoutMs: 5_000, sessionTimeoutMs: 10_000, idleTimeoutMs, ...this.#processing },
      errors: {},
    })
    const process = new VirtualProcess('job', this.clock, this.#random.fork())
    const network = { random: this.#random.fork(), latencyMs: [0.1, 2] as const, faults: this.faults }
    const connect = (): KafkaClient => clientOver(this.cluster.transport(process, network), { timing: process.timing, transactionTimeoutMs: 5_000 })
    const plan = await openProgram(program)
    const { timing } = process
    await this.passing(topicsThere(this.#observer.reader, [this.input, this.output], timing))
    const clock = (): number => epoch + this.clock.now()
    const starting = LocalJob.start(
      { name: 'worker', config, plan, admin: this.cluster.admin(process), connect, log: mute, timing, clock },
      parallelism,
    )
    this.#job = await this.passing(starting)
  }

  async send(records: readonly TestRecord[]): Promise<void> {
    const producer = this.#observer.outputProducer()
    for (const { key, value, timestamp, partition } of records) {
      const [k, v] = [key === null ? null : Buffer.from(key), Buffer.from(value)]
      producer.append(this.input, partition, k, 0, k?.length ?? 0, v, 0, v.length, timestamp, [])
    }
    await this.passing(producer.flush())
  }

  /** Lets time pass. Virtual ms. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.now() + ms
    await this.clock.run(() => this.clock.now() >= until)
  }

  /** While `work` goes on the network loses what it likes; with each call of `next` something happens to brokers or workers. */
  async disturbed(work: (disturbances: { next(): Promise<void> }) => Promise<void>): Promise<void> {
    Object.assign(this.faults, { loseRequest: 0.01, loseAnswer: 0.01, delayRequest: 0.005, delayMs: [1, 8_000], slow: 0.02 })
    await work({ next: () => this.#disturb() })
    Object.assign(this.faults, faultless())
    for (const node of [1, 2, 3]) this.cluster.startNode(node)
  }

  /** One thing of those that happen, and two seconds in which it is to be coped with. */
  async #disturb(): Promise<void> {
    const node = 1 + this.#random.below(3)
    const happenings: readonly (() => void | Promise<void>)[] = [
      () => this.cluster.stopNode(node, 'hard'),
      () => this.cluster.stopNode(node, 'clean'),
      () => this.cluster.startNode(node),
      () => this.cluster.moveCoordinator('group', names.group(this.applicationId)),
      () => this.cluster.moveCoordinator('transaction', 'shop.worker.0'),
      () => this.cluster.moveLeader(this.output, this.#random.below(partitions)),
      () => this.#cutOff(this.#random.below(2)),
    ]
    await this.#random.pick(happenings)()
    for (const other of [1, 2, 3]) if (other !== node) this.cluster.startNode(other)
    await this.pass(2_000)
  }

  async #cutOff(ordinal: number): Promise<void> {
    await this.passing(this.job.crash(ordinal))
    this.job.startWorker(ordinal)
  }

  /** Waits until every worker has committed all that stands in the input, and in what stages send to each other. */
  async drained(): Promise<void> {
    const limit = this.clock.now() + 300_000
    const isDrained = (): boolean => {
      const left = this.job.stages.flatMap(({ sourceTopic }) => this.#uncommitted(sourceTopic))
      if (this.clock.now() > limit) throw new Error(`Not drained: ${left.join(', ')}`)
      return left.length === 0
    }
    let failure: unknown = null
    this.job.failed.catch((error: unknown) => (failure = error))
    if (!(await this.clock.run(() => failure !== null || isDrained()))) throw new Error('Nothing is left to happen, and the input is not drained')
    if (failure !== null) throw failure
  }

  /** A client beside the job. */
  get observer(): KafkaClient {
    return this.#observer
  }

  get committed(): ReadonlyMap<number, number> {
    return this.#committedOf(this.input)
  }

  #uncommitted(topic: string): readonly string[] {
    const offsets = this.#committedOf(topic)
    return Array.from({ length: partitions }, (_, partition) => partition).flatMap((partition) => {
      const { highWatermark } = this.cluster.partition(topic, partition)
      return highWatermark === 0 || offsets.get(partition) === highWatermark ? [] : [`${topic}-${partition}`]
    })
  }

  #committedOf(topic: string): ReadonlyMap<number, number> {
    const offsets = this.cluster.group(names.group(this.applicationId))?.offsets ?? []
    return new Map(offsets.filter((one) => one.topic === topic).map(({ partition, offset }) => [partition, offset]))
  }

  async read(topic: string): Promise<PrintedRecord[]> {
    return this.passing(readPrinted(this.#observer.reader, topic))
  }

  async end(): Promise<void> {
    await this.passing(this.job[Symbol.asyncDispose]())
  }
}

const mute: Logger = { debug() {}, info() {}, warn() {}, error() {} }
