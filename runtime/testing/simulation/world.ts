/** Everything that one simulated run consists of, made from its seed. */
import { WorkerConfig } from '../../config.ts'
import { clientOver } from '../../kafka/connect.ts'
import type { ConnectedKafka } from '../../kafka/connect.ts'
import { internalTopics } from '../../kafka/internal-topics.ts'
import { stagesOf } from '../../plan/structure/stages.ts'
import { names } from '../../protocol.ts'
import { VirtualCluster } from '../broker/cluster.ts'
import type { BrokerSettings } from '../broker/settings.ts'
import { seededRandom } from '../time/random.ts'
import type { Random } from '../time/random.ts'
import { VirtualClock } from '../time/virtual-clock.ts'
import { VirtualProcess } from '../time/virtual-process.ts'
import { Disks } from './disks.ts'
import { History } from './history.ts'
import type { SimulatedJob } from './job.ts'
import { Network } from './network.ts'
import { simulatedStages, StageTopics } from './stages.ts'
import type { SimulatedStage } from './stages.ts'

export const applicationId = 'sim'
export const topics = {
  source: 'source',
  sink: 'sink',
  late: names.lateTopic(applicationId),
  deadLetter: names.deadLetterTopic(applicationId),
} as const

/** What the seed decides once for the whole run. */
export interface Setting {
  readonly nodes: number
  readonly partitions: number
  readonly sinkPartitions: number
  /** Of the topics between stages. */
  readonly shuffled: number
  readonly workers: number
  /** Virtual ms for which records come, and things go wrong. */
  readonly durationMs: number
  readonly records: number
  /** How fast the machines of the workers are: what they do between two looks at the time. Virtual ms. */
  readonly lookMs: number
  readonly sliceBytes: number
  /** Whether workers keep local snapshots. */
  readonly volumes: boolean
  readonly standbys: number
}

export class World {
  readonly seed: number
  readonly job: SimulatedJob
  readonly random: Random
  readonly clock = new VirtualClock()
  readonly history = new History(() => this.clock.now())
  readonly cluster: VirtualCluster
  /** Null: the workers have no volumes. */
  readonly disks: Disks | null
  readonly setting: Setting
  readonly config: WorkerConfig
  readonly stages: readonly SimulatedStage[]
  readonly stageTopics: StageTopics
  /** The ways that faults are put on, by process. */
  readonly networks = new Map<string, Network>()
  #violation: string | null = null

  constructor(seed: number, job: SimulatedJob) {
    this.seed = seed
    this.job = job
    this.random = seededRandom(seed)
    // Of its own: runs without volumes take the course that they would take if there were none.
    const ofVolumes = seededRandom(~seed)
    const volumes = ofVolumes.chance(0.5)
    const plan = job.plan(topics, () => undefined)
    const setting = chooseSetting(this.random)
    const ofShuffles = stagesOf(plan).length === 1 ? null : chooseShuffles(seededRandom(seed ^ 0x5eed), setting)
    this.setting = { ...setting, shuffled: 0, ...ofShuffles?.setting, volumes }
    this.stages = simulatedStages(plan, this.setting.partitions, this.setting.shuffled)
    this.stageTopics = new StageTopics(applicationId, this.stages)
    const state = volumes ? { directory: '/state', snapshotIntervalMs: ofVolumes.pick([100, 1_000, 5_000]) } : {}
    this.config = chooseConfig(this.random, { ...ofShuffles?.processing, ...job.processing }, state)
    this.disks = volumes ? new Disks({ scheduler: this.clock, clock: () => this.timeOfDay, random: ofVolumes }) : null
    this.cluster = new VirtualCluster({
      scheduler: this.clock,
      clock: () => this.timeOfDay,
      random: this.random.fork(),
      nodes: this.setting.nodes,
      settings: chooseBrokers(this.random),
    })
    this.#createTopics()
    this.history.note('simulation', 'begins', { seed, job: job.name, ...this.setting, ...this.config.processing })
  }

  /** Epoch ms. */
  get timeOfDay(): number {
    return 1_700_000_000_000 + this.clock.now()
  }

  /** What must not happen and did; the first one only. */
  get violation(): string | null {
    return this.#violation
  }

