/** One authenticated connection to one broker, over which requests go in order. */
import { StreamJobError } from '../../errors.ts'
import { WireReader } from '../wire/reader.ts'
import type { RequestKind } from '../wire/request.ts'
import { WireWriter } from '../wire/writer.ts'
import type { Credentials } from './credentials.ts'
import { failureOf } from './failures.ts'
import type { SeamBroker, SeamCluster, SeamConnection } from './seam.ts'
import { abandon, openBroker } from './seam.ts'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** How connections are made. */
export interface LineSettings {
  readonly seam: SeamCluster
  readonly credentials: Credentials
  /** For connection, versions and authentication together. */
  readonly openTimeoutMs: number
}

/** By how much our own time-out comes after that of kafkajs, which says more. */
const graceMs = 500

export class Line {
  readonly address: string
  readonly #broker: SeamBroker
  readonly #connection: SeamConnection
  readonly #credentials: Credentials
  readonly #waiting = new Set<(error: StreamJobError) => void>()
  #answered = false
  #closed = false

  private constructor(address: string, credentials: Credentials, broker: SeamBroker, connection: SeamConnection) {
    this.address = address
    this.#credentials = credentials
    this.#broker = broker
    this.#connection = connection
  }

  /** Connects and authenticates. */
  static async open({ seam, credentials, openTimeoutMs }: LineSettings, { host, port }: BrokerAddress, signal: AbortSignal): Promise<Line> {
    credentials.check()
    const address = addressOf({ host, port })
    const [broker, connection] = await openBroker(seam, { host, port })
    const line = new Line(address, credentials, broker, connection)
    const close = (): void => line.close()
    signal.addEventListener('abort', close)
    try {
      await line.#await(broker.connect(), 'Connecting to Kafka', openTimeoutMs)
      return line
    } catch (error) {
      line.close()
      throw error
    } finally {
      signal.removeEventListener('abort', close)
    }
  }

  get alive(): boolean {
    return !this.#closed && this.#connection.isConnected()
  }

  async send<Q, A>(kind: RequestKind<Q, A>, request: Q, timeoutMs: number): Promise<A> {
    if (this.#closed) throw closed(this.address)
    this.#demandVersion(kind)
    const answer = this.#connection.send({
      request: { apiKey: kind.apiKey, apiVersion: kind.version, apiName: kind.name, encode: async () => bodyOf(kind, request) },
      response: { decode: async (payload) => answerOf(kind, payload), parse: async (given) => given },
      requestTimeout: timeoutMs,
      logResponseError: false,
    })
    const answered = await this.#await(answer, kind.name, timeoutMs + graceMs)
    this.#answered = true
    return answered
  }

  /** What is under way fails at once, even what kafkajs has not put into its queue yet and so would never hear of again. */
  close(): void {
    this.#closed = true
    const error = closed(this.address)
    for (const reject of this.#waiting) reject(error)
    abandon(this.#connection, error)
  }

  /** kafkajs forgets a request that meets a socket just closed, and then no time-out of its own ends the wait. */
  async #await<A>(work: Promise<A>, doing: string, timeoutMs: number): Promise<A> {
    const { promise, resolve, reject } = Promise.withResolvers<A>()
    const silent = new StreamJobError('kafka-unreachable', `${doing}: no answer from ${this.address} within ${timeoutMs} ms`, {
      fields: { broker: this.address, reason: `no answer within ${timeoutMs} ms` },
    })
    const timer = setTimeout(() => reject(silent), timeoutMs)
    this.#waiting.add(reject)
    const attempt = { doing, address: this.address, credentials: this.#credentials, answered: this.#answered }
    work.then(resolve, (error: unknown) => reject(failureOf(error, attempt)))
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(reject)
    }
  }

  #demandVersion(kind: { apiKey: number; version: number; name: string }): void {
    const served = this.#broker.versions?.[kind.apiKey]
    if (served !== undefined && served.minVersion <= kind.version && kind.version <= served.maxVersion) return
    const range = served === undefined ? 'does not serve it' : `serves versions ${served.minVersion} to ${served.maxVersion}`
    throw new StreamJobError('kafka-protocol', `${kind.name} version ${kind.version} is needed, and the broker ${this.address} ${range}`)
  }
}

export function addressOf({ host, port }: BrokerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** `host:port`, `[::1]:port`. Throws `config-invalid`. */
export function parseAddress(text: string): BrokerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim())
  if (match === null) throw new StreamJobError('config-invalid', `kafka.brokers: "${text}" is not host:port`)
  return { host: match[1] ?? match[2]!, port: Number(match[3]) }
}

function closed(address: string): StreamJobError {
  return new StreamJobError('kafka-unreachable', `The connection to ${address} was closed by this process`, { fields: { broker: address } })
}

function bodyOf<Q, A>(kind: RequestKind<Q, A>, request: Q): { buf: Buffer; buffer: Buffer; size(): number } {
  const writer = new WireWriter(kind.capacity?.(request))
  // The header of a flexible request ends with tagged fields, which kafkajs does not write.
  if (kind.flexible) writer.tags()
  kind.encode(writer, request)
  const body = writer.finish()
  return { buf: body, buffer: body, size: () => body.length }
}

function answerOf<Q, A>(kind: RequestKind<Q, A>, payload: Buffer): A {
  const reader = new WireReader(payload)
  if (kind.flexible) reader.tags()
  return kind.decode(reader)
}
