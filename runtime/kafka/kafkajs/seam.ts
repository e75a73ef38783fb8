/**
 * The part of kafkajs 2.2.4 that carries our requests: sockets, TLS, SASL, framing. Its `partitionAssigners` option is public and receives the
 * cluster, whose connection builder and broker are all that is used; they are untyped, so their shape is declared and checked here.
 *
 * A connection is never used again after a failure: kafkajs would put the rest of a broken answer before the next one.
 */
import type { Socket } from 'node:net'
import type { KafkaConfig } from 'kafkajs'
import { Kafka } from 'kafkajs'
import { StreamJobError } from '../../errors.ts'

export interface SeamCluster {
  readonly connectionPoolBuilder: { build(address: { host: string; port: number }): Promise<SeamPool> }
  readonly brokerPool: { readonly rootLogger: unknown; createBroker(options: { connectionPool: SeamPool; logger: unknown }): SeamBroker }
}

export interface SeamBroker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null
  /** Connects, asks for the versions, authenticates. */
  connect(): Promise<void>
}

export interface SeamPool {
  readonly pool: readonly SeamConnection[]
}

export interface SeamConnection {
  readonly requestQueue: SeamQueue
  readonly socket?: Socket
  isConnected(): boolean
  send<A>(request: SeamRequest<A>): Promise<A>
}

export interface SeamQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
  rejectAll(error: Error): void
  destroy(): void
}

export interface SeamRequest<A> {
  readonly request: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string; encode(): Promise<SeamBody> }
  readonly response: { decode(payload: Buffer): Promise<A>; parse(answer: A): Promise<A> }
  readonly requestTimeout: number
  readonly logResponseError: boolean
}

export interface SeamBody {
  readonly buf: Buffer
  readonly buffer: Buffer
  size(): number
}

/** A cluster object that nothing has connected yet. Throws `internal` when this kafkajs is not the one that is known. */
export function openSeam(config: KafkaConfig): SeamCluster {
  let cluster: unknown
  new Kafka(config).consumer({
    groupId: 'unused',
    partitionAssigners: [
      (given: { cluster: unknown }) => {
        cluster = given.cluster
        return { name: 'unused', version: 0, assign: async () => [], protocol: () => ({ name: 'unused', metadata: Buffer.alloc(0) }) }
      },
    ],
  })
  require(cluster, ['connectionPoolBuilder.build', 'brokerPool.rootLogger', 'brokerPool.createBroker'], 'Cluster')
  return cluster as SeamCluster
}

/** One broker with one connection, not connected yet. */
export async function openBroker(cluster: SeamCluster, address: { host: string; port: number }): Promise<[SeamBroker, SeamConnection]> {
  const connectionPool = await cluster.connectionPoolBuilder.build(address)
  require(connectionPool, ['pool.0.requestQueue.pending', 'pool.0.requestQueue.scheduleCheckPendingRequests'], 'ConnectionPool')
  require(connectionPool, ['pool.0.requestQueue.rejectAll', 'pool.0.requestQueue.destroy', 'pool.0.isConnected', 'pool.0.send'], 'ConnectionPool')
  const broker = cluster.brokerPool.createBroker({ connectionPool, logger: cluster.brokerPool.rootLogger })
  require(broker, ['versions', 'connect'], 'Broker')
  const connection = connectionPool.pool[0]!
  quietTimer(connection.requestQueue)
  return [broker, connection]
}

/** Ends the connection at once: what is under way fails with the error. */
export function abandon(connection: SeamConnection, error: Error): void {
  connection.requestQueue.rejectAll(error)
  connection.requestQueue.destroy()
  // Before it stands, only an error ends the wait for it; afterwards kafkajs would log one.
  connection.socket?.destroy(connection.isConnected() ? undefined : error)
}

/**
 * The queue re-arms its throttle timer after every answer, with a delay that has long passed: a timer loop of 1 ms for each connection, and a
 * TimeoutNegativeWarning. The timer only serves requests that wait, so it is armed only when there are some.
 */
function quietTimer(queue: SeamQueue): void {
  const schedule = queue.scheduleCheckPendingRequests.bind(queue)
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule()
  }
}

function require(root: unknown, paths: readonly string[], what: string): void {
  for (const path of paths) {
    let value: unknown = root
    for (const name of path.split('.')) {
      if (typeof value !== 'object' || value === null || !(name in value)) {
        throw new StreamJobError('internal', `kafkajs has no ${what}.${path}: exactly version 2.2.4 must be installed`)
      }
      value = (value as Record<string, unknown>)[name]
    }
  }
}
