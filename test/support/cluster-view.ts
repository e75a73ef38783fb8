/** What one node of a cluster says about all of it: a cluster shows a change when every node does. */
import { KafkajsTransport } from '../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../runtime/kafka/log.ts'
import { findCoordinator } from '../../runtime/kafka/wire/cluster.ts'
import type { RequestKind } from '../../runtime/kafka/wire/request.ts'
import { listTransactions } from './transactions.ts'

export interface SeenCluster {
  /** Ids of the nodes that are up. */
  readonly brokers: readonly number[]
  readonly partitions: readonly SeenPartition[]
}

export interface SeenPartition {
  readonly topic: string
  readonly partition: number
  /** -1: none. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
}

export class ClusterView implements AsyncDisposable {
  readonly #transport: KafkajsTransport
  readonly #channel: ReturnType<KafkajsTransport['channel']>

  /** @param address The channel knows no other, so nobody else answers. */
  constructor(address: string) {
    this.#transport = new KafkajsTransport(
      { brokers: [address] },
      { clientId: 'view', log: silent, connectionTimeoutMs: 1_000, requestTimeoutMs: 5_000 },
    )
    this.#channel = this.#transport.channel()
  }

  look(): Promise<SeenCluster> {
    return this.#channel.ask(describeAll, null)
  }

  /** -1: it is being found. */
  async coordinator(kind: 'group' | 'transaction', key: string): Promise<number> {
    const { error, node } = await this.#channel.ask(findCoordinator, { kind, key })
    return error === 0 ? node : -1
  }

  /** Transactional ids in the state `Ongoing`, of those that this node coordinates. */
  async openTransactions(): Promise<ReadonlySet<string>> {
    return new Set(await this.#channel.ask(listTransactions, 'Ongoing'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#transport[Symbol.asyncDispose]()
  }
}

/** Metadata v10 of all topics, with their replicas. */
const describeAll: RequestKind<null, SeenCluster> = {
  apiKey: 3,
  version: 10,
  name: 'Metadata',
  flexible: true,
  encode: (w) => w.unsignedVarint(0).boolean(false).boolean(false).boolean(false).tags(),
  decode(r) {
    r.int32()
    const brokers = r.compactArray(() => {
      const node = r.int32()
      r.compactString()
      r.int32()
      r.nullableCompactString()
      r.tags()
      return node
    })
    r.compactString()
    r.int32()
    const topics = r.compactArray(() => {
      r.int16()
      const topic = r.compactString()
      r.uuid()
      r.boolean()
      const partitions = r.compactArray(() => {
        r.int16()
        const place = { topic, partition: r.int32(), leader: r.int32() }
        r.int32()
        const [replicas, inSync] = [r.compactArray(() => r.int32()), r.compactArray(() => r.int32())]
        r.compactArray(() => r.int32())
        r.tags()
        return { ...place, replicas, inSync }
      })
      r.int32()
      r.tags()
      return partitions
    })
    return { brokers, partitions: topics.flat() }
  },
}
