/** A set of connections of one process, one to each broker that it asks: the same bearing as over sockets. */
import { StreamJobError } from '../../../errors.ts'
import { noAnswer } from '../../../kafka/kafkajs/failures.ts'
import type * as T from '../../../kafka/transport.ts'
import type { Endpoint, Scheduler } from '../../time/scheduler.ts'
import type { Broker } from '../broker.ts'
import { addressOf } from '../data/metadata.ts'
import type { Nodes } from '../nodes.ts'
import type { Handle } from './connection.ts'
import { closed, Connection, unreachable } from './connection.ts'
import type { Way } from './network.ts'

/** What the channels of one transport share. */
export interface ChannelOptions {
  readonly broker: Broker
  readonly nodes: Nodes
  readonly scheduler: Scheduler
  readonly endpoint: Endpoint
  readonly way: Way
  /** Brokers that the process has heard of. */
  readonly known: Set<number>
  /** Brokers that did not answer: who is in the cluster is asked before the next request. */
  readonly silent: Set<number>
}

/** How long a broker may take to answer, beyond what the request itself lets it wait. */
const requestTimeoutMs = 10_000
const connectionTimeoutMs = 5_000

export class VirtualChannel implements T.KafkaChannel {
  readonly #options: ChannelOptions
  readonly #connections = new Map<number, Connection>()
  readonly #closing = Promise.withResolvers<void>()
  #closed = false
  #turn = 0

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  async metadata(topics: readonly string[]): Promise<T.MetadataAnswer> {
    const { broker } = this.#options
    const answer = await this.sendAny<T.MetadataAnswer>('Metadata', (node, reply) => reply(broker.metadata(node, topics)))
    for (const { node } of answer.brokers) this.#found(node)
    return answer
  }

  async findCoordinator(kind: T.CoordinatorKind, key: string): Promise<T.CoordinatorAnswer> {
    const { broker } = this.#options
    const answer = await this.sendAny<T.CoordinatorAnswer>('FindCoordinator', (_node, reply) => reply(broker.findCoordinator(kind, key)))
    if (answer.error === 0) this.#found(answer.node)
    return answer
  }

