/** A set of connections, one to each broker that was asked for. */
import { StreamJobError } from '../../errors.ts'
import { wireError } from '../broker-errors.ts'
import type * as T from '../transport.ts'
import * as cluster from '../wire/cluster.ts'
import * as data from '../wire/data.ts'
import * as group from '../wire/group.ts'
import type { RequestKind } from '../wire/request.ts'
import * as transaction from '../wire/transaction.ts'
import { endsConnection, noAnswer } from './failures.ts'
import type { BrokerAddress, LineSettings } from './line.ts'
import { addressOf, Line } from './line.ts'

/** What the channels of one transport share. */
export interface KnownBrokers extends LineSettings {
  readonly bootstrap: readonly BrokerAddress[]
  /** As of the last metadata answer of any channel. */
  readonly nodes: Map<number, BrokerAddress>
  /** Nodes that did not answer where they were: they may have moved, so their address is asked for before the next request. */
  readonly silent: Set<number>
  readonly requestTimeoutMs: number
}

export class KafkajsChannel implements T.KafkaChannel {
  readonly #known: KnownBrokers
  readonly #lines = new Map<string, Promise<Line>>()
  readonly #closing = new AbortController()
  #turn = 0

  constructor(known: KnownBrokers) {
    this.#known = known
  }

  async metadata(topics: readonly string[]): Promise<T.MetadataAnswer> {
    const answer = await this.#sendAny(cluster.metadata, topics)
    for (const { node, host, port } of answer.brokers) this.#found(node, { host, port })
    return answer
  }

  async findCoordinator(kind: T.CoordinatorKind, key: string): Promise<T.CoordinatorAnswer> {
    const { error, node, host, port } = await this.#sendAny(cluster.findCoordinator, { kind, key })
    if (error === wireError.none) this.#found(node, { host, port })
    return { error, node }
  }

  fetch(node: number, request: T.FetchRequest): Promise<T.FetchAnswer> {
    return this.#send(node, data.fetch, request, request.maxWaitMs)
  }

  produce(node: number, request: T.ProduceRequest): Promise<readonly T.ProducedPartition[]> {
    return this.#send(node, data.produce, request, request.timeoutMs)
  }

  listOffsets(node: number, request: T.ListOffsetsRequest): Promise<readonly T.ListedOffset[]> {
    return this.#send(node, data.listOffsets, request)
  }

  deleteRecords(node: number, request: T.DeleteRecordsRequest): Promise<readonly T.DeletedRecords[]> {
    return this.#send(node, data.deleteRecords, request, request.timeoutMs)
  }

  joinGroup(node: number, request: T.JoinGroupRequest): Promise<T.JoinGroupAnswer> {
    return this.#send(node, group.joinGroup, request, Math.max(request.rebalanceTimeoutMs, request.sessionTimeoutMs))
  }

  syncGroup(node: number, request: T.SyncGroupRequest): Promise<{ readonly error: number; readonly assignment: Buffer }> {
    return this.#send(node, group.syncGroup, request)
  }

  heartbeat(node: number, request: T.MemberIdentity): Promise<{ readonly error: number }> {
    return this.#send(node, group.heartbeat, request)
  }

  leaveGroup(node: number, request: T.LeaveGroupRequest): Promise<T.LeaveGroupAnswer> {
    return this.#send(node, group.leaveGroup, request)
  }

  offsetFetch(node: number, request: T.OffsetFetchRequest): Promise<T.OffsetFetchAnswer> {
    return this.#send(node, group.offsetFetch, request)
  }

  initProducerId(node: number, request: T.InitProducerIdRequest): Promise<T.InitProducerIdAnswer> {
    return this.#send(node, transaction.initProducerId, request)
  }

  addPartitionsToTxn(node: number, request: T.AddPartitionsRequest): Promise<readonly T.PartitionError[]> {
    return this.#send(node, transaction.addPartitionsToTxn, request)
  }

  addOffsetsToTxn(node: number, request: T.ProducerIdentity & { readonly groupId: string }): Promise<{ readonly error: number }> {
    return this.#send(node, transaction.addOffsetsToTxn, request)
  }

  txnOffsetCommit(node: number, request: T.TxnOffsetCommitRequest): Promise<readonly T.PartitionError[]> {
    return this.#send(node, transaction.txnOffsetCommit, request)
  }

