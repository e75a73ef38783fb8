/**
 * As much of Kafka as one worker sees, in memory: topics, a group of one, transactions that count as a whole. A test puts a hook before every call, which may
 * throw, wait or change the world. Isolation, fencing and rebalancing among several are the real broker's: see the `*.kafka.test.ts`.
 */
import { StreamJobError } from '../../runtime/errors.ts'
import type {
  BlockFetcher,
  CommittedOffset,
  GroupIdentity,
  GroupMember,
  KafkaClient,
  KafkaReader,
  MemberOptions,
  OffsetToCommit,
  OutputProducer,
  TransactionalProducer,
} from '../../runtime/kafka/client.ts'
import type { RecordBlock, RecordHeader } from '../../runtime/kafka/records.ts'
import { partitionKey } from '../../runtime/kafka/records.ts'
import { blockOf } from './blocks.ts'
import { ScriptedFetcher } from './scripted-fetcher.ts'

export interface StoredRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: readonly RecordHeader[]
}

export interface Call {
  readonly name: string
  /** Topic partition, transactional id or group, whatever the call is about. */
  readonly about: string
}

export class ScriptedKafka implements KafkaClient {
  /** Called before every call to a broker. */
  hook: (call: Call) => void | Promise<void> = () => {}
  readonly calls: Call[] = []
  readonly offsets = new Map<string, CommittedOffset>()
  readonly members: ScriptedMember[] = []
  readonly #topics = new Map<string, { readonly id: string; readonly logs: StoredRecord[][] }>()
  readonly #starts = new Map<string, number>()
  #changed = Promise.withResolvers<void>()

  createTopic(topic: string, partitions: number, id: string = Buffer.from(topic).toString('hex').padEnd(32, '0').slice(0, 32)): void {
    this.#topics.set(topic, { id, logs: Array.from({ length: partitions }, () => []) })
  }

  log(topic: string, partition: number): StoredRecord[] {
    const log = this.#topics.get(topic)?.logs[partition]
    if (log === undefined) throw new StreamJobError('topic-missing', `There is no ${topic}-${partition}.`)
    return log
  }

  /** Behind what was deleted. */
  logStart(topic: string, partition: number): number {
    return this.#starts.get(partitionKey(topic, partition)) ?? 0
  }

  put(topic: string, partition: number, ...records: { key: string | null; value: unknown; timestamp?: number }[]): void {
    for (const { key, value, timestamp = 0 } of records) {
      const bytes = value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
      this.log(topic, partition).push({ key: key === null ? null : Buffer.from(key), value: bytes, timestamp, headers: [] })
    }
    this.wake()
  }

  /** Values of a topic's records, parsed. */
  values(topic: string): unknown[] {
    const { logs } = this.#topics.get(topic) ?? { logs: [] }
    return logs.flat().map(({ value }): unknown => (value === null ? null : JSON.parse(value.toString())))
  }

  block(topic: string, partition: number, from: number, to: number): RecordBlock {
    return blockOf(this.log(topic, partition).slice(from, to), { topic, partition, baseOffset: from })
  }

  changed(): Promise<void> {
    return this.#changed.promise
  }

  wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  async call(name: string, about: string): Promise<void> {
    this.calls.push({ name, about })
    await this.hook({ name, about })
  }

  readonly reader: KafkaReader = {
    describeTopics: async (topics) => {
      await this.call('describeTopics', topics.join())
      const found = topics.flatMap((topic) => {
        const known = this.#topics.get(topic)
        return known === undefined ? [] : [[topic, { topic, id: known.id, partitions: known.logs.length }] as const]
      })
      return new Map(found)
    },
    clusterId: async () => 'scripted',
    committedOffsets: async (groupId, partitions) => {
      await this.call('committedOffsets', groupId)
      const keys = partitions.map(({ topic, partition }) => partitionKey(topic, partition))
      return new Map(keys.map((key) => [key, this.offsets.get(key) ?? { offset: -1, metadata: null }]))
    },
    listOffset: async (topic, partition, at) => {
      await this.call('listOffset', partitionKey(topic, partition))
      return at === 'earliest' ? this.logStart(topic, partition) : this.log(topic, partition).length
    },
    deleteRecords: async (topic, partition, before) => {
      await this.call('deleteRecords', `${partitionKey(topic, partition)}@${before}`)
      const end = this.log(topic, partition).length
      if (before > end) throw new StreamJobError('position-out-of-range', `${topic}-${partition} ends at ${end}.`)
      this.#starts.set(partitionKey(topic, partition), Math.max(before, this.logStart(topic, partition)))
    },
    readRange: (topic, partition, from, to, signal) => this.#read(topic, partition, from, to, signal),
    tail: (topic, partition, signal) => this.#read(topic, partition, 0, Infinity, signal),
    fence: (transactionalId) => this.call('fence', transactionalId),
  }

  fetcher(): BlockFetcher {
    return new ScriptedFetcher(this)
  }

  transactionalProducer(transactionalId: string): TransactionalProducer {
    return new ScriptedProducer(this, transactionalId)
  }

