/**
 * A Kafka cluster in memory: brokers, their logs, their coordinators and what may go wrong with them, on a clock that somebody else drives. With one seed it
 * takes the same course every time.
 */
import type { KafkaAdmin, NewTopic } from '../../kafka/admin.ts'
import type { CoordinatorKind, KafkaTransport } from '../../kafka/transport.ts'
import type { Endpoint, Scheduler } from '../time/scheduler.ts'
import type { Random } from '../time/random.ts'
import { virtualAdmin } from './admin.ts'
import { Broker } from './broker.ts'
import { Coordination } from './coordination.ts'
import type { DecidedListener } from './decided.ts'
import { describeDecision } from './decided.ts'
import type { Ground } from './ground.ts'
import { randomId } from './ground.ts'
import { GroupCoordinator } from './groups/coordinator.ts'
import type { GroupListener } from './groups/events.ts'
import { Groups } from './groups/groups.ts'
import { Rebalances } from './groups/rebalance.ts'
import { MetadataViews } from './metadata-views.ts'
import type { NetworkOptions } from './network/network.ts'
import { directWay, wayOf } from './network/network.ts'
import { VirtualTransport } from './network/transport.ts'
import { Nodes } from './nodes.ts'
import type { BrokerSettings } from './settings.ts'
import { defaultSettings } from './settings.ts'
import { Timers } from './timers.ts'
import type { Partition } from './topics.ts'
import { Topics } from './topics.ts'
import { TransactionCoordinator } from './transactions/coordinator.ts'
import { Markers } from './transactions/markers.ts'
import { parsePartition } from './transactions/transaction.ts'
import type { GroupView, PartitionView, TransactionView } from './views.ts'
import { groupView } from './views.ts'

export interface ClusterOptions {
  readonly scheduler: Scheduler
  /** Epoch ms. */
  readonly clock: () => number
  readonly random: Random
  /** How many brokers; their ids are 1 and so on. @default 1 */
  readonly nodes?: number
  readonly settings?: Partial<BrokerSettings>
}

export class VirtualCluster implements Disposable {
  readonly #ground: Ground
  readonly #timers: Timers
  readonly #nodes: Nodes
  readonly #topics: Topics
  readonly #coordination: Readonly<Record<CoordinatorKind, Coordination>>
  readonly #groups: Groups
  readonly #transactions: TransactionCoordinator
  readonly #broker: Broker
  readonly #decided = new Set<DecidedListener>()
  readonly #groupListeners = new Set<GroupListener>()

