/** A virtual cluster with one process before it, for tests that ask it by hand. */
import { BatchBuilder } from '../../../../runtime/kafka/batch/encode.ts'
import type { KafkaChannel, ProducerIdentity } from '../../../../runtime/kafka/transport.ts'
import type { NetworkFaults } from '../../../../runtime/testing/broker/network/network.ts'
import { faultless } from '../../../../runtime/testing/broker/network/network.ts'
import { VirtualCluster } from '../../../../runtime/testing/broker/cluster.ts'
import type { BrokerSettings } from '../../../../runtime/testing/broker/settings.ts'
import { seededRandom } from '../../../../runtime/testing/time/random.ts'
import { VirtualClock } from '../../../../runtime/testing/time/virtual-clock.ts'
import { VirtualProcess } from '../../../../runtime/testing/time/virtual-process.ts'
import { passing } from './passing.ts'

export const epoch = 1_700_000_000_000

export interface WorldOptions {
  readonly nodes?: number
  readonly settings?: Partial<BrokerSettings>
  readonly seed?: number
  /** One way. */
  readonly latencyMs?: readonly [number, number]
}

export class World {
  readonly clock = new VirtualClock()
  readonly cluster: VirtualCluster
  readonly process: VirtualProcess
  readonly channel: KafkaChannel
  readonly faults: NetworkFaults = faultless()
  readonly #random
  readonly #latencyMs

  constructor({ nodes = 1, settings = {}, seed = 1, latencyMs = [0.1, 2] }: WorldOptions = {}) {
    this.#random = seededRandom(seed)
    this.#latencyMs = latencyMs
    const quick = { initialRebalanceDelayMs: 0, ...settings }
    const clock = (): number => epoch + this.clock.now()
    this.cluster = new VirtualCluster({ scheduler: this.clock, clock, random: this.#random.fork(), nodes, settings: quick })
    this.process = new VirtualProcess('test', this.clock, this.#random.fork())
    this.channel = this.openChannel()
  }

  openChannel(): KafkaChannel {
    const network = { random: this.#random.fork(), latencyMs: this.#latencyMs, faults: this.faults }
    return this.cluster.transport(this.process, network).channel()
  }

  topic(topic: string, { partitions = 1, config = {} }: { partitions?: number; config?: Record<string, string> } = {}): void {
    this.cluster.createTopic({ topic, partitions, replicationFactor: -1, config: { 'retention.ms': '-1', ...config } })
  }

  /** Lets time pass until the work is done; what it throws is thrown. */
  passing<A>(work: Promise<A>): Promise<A> {
    return passing(this.clock, work)
  }

  async pass(ms: number): Promise<void> {
    await this.passing(this.process.timing.sleep(ms))
  }

  async leader(topic: string, partition = 0): Promise<number> {
    return (await this.passing(this.channel.metadata([topic]))).topics[0]!.partitions[partition]!.leader
  }

  async coordinator(kind: 'group' | 'transaction', key: string): Promise<number> {
    return (await this.passing(this.channel.findCoordinator(kind, key))).node
  }

  /** A producer that has its id. */
  async producer(transactionalId: string, transactionTimeoutMs = 60_000): Promise<ProducerIdentity> {
    const node = await this.coordinator('transaction', transactionalId)
    for (;;) {
      const {
        error,
        producerId,
        epoch: producerEpoch,
      } = await this.passing(this.channel.initProducerId(node, { transactionalId, transactionTimeoutMs }))
      if (error === 0) return { transactionalId, producerId, epoch: producerEpoch }
      await this.pass(5)
    }
  }

  async write(
    topic: string,
    records: Buffer,
    { transactionalId = null as string | null, partition = 0 } = {},
  ): Promise<{ error: number; baseOffset: number }> {
    const node = await this.leader(topic, partition)
    const [answer] = await this.passing(
      this.channel.produce(node, { transactionalId, timeoutMs: 1_000, partitions: [{ topic, partition, records }] }),
    )
    return { error: answer!.error, baseOffset: answer!.baseOffset }
  }

  async add(producer: ProducerIdentity, topic: string, partition = 0): Promise<number> {
    const node = await this.coordinator('transaction', producer.transactionalId)
    const [answer] = await this.passing(this.channel.addPartitionsToTxn(node, { ...producer, partitions: [{ topic, partition }] }))
    return answer!.error
  }

  async end(producer: ProducerIdentity, commit: boolean): Promise<number> {
    const node = await this.coordinator('transaction', producer.transactionalId)
    return (await this.passing(this.channel.endTxn(node, { ...producer, commit }))).error
  }
}

export interface PlainRecord {
  readonly key?: string | null
  readonly value?: string | null
  readonly timestamp?: number
}

export function batch(
  records: readonly PlainRecord[],
  producer: (Omit<ProducerIdentity, 'transactionalId'> & { readonly sequence?: number; readonly transactional?: boolean }) | null = null,
): Buffer {
  const builder = new BatchBuilder(64)
  for (const { key = 'k', value = 'v', timestamp = epoch } of records) {
    const [k, v] = [key === null ? null : Buffer.from(key), value === null ? null : Buffer.from(value)]
    builder.append(k, 0, k?.length ?? 0, v, 0, v?.length ?? 0, timestamp, [])
  }
  const { producerId, epoch: producerEpoch, sequence = 0, transactional = true } = producer ?? { producerId: -1, epoch: -1 }
  return builder.finish(producer === null ? null : { producerId, epoch: producerEpoch, sequence, transactional }, 'none')
}
