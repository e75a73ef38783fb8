/** The topics of a cluster: their ids, their logs, and who leads each partition. */
import type { NewTopic } from '../../kafka/admin.ts'
import type { Ground } from './ground.ts'
import { randomId } from './ground.ts'
import { PartitionLog } from './log/partition-log.ts'
import type { TopicConfig } from './log/topic-config.ts'
import { topicConfig } from './log/topic-config.ts'
import type { Nodes } from './nodes.ts'

export interface Topic {
  readonly name: string
  /** 32 hex digits. */
  readonly id: string
  readonly config: TopicConfig
  readonly partitions: Partition[]
}

/** A partition at its leader. */
export class Partition {
  readonly topic: string
  readonly partition: number
  readonly log: PartitionLog
  /** -1: none. */
  leader: number
  leaderEpoch = 0
  gone = false
  /** Fetches that wait at the leader. */
  readonly #waiting = new Set<() => void>()
  readonly #onLead: () => void

  constructor(topic: string, partition: number, log: PartitionLog, leader: number, onLead: () => void) {
    this.topic = topic
    this.partition = partition
    this.log = log
    this.leader = leader
    this.#onLead = onLead
  }

  /** Calls `onChange` whenever there may be more to read, or the leader changes; returns what calls it off. */
  watch(onChange: () => void): () => void {
    this.#waiting.add(onChange)
    return () => void this.#waiting.delete(onChange)
  }

  changed(): void {
    for (const onChange of this.#waiting) onChange()
  }

  lead(node: number): void {
    this.leader = node
    this.leaderEpoch++
    this.#onLead()
    this.changed()
  }
}

export class Topics {
  readonly #ground: Ground
  readonly #nodes: Nodes
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  #turn = 0
  /** Called with the name of a topic that was made, deleted, or has other partitions or leaders than before. */
  onChange: (name: string) => void = () => {}

  constructor(ground: Ground, nodes: Nodes) {
    this.#ground = ground
    this.#nodes = nodes
  }

  get all(): readonly Topic[] {
    return [...this.#byName.values()]
  }

  named(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  withId(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  partition(name: string, partition: number): Partition | undefined {
    return this.#byName.get(name)?.partitions[partition]
  }

  /** False: there is one of that name. */
  create({ topic: name, partitions, config }: NewTopic): boolean {
    if (this.#byName.has(name)) return false
    const topic = { name, id: randomId(this.#ground), config: topicConfig(config, this.#ground.settings.maxMessageBytes), partitions: [] }
    this.#byName.set(name, topic)
    this.#byId.set(topic.id, topic)
    this.grow(topic, partitions === -1 ? 1 : partitions)
    return true
  }

  /** Adds partitions until there are so many. */
  grow(topic: Topic, partitions: number): void {
    const { clock, settings } = this.#ground
    const times = {
      retentionCheckMs: settings.logRetentionCheckMs,
      producerExpirationMs: settings.producerIdExpirationMs,
      producerExpirationCheckMs: settings.producerIdExpirationCheckMs,
    }
    for (let i = topic.partitions.length; i < partitions; i++) {
      topic.partitions.push(
        new Partition(topic.name, i, new PartitionLog(topic.config, clock, times), this.#nextLeader(), () => this.onChange(topic.name)),
      )
    }
    this.onChange(topic.name)
  }

  /** With its records; one of the same name that is made later has another id. */
  delete(name: string): Topic | undefined {
    const topic = this.#byName.get(name)
    if (topic === undefined) return undefined
    this.#byName.delete(name)
    this.#byId.delete(topic.id)
    this.onChange(name)
    for (const partition of topic.partitions) {
      partition.gone = true
      partition.changed()
    }
    return topic
  }

  /** Gives what the node leads to others, as far as there are any. */
  leave(node: number): void {
    for (const { partitions } of this.#byName.values()) {
      for (const partition of partitions) if (partition.leader === node) partition.lead(this.#nextLeader())
    }
  }

  /** The node takes what nobody leads, and goes on with what nobody took from it. */
  enter(node: number): void {
    for (const { partitions } of this.#byName.values()) {
      for (const partition of partitions) if (partition.leader === -1 || partition.leader === node) partition.lead(node)
    }
  }

  #nextLeader(): number {
    const { running } = this.#nodes
    return running[this.#turn++ % running.length] ?? -1
  }
}