  constructor({ scheduler, clock, random, nodes = 1, settings = {} }: ClusterOptions) {
    this.#timers = new Timers(scheduler)
    const ground = { scheduler: this.#timers, clock: () => Math.floor(clock()), random, settings: { ...defaultSettings, ...settings } }
    this.#ground = ground
    this.#nodes = new Nodes(nodes)
    const topics = new Topics(ground, this.#nodes)
    this.#topics = topics
    const views = new MetadataViews(ground, this.#nodes, topics)
    const coordination = {
      group: new Coordination(ground, this.#nodes, ground.settings.offsetsPartitions),
      transaction: new Coordination(ground, this.#nodes, ground.settings.transactionPartitions),
    }
    this.#coordination = coordination
    const rebalances = new Rebalances(ground, (event) => this.#groupListeners.forEach((listener) => listener(event)))
    const groups = new Groups(ground, coordination.group, rebalances)
    this.#groups = groups
    this.#transactions = new TransactionCoordinator({
      ground,
      coordination: coordination.transaction,
      views,
      markers: new Markers(ground, this.#nodes, topics, groups.writeMarker),
      onDecided: (transaction) => {
        if (this.#decided.size === 0) return
        const decided = describeDecision(transaction, topics, groups)
        for (const listener of this.#decided) listener(decided)
      },
    })
    const { verify } = this.#transactions
    const coordinator = new GroupCoordinator({ ground, coordination: coordination.group, views, groups, rebalances, verify })
    const parts = { ground, nodes: this.#nodes, views, coordination, groups: coordinator, transactions: this.#transactions }
    this.#broker = new Broker({ clusterId: randomId(ground), ...parts })
  }

  /** The connections of the process at that endpoint, which also gets the answers. Without a network nothing takes time and nothing is lost. */
  transport(endpoint: Endpoint, network?: NetworkOptions): KafkaTransport {
    return this.#transport(endpoint, network)
  }

  admin(endpoint: Endpoint, network?: NetworkOptions): KafkaAdmin {
    const { scheduler } = this.#ground
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => endpoint.deliver(ms, resolve))
    const timing = { now: () => scheduler.now(), sleep, turn: () => sleep(0) }
    const administered = {
      topicNames: () => this.#topics.all.map(({ name }) => name),
      createTopic: (topic: NewTopic) => this.#topics.create(topic),
      growTopic: (name: string, partitions: number) => this.#growTopic(name, partitions),
      deleteTopic: (name: string) => this.#deleteTopic(name),
      deleteGroup: (node: number, groupId: string) => this.#deleteGroup(node, groupId),
    }
    return virtualAdmin(administered, this.#transport(endpoint, network).channel(), timing)
  }

  /** One that exists already is left as it is. */
  createTopic(topic: NewTopic): void {
    this.#topics.create(topic)
  }

  deleteTopic(name: string): void {
    this.#deleteTopic(name)
  }

  /**
   * `clean`: it hands over what it leads and coordinates, then goes. `hard`: its connections die, and the others take over when they have noticed; what it had
   * acknowledged is not lost, for they have it too.
   */
  stopNode(node: number, how: 'clean' | 'hard'): void {
    this.#nodes.stop(node)
    const life = this.#nodes.life(node)
    const handOver = (): void => {
      if (this.#nodes.isRunning(node) || this.#nodes.life(node) !== life) return
      this.#topics.leave(node)
      for (const coordination of Object.values(this.#coordination)) coordination.leave(node)
    }
    if (how === 'clean') handOver()
    else this.#ground.scheduler.after(this.#ground.settings.brokerSessionTimeoutMs, handOver)
  }

  startNode(node: number): void {
    if (this.#nodes.isRunning(node)) return
    this.#nodes.start(node)
    this.#topics.enter(node)
    for (const coordination of Object.values(this.#coordination)) coordination.enter(node)
  }

  /** To that broker, or to any other than now. */
  moveLeader(topic: string, partition: number, node?: number): void {
    const found = this.#partition(topic, partition)
    const others = this.#nodes.running.filter((other) => other !== found.leader)
    const target = node ?? (others.length > 0 ? this.#ground.random.pick(others) : found.leader)
    found.lead(target)
  }

  /** With all keys that share a partition of the internal topic with this one. */
  moveCoordinator(kind: CoordinatorKind, key: string, node?: number): void {
    this.#coordination[kind].move(key, node)
  }

  /** One pass of the log cleaner over each partition, as far as it is stable. */
  compact(topic: string): void {
    for (const { log } of this.#topics.named(topic)?.partitions ?? []) log.compact()
  }

  deleteRecords(topic: string, partition: number, before: number): void {
    const found = this.#partition(topic, partition)
    found.log.deleteBefore(before)
    found.changed()
  }

  forgetGroupOffsets(groupId: string): void {
    this.#groups.find(groupId)?.offsets.forgetAll()
  }

  partition(topic: string, partition: number): PartitionView {
    const { log } = this.#partition(topic, partition)
    log.refresh()
    const { logStart, highWatermark, lastStableOffset, batches } = log
    return { logStart, highWatermark, lastStableOffset, batches }
  }

  transactions(): readonly TransactionView[] {
    return this.#transactions.all.map(({ transactionalId, state, producerId, epoch, partitions, startedAt }) => {
      return { transactionalId, state, producerId, epoch, partitions: [...partitions].map(parsePartition), startedAt }
    })
  }

  /** Null: there is no such group. */
  group(groupId: string): GroupView | null {
    const group = this.#groups.find(groupId)
    return group === undefined ? null : groupView(group)
  }

  onDecided(listener: DecidedListener): void {
    this.#decided.add(listener)
  }

  onGroup(listener: GroupListener): void {
    this.#groupListeners.add(listener)
  }

  /** Nothing happens in it any more, by itself. */
  [Symbol.dispose](): void {
    this.#timers[Symbol.dispose]()
  }

  #transport(endpoint: Endpoint, network: NetworkOptions | undefined): VirtualTransport {
    const way = network === undefined ? directWay : wayOf(network)
    return new VirtualTransport({ broker: this.#broker, nodes: this.#nodes, scheduler: this.#ground.scheduler, endpoint, way })
  }

  #partition(topic: string, partition: number): Partition {
    const found = this.#topics.partition(topic, partition)
    if (found === undefined) throw new RangeError(`there is no partition ${topic}-${partition}`)
    return found
  }

  #growTopic(name: string, partitions: number): 'unknown' | 'done' {
    const topic = this.#topics.named(name)
    if (topic === undefined) return 'unknown'
    this.#topics.grow(topic, partitions)
    return 'done'
  }

  #deleteTopic(name: string): boolean {
    if (this.#topics.delete(name) === undefined) return false
    this.#groups.forgetTopic(name)
    return true
  }

  #deleteGroup(node: number, groupId: string): 'elsewhere' | 'not empty' | 'done' {
    if (this.#coordination.group.refusal(node, groupId) !== 0) return 'elsewhere'
    const state = this.#groups.find(groupId)?.state ?? 'Empty'
    if (state !== 'Empty') return 'not empty'
    this.#groups.delete(groupId)
    return 'done'
  }
}