  outputProducer(): OutputProducer {
    return new ScriptedProducer(this, 'outputs')
  }

  member(options: MemberOptions): ScriptedMember {
    const member = new ScriptedMember(this, options)
    this.members.push(member)
    return member
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wake()
  }

  /** One record a block, so that whoever reads can be interrupted anywhere. */
  async *#read(topic: string, partition: number, from: number, to: number, signal: AbortSignal): AsyncIterable<RecordBlock> {
    signal.addEventListener('abort', () => this.wake(), { once: true })
    for (let at = from; at < to && !signal.aborted; at++) {
      await this.call('read', `${partitionKey(topic, partition)}@${at}`)
      while (at >= this.log(topic, partition).length && !signal.aborted) await this.changed()
      if (!signal.aborted) yield this.block(topic, partition, at, at + 1)
    }
  }
}

class ScriptedProducer implements TransactionalProducer {
  failed = false
  readonly #kafka: ScriptedKafka
  readonly #id: string
  #records: { readonly topic: string; readonly partition: number; readonly record: StoredRecord }[] = []
  bufferedBytes = 0
  readonly #ends = new Map<string, number>()

  constructor(kafka: ScriptedKafka, id: string) {
    this.#kafka = kafka
    this.#id = id
  }

  get open(): boolean {
    return this.#records.length > 0
  }

  init(): Promise<void> {
    return this.#do('init', () => {})
  }

  append(
    ...[topic, partition, key, keyStart, keyEnd, value, valueStart, valueEnd, timestamp, headers]: Parameters<TransactionalProducer['append']>
  ): void {
    const record = {
      key: key === null ? null : Buffer.from(key.subarray(keyStart, keyEnd)),
      value: value === null ? null : Buffer.from(value.subarray(valueStart, valueEnd)),
      timestamp,
      headers,
    }
    this.#records.push({ topic, partition, record })
    this.bufferedBytes += (record.key?.length ?? 0) + (record.value?.length ?? 0)
  }

  acknowledged(topic: string, partition: number): number | null {
    return this.#ends.get(partitionKey(topic, partition)) ?? null
  }

  flush(): Promise<void> {
    return this.#do('flush', () => {
      this.bufferedBytes = 0
      if (this.#id === 'outputs') this.#store()
    })
  }

  commit(offsets: readonly OffsetToCommit[], group: GroupIdentity): Promise<void> {
    return this.#do('commit', () => {
      if (group.generation !== this.#kafka.members.at(-1)?.generation) throw new StreamJobError('membership-lost', 'ILLEGAL_GENERATION')
      this.#store()
      for (const { topic, partition, offset, metadata } of offsets) this.#kafka.offsets.set(partitionKey(topic, partition), { offset, metadata })
    })
  }

  abort(): Promise<void> {
    return this.#do('abort', () => void (this.#records = []))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.failed = true
  }

  #store(): void {
    for (const { topic, partition, record } of this.#records) {
      const end = this.#kafka.log(topic, partition).push(record)
      this.#ends.set(partitionKey(topic, partition), end)
    }
    this.#records = []
    this.bufferedBytes = 0
    this.#kafka.wake()
  }

  async #do(name: string, work: () => void): Promise<void> {
    try {
      if (this.failed) throw new StreamJobError('transaction-lost', 'This producer failed before.')
      await this.#kafka.call(name, this.#id)
      if (this.failed) throw new StreamJobError('transaction-lost', 'This producer is closed.')
      work()
    } catch (error) {
      this.failed = true
      throw error
    }
  }
}

/** The only member, and so the leader. */
export class ScriptedMember implements GroupMember {
  identity: GroupIdentity | undefined
  state: GroupMember['state'] = 'lost'
  generation = 0
  /** What the leader answers; by default what this member's own assignor gives. */
  assignment: ((userData: Buffer) => Buffer) | null = null
  readonly joins: unknown[] = []
  readonly #kafka: ScriptedKafka
  readonly #options: MemberOptions
  #change = Promise.withResolvers<void>()

  constructor(kafka: ScriptedKafka, options: MemberOptions) {
    this.#kafka = kafka
    this.#options = options
  }

  async join(userData: Buffer): ReturnType<GroupMember['join']> {
    const { groupId, instanceId, assign } = this.#options
    await this.#kafka.call('join', groupId)
    this.joins.push(JSON.parse(userData.toString()))
    this.generation += 1
    const assignment = this.assignment?.(userData) ?? assign([{ instanceId, memberId: instanceId, userData }]).get(instanceId)
    this.identity = { groupId, instanceId, memberId: instanceId, generation: this.generation }
    this.state = 'stable'
    this.#change = Promise.withResolvers<void>()
    return { identity: this.identity, assignment: assignment ?? Buffer.alloc(0), instances: [instanceId] }
  }

  /** As a heartbeat's answer would. */
  turn(state: GroupMember['state']): void {
    this.state = state
    this.#change.resolve()
  }

  changed(): Promise<void> {
    return this.#change.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#change.resolve()
  }
}
