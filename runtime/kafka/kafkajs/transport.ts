import type { KafkaConfig } from 'kafkajs'
import { logLevel } from 'kafkajs'
import type { KafkaConnection } from '../../config.ts'
import type { KafkaLog } from '../log.ts'
import { Owned } from '../owned.ts'
import type { KafkaTransport } from '../transport.ts'
import type { KnownBrokers } from './channel.ts'
import { KafkajsChannel } from './channel.ts'
import { Credentials } from './credentials.ts'
import { parseAddress } from './line.ts'
import { openSeam } from './seam.ts'

export interface KafkajsTransportOptions {
  readonly clientId: string
  readonly log: KafkaLog
  /** What messages call a file of the credentials; its path by default. */
  readonly nameOf?: (path: string) => string
  /** How long a connection may take to stand. */
  readonly connectionTimeoutMs?: number
  /** How long a broker may take to answer, beyond what the request itself lets it wait. */
  readonly requestTimeoutMs?: number
}

const defaultConnectionTimeoutMs = 5_000

/** Requests over the sockets of kafkajs. Nothing is connected before the first request. */
export class KafkajsTransport implements KafkaTransport {
  readonly #known: KnownBrokers
  readonly #channels = new Owned()

  constructor(connection: KafkaConnection, options: KafkajsTransportOptions) {
    const credentials = new Credentials(connection, options.nameOf)
    this.#known = {
      seam: openSeam(kafkajsConfig(credentials, options)),
      credentials,
      bootstrap: connection.brokers.map(parseAddress),
      nodes: new Map(),
      silent: new Set(),
      requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
      openTimeoutMs: 3 * (options.connectionTimeoutMs ?? defaultConnectionTimeoutMs),
    }
  }

  channel(): KafkajsChannel {
    return this.#channels.add(new KafkajsChannel(this.#known))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#channels[Symbol.asyncDispose]()
  }
}

function kafkajsConfig(credentials: Credentials, options: KafkajsTransportOptions): KafkaConfig {
  const [ssl, sasl] = [credentials.tlsOptions(), credentials.saslOptions()]
  return {
    brokers: [...credentials.connection.brokers],
    clientId: options.clientId,
    connectionTimeout: options.connectionTimeoutMs ?? defaultConnectionTimeoutMs,
    // kafkajs takes the larger of this and the time given with each request.
    requestTimeout: 1_000,
    retry: { retries: 0 },
    logLevel: logLevel.WARN,
    // Every failure is thrown to us as well, so its own lines are for debugging.
    logCreator:
      () =>
      ({ namespace, log }) => {
        const { message, timestamp: _, ...fields } = log
        options.log.debug(`kafkajs: ${message}`, { namespace, ...fields })
      },
    ...(ssl && { ssl }),
    ...(sasl && { sasl }),
  }
}
