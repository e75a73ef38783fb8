import type { KafkaConnection } from '../config.ts'
import type { KafkaClient, MemberOptions } from './client.ts'
import type { Compression } from './batch/codecs.ts'
import { Fetcher } from './fetch/fetcher.ts'
import { StaticMember } from './group/member.ts'
import { KafkajsTransport } from './kafkajs/transport.ts'
import type { KafkaLog } from './log.ts'
import { silent } from './log.ts'
import { Owned } from './owned.ts'
import { IdempotentProducer } from './produce/idempotent.ts'
import { Transactions } from './produce/transactional.ts'
import { Reader } from './reader.ts'
import { Routes } from './routes.ts'
import type { Timing } from './timing.ts'
import { systemTiming } from './timing.ts'
import type { KafkaTransport } from './transport.ts'

export interface KafkaClientOptions {
  readonly log?: KafkaLog
  readonly timing?: Timing
  /** Of the transactional producers. */
  readonly transactionTimeoutMs?: number
  /** Of what is written. */
  readonly compression?: Compression
  /** Bound of what a fetcher holds that was not taken yet. */
  readonly readAheadBytes?: number
  /** How long anything is tried while brokers do not answer or hand over to one another. */
  readonly patienceMs?: number
  /** What messages call a file of the credentials; its path by default. */
  readonly nameOf?: (path: string) => string
}

/** With the transport, for requests that no part above makes. */
export type ConnectedKafka = KafkaClient & { readonly transport: KafkaTransport }

/** A client over the brokers of the connection. Nothing is connected before the first request; throws `config-invalid` for a wrong address. */
export function connectKafka(connection: KafkaConnection, options: KafkaClientOptions & { readonly clientId: string }): ConnectedKafka {
  const log = options.log ?? silent
  return clientOver(new KafkajsTransport(connection, { ...options, log }), options)
}

/** The same over any transport, which is closed with the client. */
export function clientOver(transport: KafkaTransport, options: KafkaClientOptions): ConnectedKafka {
  const { log = silent, timing = systemTiming, transactionTimeoutMs = 30_000, compression = 'none', patienceMs = 20_000 } = options
  const closing = new AbortController()
  const parts = new Owned()
  const channel = transport.channel()
  const routes = new Routes(channel, { timing, patienceMs, signal: closing.signal })
  const bounds = options.readAheadBytes === undefined ? {} : { readAheadBytes: options.readAheadBytes }
  const fetcher: KafkaClient['fetcher'] = (own = {}) =>
    parts.add(new Fetcher({ channel: transport.channel(), routes, timing, log, ...bounds, ...own }))
  const producer = { routes, timing, compression, patienceMs }
  return {
    transport,
    reader: new Reader({ channel, deletions: transport.channel(), routes, fetcher, transactionTimeoutMs }),
    fetcher,
    transactionalProducer: (transactionalId) =>
      parts.add(new Transactions({ ...producer, channel: transport.channel(), transactionalId, transactionTimeoutMs })),
    outputProducer: () => parts.add(new IdempotentProducer({ ...producer, channel: transport.channel() })),
    member: (member: MemberOptions) => parts.add(new StaticMember({ ...member, channel: transport.channel(), routes, timing, log })),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await channel[Symbol.asyncDispose]()
      await parts[Symbol.asyncDispose]()
      await transport[Symbol.asyncDispose]()
    },
  }
}