  violate(what: string): void {
    if (this.#violation !== null) return
    this.#violation = what
    this.history.note('checker', 'VIOLATION', { what })
  }

  process(name: string, lookMs = 0): VirtualProcess {
    return new VirtualProcess(name, this.clock, this.random.fork(), lookMs)
  }

  /** A client of its own for a process. */
  connect(process: VirtualProcess): ConnectedKafka {
    const network = new Network(this.random.fork())
    this.networks.set(process.name, network)
    const { transactionTimeoutMs } = this.config.processing
    return clientOver(this.cluster.transport(process, network), {
      timing: process.timing,
      transactionTimeoutMs,
      patienceMs: 5_000,
      log: this.logOf(process.name),
    })
  }

  /** Debug messages are left out: there are too many. */
  logOf(who: string): Record<'debug' | 'info' | 'warn' | 'error', (message: string, fields?: Record<string, unknown>) => void> {
    const note = (message: string, fields: Record<string, unknown> = {}): void => this.history.note(who, message, fields)
    return { debug: () => undefined, info: note, warn: note, error: note }
  }

  /** Internal topics of a lineage; the others are there already from the second one on. */
  createInternalTopics(lineage: number): void {
    const stages = this.stages.map(({ name, partitions, sourceTopic, aligned }) => ({
      stage: name,
      sourcePartitions: partitions,
      repartitioned: sourceTopic === null,
      aligned,
    }))
    for (const topic of internalTopics({ applicationId, lineage, stages, replicationFactor: -1, config: {}, late: true, deadLetter: true })) {
      this.cluster.createTopic(topic)
    }
  }

  #createTopics(): void {
    const keep = { 'retention.ms': '-1' }
    const { partitions, sinkPartitions } = this.setting
    this.cluster.createTopic({ topic: topics.source, partitions, replicationFactor: -1, config: keep })
    this.cluster.createTopic({ topic: topics.sink, partitions: sinkPartitions, replicationFactor: -1, config: keep })
    this.createInternalTopics(1)
  }
}

function chooseSetting(random: Random): Omit<Setting, 'volumes' | 'shuffled'> {
  return {
    nodes: random.pick([1, 3]),
    partitions: 1 + random.below(5),
    sinkPartitions: 1 + random.below(3),
    workers: 1 + random.below(3),
    durationMs: random.between(8_000, 25_000),
    records: 100 + random.below(300),
    lookMs: random.pick([0.01, 1, 3, 3]),
    sliceBytes: random.pick([200, 200, 2_000, 1_000_000]),
    standbys: random.pick([0, 1, 2, 2]),
  }
}

/** Jobs of several stages have more tasks, so they run for a shorter time, on less input. Their chance is their own: jobs of one stage take their courses without it. */
function chooseShuffles(random: Random, { partitions }: Pick<Setting, 'partitions'>) {
  return {
    setting: {
      shuffled: 1 + random.below(3),
      partitions: Math.min(partitions, 1 + random.below(4)),
      durationMs: random.between(4_000, 12_000),
      records: 40 + random.below(100),
    },
    processing: { idleTimeoutMs: random.pick([300, 1_000, 30_000, 30_000]) },
  }
}

function chooseBrokers(random: Random): Partial<BrokerSettings> {
  return {
    transactionScanMs: 1_000,
    minSessionTimeoutMs: 1_000,
    initialRebalanceDelayMs: random.pick([0, 500, 3_000]),
    markerMs: [0.2, random.pick([4, 60, 1_500, 1_500])],
    coordinatorLoadMs: [1, random.pick([50, 3_000])],
    brokerSessionTimeoutMs: random.pick([1_000, 9_000]),
  }
}

/** The broker's scan for overdue transactions takes a second here, so it is part of the session. */
function chooseConfig(random: Random, processing: object, state: object): WorkerConfig {
  const transactionTimeoutMs = random.pick([2_000, 4_000])
  return WorkerConfig.parse({
    formatVersion: 1,
    applicationId,
    program: { kind: 'module', path: 'simulated' },
    kafka: { brokers: ['virtual:9092'] },
    processing: {
      guarantee: random.chance(0.85) ? 'ExactlyOnce' : 'AtLeastOnce',
      commitIntervalMs: random.pick([20, 20, 60, 200, 1_000]),
      outputLingerMs: random.pick([0, 20, 100]),
      transactionTimeoutMs,
      sessionTimeoutMs: transactionTimeoutMs + 2_000,
      maxFutureTimestampMs: 365 * 86_400_000,
      // No partition is idle, unless the job or the chance of shuffles has it otherwise.
      idleTimeoutMs: 365 * 86_400_000,
      ...processing,
    },
    errors: {},
    state,
  })
}
