/** The three-node cluster that `hack/test faults` starts, and what can happen to each node of it. Every test gets and leaves it whole. */
import type { ExecutionContext } from 'ava'
import { holdNode, nodeAddress, nodeIds, startNode, stopNode } from '../../hack/infra/kafka/cluster.ts'
import type { NodeId } from '../../hack/infra/kafka/cluster.ts'
import { eventually } from './eventually.ts'
import { ClusterView } from './cluster-view.ts'
import type { SeenPartition } from './cluster-view.ts'

export type { NodeId } from '../../hack/infra/kafka/cluster.ts'

/** Bootstrap addresses of the cluster. Throws when there is none. */
export function clusterBrokers(): string[] {
  const addresses = process.env['STREAMJOB_TEST_KAFKA_CLUSTER']
  if (addresses === undefined || addresses === '') throw new Error('This test needs a cluster of three Kafka nodes: run ./hack/test faults.')
  return addresses.split(',')
}

type NodeState = 'up' | 'held' | 'down'

export class KafkaNodes implements AsyncDisposable {
  readonly #views = new Map(nodeIds.map((node) => [node, new ClusterView(nodeAddress(node))] as const))
  readonly #states = new Map<NodeId, NodeState>(nodeIds.map((node) => [node, 'up']))

  /** Resolves when the cluster is whole. Whatever the test leaves behind is put right at its end. */
  static async of(t: ExecutionContext): Promise<KafkaNodes> {
    clusterBrokers()
    const nodes = new KafkaNodes()
    t.teardown(() => nodes[Symbol.asyncDispose]())
    await nodes.whole()
    return nodes
  }

  /** Ends the node as a crash does, or cleanly: then it hands its leaderships over first. Resolves when the others know. */
  async end(node: NodeId, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#states.set(node, 'down')
    await stopNode(node, signal)
    await this.#gone(node)
  }

  /** Stops the node with its connections open: nobody is told, and nothing is answered. Resolves when the others have given it up. */
  async hold(node: NodeId): Promise<void> {
    this.#states.set(node, 'held')
    holdNode(node, true)
    await this.#gone(node)
  }

  /** Lets a held node go on, starts one that is down. Resolves when every partition has all its replicas again. */
  async mend(node: NodeId): Promise<void> {
    const state = this.#states.get(node)
    if (state === 'held') holdNode(node, false)
    if (state === 'down') await startNode(node)
    this.#states.set(node, 'up')
    await this.whole()
  }

  /** Until every node that should be up says that all of these are, and that no partition lacks a leader or one of their replicas. */
  async whole(): Promise<void> {
    const up = this.#up
    const isWhole = async (): Promise<boolean> => {
      const views = await Promise.all(up.map((node) => this.#view(node).look()))
      return views.every(
        ({ brokers, partitions }) =>
          up.every((node) => brokers.includes(node)) &&
          partitions.every(({ leader, replicas, inSync }) => leader > 0 && replicas.every((node) => inSync.includes(node) || !this.#isUp(node))),
      )
    }
    await eventually(isWhole, { timeoutMs: 60_000, what: 'The whole cluster' })
  }

  async leader(topic: string, partition: number): Promise<NodeId> {
    return eventually(async () => {
      const { partitions } = await this.#anyView().look()
      const found = partitions.find((one) => one.topic === topic && one.partition === partition)
      return nodeIds.find((node) => node === found?.leader)
    })
  }

  async coordinator(kind: 'group' | 'transaction', key: string): Promise<NodeId> {
    return eventually(async () => {
      const coordinator = await this.#anyView().coordinator(kind, key)
      return nodeIds.find((node) => node === coordinator)
    })
  }

  /** Transactional ids that are open at the node that coordinates the id. */
  async openTransactions(node: NodeId): Promise<ReadonlySet<string>> {
    return this.#view(node).openTransactions()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [node, state] of this.#states) if (state !== 'up') await this.mend(node)
    await this.whole()
    for (const view of this.#views.values()) await view[Symbol.asyncDispose]()
  }

  /** Until the others lead every partition that they can: one without a second replica waits for its node. */
  async #gone(node: NodeId): Promise<void> {
    const isGone = async (): Promise<boolean> => {
      const views = await Promise.all(this.#up.map((id) => this.#view(id).look()))
      const led = ({ leader, replicas }: SeenPartition): boolean => leader !== node && (leader > 0 || !replicas.some((id) => this.#isUp(id)))
      return views.every(({ brokers, partitions }) => !brokers.includes(node) && partitions.every(led))
    }
    await eventually(isGone, { timeoutMs: 60_000, what: `The cluster without node ${node}` })
  }

  get #up(): readonly NodeId[] {
    return nodeIds.filter((node) => this.#states.get(node) === 'up')
  }

  #isUp(node: number): boolean {
    return this.#up.some((id) => id === node)
  }

  #anyView(): ClusterView {
    return this.#view(this.#up[0]!)
  }

  #view(node: NodeId): ClusterView {
    return this.#views.get(node)! // one was made for each
  }
}