  fetch(to: number, request: T.FetchRequest): Promise<T.FetchAnswer> {
    return this.send('Fetch', to, (node, reply) => this.#options.broker.fetch(node, request, reply), request.maxWaitMs)
  }

  produce(to: number, request: T.ProduceRequest): Promise<readonly T.ProducedPartition[]> {
    // What is on its way does not change when the client uses its memory for something else.
    const partitions = request.partitions.map(({ topic, partition, records }) => ({ topic, partition, records: Buffer.from(records) }))
    const sent = { ...request, partitions }
    return this.send('Produce', to, (node, reply) => reply(this.#options.broker.produce(node, sent)), request.timeoutMs)
  }

  listOffsets(to: number, request: T.ListOffsetsRequest): Promise<readonly T.ListedOffset[]> {
    return this.send('ListOffsets', to, (node, reply) => reply(this.#options.broker.listOffsets(node, request)))
  }

  deleteRecords(to: number, request: T.DeleteRecordsRequest): Promise<readonly T.DeletedRecords[]> {
    return this.send('DeleteRecords', to, (node, reply) => reply(this.#options.broker.deleteRecords(node, request)), request.timeoutMs)
  }

  joinGroup(to: number, request: T.JoinGroupRequest): Promise<T.JoinGroupAnswer> {
    const waitMs = Math.max(request.rebalanceTimeoutMs, request.sessionTimeoutMs)
    return this.send('JoinGroup', to, (node, reply) => this.#options.broker.groups.joinGroup(node, request, reply), waitMs)
  }

  syncGroup(to: number, request: T.SyncGroupRequest): Promise<{ readonly error: number; readonly assignment: Buffer }> {
    return this.send('SyncGroup', to, (node, reply) => this.#options.broker.groups.syncGroup(node, request, reply))
  }

  heartbeat(to: number, request: T.MemberIdentity): Promise<{ readonly error: number }> {
    return this.send('Heartbeat', to, (node, reply) => reply({ error: this.#options.broker.groups.heartbeat(node, request) }))
  }

  leaveGroup(to: number, request: T.LeaveGroupRequest): Promise<T.LeaveGroupAnswer> {
    return this.send('LeaveGroup', to, (node, reply) => reply(this.#options.broker.groups.leaveGroup(node, request)))
  }

  offsetFetch(to: number, request: T.OffsetFetchRequest): Promise<T.OffsetFetchAnswer> {
    return this.send('OffsetFetch', to, (node, reply) => reply(this.#options.broker.groups.offsetFetch(node, request)))
  }

  initProducerId(to: number, request: T.InitProducerIdRequest): Promise<T.InitProducerIdAnswer> {
    return this.send('InitProducerId', to, (node, reply) => reply(this.#options.broker.transactions.initProducerId(node, request)))
  }

  addPartitionsToTxn(to: number, request: T.AddPartitionsRequest): Promise<readonly T.PartitionError[]> {
    return this.send('AddPartitionsToTxn', to, (node, reply) =>
      reply(this.#options.broker.transactions.addPartitions(node, request, request.partitions)),
    )
  }

  addOffsetsToTxn(to: number, request: T.ProducerIdentity & { readonly groupId: string }): Promise<{ readonly error: number }> {
    return this.send('AddOffsetsToTxn', to, (node, reply) => reply({ error: this.#options.broker.addOffsetsToTxn(node, request) }))
  }

  txnOffsetCommit(to: number, request: T.TxnOffsetCommitRequest): Promise<readonly T.PartitionError[]> {
    return this.send('TxnOffsetCommit', to, (node, reply) => reply(this.#options.broker.groups.txnOffsetCommit(node, request)))
  }

  endTxn(to: number, request: T.ProducerIdentity & { readonly commit: boolean }): Promise<{ readonly error: number }> {
    return this.send('EndTxn', to, (node, reply) => reply({ error: this.#options.broker.transactions.endTxn(node, request, request.commit) }))
  }

  /** At once: requests under way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#closing.resolve()
    for (const [node, connection] of this.#connections) connection.close(closed(node))
  }

  /** To that broker. */
  async send<A>(name: string, node: number, handle: Handle<A>, waitMs = 0): Promise<A> {
    const { known, silent } = this.#options
    if (!known.has(node) || silent.has(node)) await this.metadata([])
    if (!known.has(node)) throw new StreamJobError('kafka-retriable', `${name}: no broker ${node} is in the cluster`, { fields: { node } })
    try {
      return await this.#sendTo(name, node, handle, waitMs)
    } catch (error) {
      if (error instanceof StreamJobError && error.code === 'kafka-unreachable') silent.add(node)
      throw error
    }
  }

  /** To whoever answers: first the brokers that a connection stands to, then all others. */
  async sendAny<A>(name: string, handle: Handle<A>): Promise<A> {
    const { ids } = this.#options.nodes
    const turn = this.#turn++ % ids.length
    const connectedFirst = (node: number): number => (this.#connections.has(node) ? 0 : 1)
    const candidates = [...ids.slice(turn), ...ids.slice(0, turn)].toSorted((a, b) => connectedFirst(a) - connectedFirst(b))
    const failures: StreamJobError[] = []
    for (const node of candidates) {
      try {
        return await this.#sendTo(name, node, handle, 0)
      } catch (error) {
        if (!(error instanceof StreamJobError) || this.#closed) throw error
        failures.push(error)
      }
    }
    throw noAnswer(failures, candidates.map(addressOf))
  }

  #found(node: number): void {
    this.#options.known.add(node)
    this.#options.silent.delete(node)
  }

  async #sendTo<A>(name: string, node: number, handle: Handle<A>, waitMs: number): Promise<A> {
    if (this.#closed) throw new StreamJobError('kafka-unreachable', 'This connection to Kafka is closed')
    const connection = this.#connections.get(node) ?? (await this.#connect(node))
    return connection.send(name, requestTimeoutMs + waitMs, handle)
  }

  /** A connection stands as soon as the first request needs it; to a broker that does not run, or that nothing reaches, there is none. */
  async #connect(node: number): Promise<Connection> {
    const { nodes, way, endpoint, scheduler } = this.#options
    const reachable = way.reaches(node)
    if (!reachable || !nodes.isRunning(node)) {
      const [ms, reason] = reachable ? [2 * way.latency(), 'connection refused'] : [connectionTimeoutMs, 'connection timed out']
      const waited = Promise.withResolvers<void>()
      endpoint.deliver(ms, waited.resolve)
      await Promise.race([waited.promise, this.#closing.promise])
      throw unreachable(node, 'Connecting to Kafka', reason)
    }
    const onEnd = (): void => {
      if (this.#connections.get(node) === connection) this.#connections.delete(node)
    }
    const connection: Connection = new Connection({ node, nodes, scheduler, endpoint, way, onEnd })
    this.#connections.set(node, connection)
    return connection
  }
}
