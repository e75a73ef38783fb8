import type { Admin } from 'kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import type { KafkaConnection } from '../../config.ts'
import { StreamJobError } from '../../errors.ts'
import type { KafkaAdmin } from '../admin.ts'
import type { KafkaLog } from '../log.ts'
import { silent } from '../log.ts'
import { saslOptions, tlsOptions } from './credentials.ts'

export interface AdminOptions {
  readonly clientId: string
  readonly log?: KafkaLog
}

/** The admin client of kafkajs, in our words. Made for a few calls: an idle one costs CPU time. */
export function connectAdmin(connection: KafkaConnection, options: AdminOptions): KafkaAdmin {
  const admin = new Kafka(kafkajsConfig(connection, options)).admin()
  let connecting: Promise<void> | null = null
  const call = async <A>(doing: string, send: (admin: Admin) => Promise<A>, harmless: readonly string[] = []): Promise<A | null> => {
    try {
      connecting ??= admin.connect()
      await connecting
      return await send(admin)
    } catch (error) {
      const type = errorType(error)
      if (type !== null && harmless.includes(type)) return null
      throw adminFailure(error, type, doing)
    }
  }
  return {
    listTopics: async () => (await call('Listing topics', (a) => a.listTopics())) ?? [],
    async createTopic({ topic, partitions, replicationFactor, config }) {
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
      const topics = [{ topic, numPartitions: partitions, replicationFactor, configEntries }]
      await call(`Creating the topic ${topic}`, (a) => a.createTopics({ topics, waitForLeaders: false }), ['TOPIC_ALREADY_EXISTS'])
    },
    async growTopic(topic, partitions) {
      const topicPartitions = [{ topic, count: partitions }]
      // INVALID_PARTITIONS: it has as many or more already.
      await call(`Adding partitions to ${topic}`, (a) => a.createPartitions({ topicPartitions }), ['INVALID_PARTITIONS'])
    },
    async deleteTopics(topics) {
      for (const topic of topics) {
        await call(`Deleting the topic ${topic}`, (a) => a.deleteTopics({ topics: [topic], timeout: 10_000 }), ['UNKNOWN_TOPIC_OR_PARTITION'])
      }
    },
    async deleteGroup(groupId) {
      await call(`Deleting the group ${groupId}`, (a) => a.deleteGroups([groupId]), ['GROUP_ID_NOT_FOUND'])
    },
    async [Symbol.asyncDispose]() {
      if (connecting !== null) await admin.disconnect().catch(() => {})
    },
  }
}

function kafkajsConfig(connection: KafkaConnection, { clientId, log = silent }: AdminOptions): ConstructorParameters<typeof Kafka>[0] {
  return {
    brokers: [...connection.brokers],
    clientId,
    connectionTimeout: 5_000,
    requestTimeout: 15_000,
    retry: { retries: 4, initialRetryTime: 100, maxRetryTime: 2_000 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: { message, ...fields } }) =>
        log.debug(`kafkajs: ${message}`, { namespace, ...fields }),
    ...(connection.tls === undefined ? {} : { ssl: tlsOptions(connection.tls) }),
    ...(connection.sasl === undefined ? {} : { sasl: saslOptions(connection.sasl) }),
  }
}

/** kafkajs hides the broker's word in wrappers: of several topics or groups, and of several attempts. */
function errorType(error: unknown): string | null {
  for (let at: unknown = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth++) {
    const { type, error: ofGroup, errors, groups, cause } = at as Record<'type' | 'error' | 'errors' | 'groups' | 'cause', unknown>
    if (typeof type === 'string') return type
    const inner = Array.isArray(errors) ? errors[0] : Array.isArray(groups) ? groups[0] : (ofGroup ?? cause)
    at = inner
  }
  return null
}

function adminFailure(error: unknown, type: string | null, doing: string): StreamJobError {
  if (error instanceof StreamJobError) return error
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
  const text = `${doing}: ${type ?? name}: ${message}`
  const said = { cause: error, fields: { brokerError: type } }
  if (type?.endsWith('_AUTHORIZATION_FAILED') === true) return new StreamJobError('kafka-authorization', text, said)
  if (type?.includes('SASL') === true || name.includes('SASL') || message.includes('credential file')) {
    return new StreamJobError('kafka-authentication', text, said)
  }
  if (type === null && name.startsWith('KafkaJS')) return new StreamJobError('kafka-unreachable', text, said)
  return new StreamJobError('kafka-retriable', text, said)
}
