import type { KafkaConnection } from '../../config.ts'
import { StreamJobError } from '../../errors.ts'
import type { KafkaAdmin } from '../admin.ts'
import { brokerErrors, refused } from '../broker-errors.ts'
import type { KafkaLog } from '../log.ts'
import { silent } from '../log.ts'
import { Routes } from '../routes.ts'
import { systemTiming } from '../timing.ts'
import type { NamedError } from '../wire/admin.ts'
import { adminTimeoutMs, createTopic, deleteGroup, deleteTopics, growTopic, listTopics } from '../wire/admin.ts'
import { KafkajsTransport } from './transport.ts'

export interface AdminOptions {
  readonly clientId: string
  readonly log?: KafkaLog
  /** How long each call is tried while brokers do not answer or ask to try again. */
  readonly patienceMs?: number
  /** What messages call a file of the credentials; its path by default. */
  readonly nameOf?: (path: string) => string
}

/** Administration over the same sockets as the data plane. Nothing is connected before the first call. */
export function connectAdmin(connection: KafkaConnection, options: AdminOptions): KafkaAdmin {
  const { log = silent, patienceMs = 8_000 } = options
  const transport = new KafkajsTransport(connection, { ...options, log })
  const channel = transport.channel()
  const closing = new AbortController()
  const routes = new Routes(channel, { timing: systemTiming, patienceMs, signal: closing.signal })
  const call = (doing: string, send: () => Promise<readonly NamedError[]>, harmless: number): Promise<void> =>
    routes.patiently(async () => {
      for (const { error, message, name } of await send()) {
        if (error !== 0 && error !== harmless) throw failure(error, `${doing}${message === null ? '' : `: ${message}`}`, name)
      }
    })
  return {
    listTopics: async () => (await routes.patiently(() => channel.ask(listTopics, null))).topics.map(({ topic }) => topic),
    createTopic: (topic) => call(`Creating the topic ${topic.topic}`, () => channel.ask(createTopic, topic, adminTimeoutMs), known.topicExists),
    growTopic: (topic, partitions) =>
      // A topic that has as many or more already has an invalid number of partitions to go to.
      call(`Adding partitions to ${topic}`, () => channel.ask(growTopic, { topic, partitions }, adminTimeoutMs), known.invalidPartitions),
    async deleteTopics(topics) {
      if (topics.length === 0) return
      await call(`Deleting topics`, () => channel.ask(deleteTopics, topics, adminTimeoutMs), known.unknownTopic)
    },
    async deleteGroup(groupId) {
      const send = async (): Promise<readonly NamedError[]> => {
        routes.forgetCoordinator('group', groupId)
        return channel.askNode(await routes.coordinator('group', groupId), deleteGroup, groupId)
      }
      await call(`Deleting the group ${groupId}`, send, known.unknownGroup)
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await transport[Symbol.asyncDispose]()
    },
  }
}

/** Errors that say that all is well already, or that a later attempt may succeed, and that the data plane never meets. */
const known = { unknownTopic: 3, topicExists: 36, invalidPartitions: 37, notController: 41, groupNotEmpty: 68, unknownGroup: 69 } as const

function failure(error: number, doing: string, name: string): StreamJobError {
  const fields = { name, brokerError: error }
  if (error === known.notController)
    return new StreamJobError('kafka-retriable', `${doing}: the broker does not pass it on to the controller`, { fields })
  if (error === known.groupNotEmpty) return new StreamJobError('kafka-retriable', `${doing}: it still has members`, { fields })
  if (brokerErrors.has(error)) return refused(error, `${doing} (${name})`, fields)
  return new StreamJobError('kafka-retriable', `${doing}: the broker refused it with error ${error}`, { fields })
}
