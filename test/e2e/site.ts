/** Where a test of the whole system takes place: a namespace, and topics whose names begin with the name of that. Nothing of it stays. */
import { Partitioners } from 'kafkajs'
import type { Kafka, Message } from 'kafkajs'
import { Namespace, testSystem } from '../support/cluster.ts'
import type { KubeJson } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { stockKafka } from '../support/stock-kafka.ts'

export class Site implements AsyncDisposable {
  readonly namespace: Namespace
  readonly admin: ReturnType<Kafka['admin']>
  readonly #kafka: Kafka

  private constructor(namespace: Namespace, kafka: Kafka) {
    this.namespace = namespace
    this.#kafka = kafka
    this.admin = kafka.admin()
  }

  static async open(): Promise<Site> {
    const site = new Site(await Namespace.create(), stockKafka([testSystem.kafka()]))
    await site.admin.connect()
    return site
  }

  /** Topics that keep records of any event time. */
  async createTopics(topics: readonly string[], partitions: number): Promise<void> {
    const configEntries = [{ name: 'retention.ms', value: '-1' }]
    const wanted = topics.map((topic) => ({ topic, numPartitions: partitions, configEntries }))
    // Asked at once, brokers may not know them yet, which kafkajs would not wait for.
    await this.admin.createTopics({ topics: wanted, waitForLeaders: false })
    const known = async (): Promise<boolean> => {
      const found = await this.admin.fetchTopicMetadata({ topics: [...topics] })
      return found.topics.every((topic) => topic.partitions.length === partitions && topic.partitions.every(({ leader }) => leader >= 0))
    }
    await eventually(known, { what: `the topics ${topics.join(', ')}` })
  }

  /**
   * Sends records, each once, by default to the partitions of their keys. A broker that refuses one partition of a request (it does not lead it yet, say) has
   * taken the others, and kafkajs sends all of them again: numbers of batches keep that from doubling records.
   */
  async send(topic: string, messages: readonly Message[]): Promise<void> {
    const producer = this.#kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    try {
      await producer.send({ topic, acks: -1, messages: [...messages] })
    } finally {
      await producer.disconnect()
    }
  }

  /** Topics of this site that exist. */
  async topics(): Promise<readonly string[]> {
    return (await this.admin.listTopics()).filter((topic) => topic.startsWith(this.namespace.name)).toSorted()
  }

  /** Waits until so many workers are ready and nothing is being carried out; fails with what the job says instead. */
  async ready(job: string, workers: number, timeoutMs = 120_000): Promise<void> {
    const want = `${workers}/${workers}`
    await this.until(
      job,
      `${want} workers`,
      ({ status }) => status?.['workers'] === want && isTrue(status, 'Ready') && !status['operation'],
      timeoutMs,
    )
  }

  /** Waits until the job, read with kubectl, is as wanted; fails with its conditions. */
  async until(job: string, what: string, wanted: (seen: KubeJson) => boolean, timeoutMs = 60_000): Promise<KubeJson> {
    let last: KubeJson | null = null
    const probe = async (): Promise<KubeJson | false> => {
      last = await this.namespace.get('streamjob', job)
      return last !== null && wanted(last) && last
    }
    try {
      return await eventually(probe, { timeoutMs, what })
    } catch (error) {
      throw new Error(`${job}: ${what} did not come about within ${timeoutMs / 1_000} s; its status: ${JSON.stringify(statusOf(last))}`, {
        cause: error,
      })
    }
  }

  /** Waits until the group has committed all of the topic, and gives its offsets by partition. */
  drained(group: string, topic: string, timeoutMs = 60_000, admin = this.admin): Promise<Map<number, number>> {
    const probe = async (): Promise<Map<number, number> | false> => {
      const ends = await admin.fetchTopicOffsets(topic)
      const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
      const committed = new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      return ends.every(({ partition, high }) => (committed.get(partition) ?? -1) === Number(high)) && committed
    }
    return eventually(probe, { timeoutMs, what: `all of ${topic} committed by ${group}` })
  }

  /** Deletes the jobs, which takes their groups and internal topics along, then the namespace and what topics are left. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.namespace.kubectl(['delete', 'streamjobs', '--all', '--timeout=120s'])
    } finally {
      try {
        await this.namespace.delete()
        const left = await this.topics()
        if (left.length > 0) await this.admin.deleteTopics({ topics: [...left] })
      } finally {
        // An open connection would keep the process from ending.
        await this.admin.disconnect()
      }
    }
  }
}

/** Whether a condition of the status is true. */
export function isTrue(status: KubeJson['status'], type: string): boolean {
  return conditionIn(status, type)?.status === 'True'
}

/** A condition of the status. */
export function conditionIn(status: KubeJson['status'], type: string): SeenCondition | undefined {
  // The definition of StreamJobs says so.
  return ((status?.['conditions'] ?? []) as readonly SeenCondition[]).find((condition) => condition.type === type)
}

export interface SeenCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

function statusOf(job: KubeJson | null): unknown {
  if (job === null) return 'there is no such job'
  const conditions = (job.status?.['conditions'] ?? []) as readonly SeenCondition[]
  return {
    workers: job.status?.['workers'],
    operation: job.status?.['operation'],
    conditions: conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`),
  }
}
