import type { KafkaAdmin } from '../../runtime/kafka/admin.ts'
import type { KafkaClient, TopicDescription } from '../../runtime/kafka/client.ts'
import { connectKafka } from '../../runtime/kafka/connect.ts'
import { readJobRecord, writeJobRecord } from '../../runtime/kafka/job-topic.ts'
import { connectAdmin } from '../../runtime/kafka/kafkajs/admin.ts'
import { evictMembers } from '../../runtime/kafka/group/evict.ts'
import { systemTiming } from '../../runtime/kafka/timing.ts'
import type { KafkaTransport } from '../../runtime/kafka/transport.ts'
import type { JobRecord } from '../../runtime/protocol.ts'
import { names, parseTopic } from '../../runtime/protocol.ts'
import type { Clock } from '../clock.ts'
import type { KafkaAccess } from './credentials.ts'
import type { JobKafka } from './job-kafka.ts'

/** Connections to the brokers of one job, for one visit; the credentials' files go with them. Nothing is connected before the first call. */
export function connectJobKafka(access: KafkaAccess, applicationId: string, clock: Clock, signal: AbortSignal): JobKafka {
  const clientId = 'streamjob-operator'
  const client = connectKafka(access.connection, { clientId, transactionTimeoutMs: 30_000, patienceMs, nameOf: access.nameOf })
  const admin = connectAdmin(access.connection, { clientId, nameOf: access.nameOf })
  return new KafkaOfJob({ client, admin, access, applicationId, clock, signal })
}

interface Parts {
  readonly client: KafkaClient & { readonly transport: KafkaTransport }
  readonly admin: KafkaAdmin
  readonly access: KafkaAccess
  readonly applicationId: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

class KafkaOfJob implements JobKafka {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  clusterId(): Promise<string> {
    return this.#parts.client.reader.clusterId()
  }

  describeTopics(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    return this.#parts.client.reader.describeTopics([...new Set(topics)])
  }

  async ensureTopics(topics: Parameters<JobKafka['ensureTopics']>[0]): Promise<void> {
    const existing = await this.describeTopics(topics.map(({ topic }) => topic))
    for (const topic of topics) {
      this.#parts.signal.throwIfAborted()
      const has = existing.get(topic.topic)?.partitions
      if (has === undefined) await this.#parts.admin.createTopic(topic)
      else if (has < topic.partitions) await this.#parts.admin.growTopic(topic.topic, topic.partitions)
    }
  }

  readJobRecord(): Promise<JobRecord | null> {
    const { client, applicationId, signal } = this.#parts
    return readJobRecord(client, applicationId, signal)
  }

  writeJobRecord(record: JobRecord, expectedEpoch: number | null): Promise<void> {
    const { client, applicationId, clock, signal } = this.#parts
    return writeJobRecord(client, applicationId, record, expectedEpoch, { now: clock.now(), signal })
  }

  evict(instanceIds: readonly string[]): Promise<void> {
    const { client, applicationId, signal } = this.#parts
    return evictMembers(client.transport, names.group(applicationId), instanceIds, { timing: systemTiming, patienceMs, signal })
  }

  async resolveTransactions(ordinals: readonly number[]): Promise<void> {
    const { client, applicationId, signal } = this.#parts
    for (const ordinal of ordinals) {
      signal.throwIfAborted()
      await client.reader.fence(names.workerTransactionalId(applicationId, ordinal))
    }
  }

  deleteGroup(): Promise<void> {
    return this.#parts.admin.deleteGroup(names.group(this.#parts.applicationId))
  }

  async listInternalTopics(): Promise<readonly string[]> {
    const { admin, applicationId } = this.#parts
    return (await admin.listTopics()).filter((topic) => {
      const owned = parseTopic(applicationId, topic)
      return owned?.kind === 'job' || owned?.kind === 'alignment' || owned?.kind === 'changelog' || owned?.kind === 'repartition'
    })
  }

  deleteTopics(topics: readonly string[]): Promise<void> {
    return this.#parts.admin.deleteTopics(topics)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.admin[Symbol.asyncDispose]()
    await this.#parts.client[Symbol.asyncDispose]()
    await this.#parts.access[Symbol.asyncDispose]()
  }
}

/** How long to go on while brokers move leaders and coordinators; after that the visit is over and a later one tries again. */
const patienceMs = 8_000