  endTxn(node: number, request: T.ProducerIdentity & { readonly commit: boolean }): Promise<{ readonly error: number }> {
    return this.#send(node, transaction.endTxn, request)
  }

  /** A request that any broker answers or passes on. */
  ask<Q, A>(kind: RequestKind<Q, A>, request: Q, waitMs = 0): Promise<A> {
    return this.#sendAny(kind, request, waitMs)
  }

  /** A request for one broker. */
  askNode<Q, A>(node: number, kind: RequestKind<Q, A>, request: Q): Promise<A> {
    return this.#send(node, kind, request)
  }

  /** At once: requests under way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    for (const line of this.#lines.values()) line.then(close, ignore)
    this.#lines.clear()
  }

  async #send<Q, A>(node: number, kind: RequestKind<Q, A>, request: Q, waitMs = 0): Promise<A> {
    const { nodes, silent } = this.#known
    if (!nodes.has(node) || silent.has(node)) await this.metadata([])
    const address = nodes.get(node)
    if (address === undefined) throw new StreamJobError('kafka-retriable', `${kind.name}: no broker ${node} is in the cluster`, { fields: { node } })
    try {
      return await this.#sendTo(address, kind, request, waitMs)
    } catch (error) {
      if (endsConnection(error) && nodes.get(node) === address) silent.add(node)
      throw error
    }
  }

  #found(node: number, address: BrokerAddress): void {
    this.#known.nodes.set(node, address)
    this.#known.silent.delete(node)
  }

  /** To whoever answers: first the brokers that a connection stands to, then all others. */
  async #sendAny<Q, A>(kind: RequestKind<Q, A>, request: Q, waitMs = 0): Promise<A> {
    const candidates = this.#candidates()
    const failures: StreamJobError[] = []
    for (const address of candidates) {
      try {
        return await this.#sendTo(address, kind, request, waitMs)
      } catch (error) {
        if (!(error instanceof StreamJobError) || this.#closing.signal.aborted) throw error
        if (error.code === 'kafka-protocol' || error.code === 'internal') throw error
        failures.push(error)
      }
    }
    const refused = failures.find((error) => error.code === 'kafka-authentication')
    if (refused !== undefined) throw refused
    throw noAnswer(failures, candidates.map(addressOf))
  }

  #candidates(): readonly BrokerAddress[] {
    const all = [...new Map([...this.#known.nodes.values(), ...this.#known.bootstrap].map((address) => [addressOf(address), address]))]
    const turn = this.#turn++ % all.length
    const connectedFirst = ([name]: readonly [string, BrokerAddress]): number => (this.#lines.has(name) ? 0 : 1)
    return [...all.slice(turn), ...all.slice(0, turn)].toSorted((a, b) => connectedFirst(a) - connectedFirst(b)).map(([, address]) => address)
  }

  async #sendTo<Q, A>(address: BrokerAddress, kind: RequestKind<Q, A>, request: Q, waitMs: number): Promise<A> {
    const line = await this.#line(address)
    try {
      return await line.send(kind, request, this.#known.requestTimeoutMs + waitMs)
    } catch (error) {
      if (endsConnection(error) || !line.alive) await this.#drop(line)
      throw error
    }
  }

  async #line(address: BrokerAddress): Promise<Line> {
    const name = addressOf(address)
    for (;;) {
      if (this.#closing.signal.aborted) throw new StreamJobError('kafka-unreachable', 'This connection to Kafka is closed')
      const standing = this.#lines.get(name)
      if (standing === undefined) {
        const opening = Line.open(this.#known, address, this.#closing.signal)
        this.#lines.set(name, opening)
        // The failure is thrown to whoever waits below; the next request opens another line.
        opening.catch(() => this.#lines.get(name) === opening && this.#lines.delete(name))
        continue
      }
      const line = await standing
      if (line.alive) return line
      await this.#drop(line)
    }
  }

  async #drop(line: Line): Promise<void> {
    line.close()
    const standing = this.#lines.get(line.address)
    if (standing !== undefined && (await standing.catch(ignore)) === line) this.#lines.delete(line.address)
  }
}

function close(line: Line): void {
  line.close()
}

function ignore(): undefined {
  return undefined
}
