/** Makes tasks: looks the topics up once per assignment, fences who may still write, then restores each task. */
import type { WorkerConfig } from '../../config.ts'
import { StreamJobError } from '../../errors.ts'
import { readHeaders } from '../../kafka/batch/headers.ts'
import type { KafkaClient, TopicDescription } from '../../kafka/client.ts'
import type { Stage, StageSink, StartFrom } from '../../plan/nodes.ts'
import { maxDriftOf } from '../../plan/structure/stages.ts'
import { names, writersOf } from '../../protocol.ts'
import type { JobRecord } from '../../protocol.ts'
import { compileStage } from '../../transforms/compile.ts'
import type { TaskId } from '../assignment.ts'
import { checkChangelog } from '../commits/changelogs.ts'
import { TaskOutput } from './outputs.ts'
import type { Feed, OutputTopic, SinkTopic } from './outputs.ts'
import type { Producers } from '../commits/producers.ts'
import type { LocalSnapshots } from '../snapshots/local-snapshots.ts'
import type { SnapshotIdentity } from '../snapshots/format.ts'
import { TaskImage } from './image.ts'
import { historyOf } from '../warm/history.ts'
import type { History } from '../warm/history.ts'
import type { CompileTask } from './image.ts'
import { takeOver } from './restore.ts'
import type { Task } from './task.ts'
import type { Telemetry } from '../telemetry.ts'

export interface TaskFactoryParts {
  readonly config: WorkerConfig
  readonly stages: readonly Stage[]
  readonly instanceId: string
  readonly ordinal: number
  readonly kafka: KafkaClient
  readonly producers: Producers
  readonly clock: () => number
  readonly turn: () => Promise<void>
  readonly sliceBytes?: number
  /** Null: the worker keeps none. */
  readonly snapshots: LocalSnapshots | null
  readonly telemetry: Telemetry
}

/** Output of a closing window is cut into slices of this many bytes. */
const sliceBytes = 1024 * 1024
/** Below every broker's default message.max.bytes of 1 MiB. */
const maxDroppedBytes = 900_000

interface Described {
  readonly stage: Stage
  readonly input: Task['input']
  readonly changelogTopic: string
  readonly feeds: readonly Feed[]
  readonly identity: SnapshotIdentity
  readonly compile: CompileTask
}

/** Copies of tasks that a worker has up to date. */
export interface Claims {
  /** Takes the state of a task, if there is a copy of this history. */
  claim(id: TaskId, history: History): TaskImage | null
  /** Says that a copy that was taken is of no use. */
  unusable(id: TaskId, reason: string): void
}

interface Prepared {
  readonly record: JobRecord
  readonly topics: ReadonlyMap<string, TopicDescription>
  readonly fence: (writer: number | null) => Promise<void>
}

export class TaskFactory {
  readonly #parts: TaskFactoryParts
  #prepared: Prepared | null = null

  constructor(parts: TaskFactoryParts) {
    this.#parts = parts
  }

  /** Once per assignment, before `create`. */
  async prepare(record: JobRecord, instances: readonly string[]): Promise<void> {
    this.#prepared = { record, topics: await this.#lookUp(record), fence: this.#fencing(record, instances) }
  }

  /**
   * The task, as of its last commit. From a copy where there is one, which is gone then: when the take-over fails the next one starts from the local snapshot
   * or reads the changelog in full.
   */
  async create(id: TaskId, signal: AbortSignal, copies: Claims): Promise<Task> {
    const { kafka, config, clock, turn, snapshots, telemetry } = this.#parts
    if (this.#prepared === null) throw new StreamJobError('internal', `Nothing was prepared for ${id.stage}.`)
    const { record, topics, fence } = this.#prepared
    const { stage, input, changelogTopic, feeds, compile, identity } = this.#describe(id, record, topics)
    let copy: TaskImage | null = null
    return takeOver(
      {
        id,
        input,
        changelogTopic,
        feeds,
        base: async () => {
          copy = copies.claim(id, historyOf(record, id.stage))
          return (
            copy ?? (await snapshots?.load(identity, () => new TaskImage({ topic: changelogTopic, partition: id.partition }, compile, 0))) ?? null
          )
        },
        startFrom: isAdded(record, id) ? { kind: 'earliest' } : startOf(stage, config.processing.startFrom),
        idleTimeoutMs: (stage.source.kind === 'source' ? stage.source.idleTimeoutMs : undefined) ?? config.processing.idleTimeoutMs,
        maxDriftMs: maxDriftOf(stage),
        homes: new Map(this.#parts.stages.flatMap(({ name, transforms }) => transforms.map(({ uid }) => [uid, name] as const))),
        compile,
      },
      {
        reader: kafka.reader,
        groupId: names.group(config.applicationId),
        signal,
        clock,
        turn,
        fence,
        onUnusable: (reason) => void (copy === null ? snapshots?.unusable(identity, reason) : copies.unusable(id, reason)),
        follow: (image) => {
          if (image === copy) telemetry.warmRestores += 1
          telemetry.restoredRows += image.replayed
          return snapshots?.follow(identity, image) ?? null
        },
      },
    )
  }

  /** What a copy of a task that is somebody else's starts from: its local snapshot, or nothing as of the beginning of its changelog. */
  async beginCopy(id: TaskId, record: JobRecord): Promise<TaskImage> {
    const { kafka, snapshots } = this.#parts
    const { changelogTopic, compile, identity } = this.#describe(id, record, await this.#lookUp(record))
    const changelog = { topic: changelogTopic, partition: id.partition }
    const start = await kafka.reader.listOffset(changelogTopic, id.partition, 'earliest')
    const end = await kafka.reader.listOffset(changelogTopic, id.partition, 'highWatermark')
    const image = (await snapshots?.copy(identity, () => new TaskImage(changelog, compile, 0))) ?? null
    return image !== null && image.next >= start && image.next <= end ? image : new TaskImage(changelog, compile, start)
  }

  async #lookUp(record: JobRecord): Promise<Prepared['topics']> {
    const { kafka, stages, config } = this.#parts
    const wanted = new Set(
      stages.flatMap((stage) => [
        this.#source(record, stage),
        ...stage.sinks.map((sink) => this.#sink(record, sink)),
        this.#changelog(record, stage.name),
      ]),
    )
    wanted.add(this.#lateTopic)
    wanted.add(names.deadLetterTopic(config.applicationId))
    const topics = await kafka.reader.describeTopics([...wanted])
    for (const stage of record.stages) this.#check(record, stage, topics)
    return topics
  }

  #describe(id: TaskId, record: JobRecord, topics: Prepared['topics']): Described {
    const stage = this.#parts.stages.find((one) => one.name === id.stage)
    if (stage === undefined) throw new StreamJobError('internal', `Stage ${id.stage} is not part of this program.`)
    const source = find(topics, this.#source(record, stage))
    const input = { topic: source.topic, topicId: source.id, partition: id.partition }
    const changelogTopic = this.#changelog(record, id.stage)
    const identity = identityOf(this.#parts.config.applicationId, record, id, find(topics, changelogTopic))
    const sinks = stage.sinks.map((sink) => ({ ...outputTopic(topics, this.#sink(record, sink)), isStage: sink.kind === 'repartition' }))
    const feeds = stage.sinks.flatMap((one, sink) => (one.kind === 'repartition' && one.timed ? [{ ...sinks[sink]!, sink }] : []))
    return { stage, input, changelogTopic, feeds, identity, compile: this.#compiling(stage, input, sinks, record, topics) }
  }

  #compiling(
    stage: Stage,
    input: Task['input'],
    sinks: readonly SinkTopic[],
    record: JobRecord,
    topics: ReadonlyMap<string, TopicDescription>,
  ): CompileTask {
    const { config, clock, producers } = this.#parts
    const writers = writersOf(record, stage.name)
    return (store) => {
      const policies = config.errors
      const deadLetters = policies.undecodable === 'DeadLetter' || policies.processing === 'DeadLetter'
      const output = new TaskOutput({
        input,
        sinks,
        late: policies.late === 'DeadLetter' ? outputTopic(topics, this.#lateTopic) : null,
        deadLetter: deadLetters ? outputTopic(topics, names.deadLetterTopic(config.applicationId)) : null,
        policies,
        producers,
        maxDroppedBytes,
      })
      const compiled = compileStage(stage, {
        store,
        writers,
        output,
        clock,
        readHeaders,
        maxFutureTimestampMs: config.processing.maxFutureTimestampMs,
        sliceBytes: this.#parts.sliceBytes ?? sliceBytes,
      })
      return { stage: compiled, output }
    }
  }

  get #lateTopic(): string {
    return this.#parts.config.errors.lateTopic ?? names.lateTopic(this.#parts.config.applicationId)
  }

  #source({ lineage }: JobRecord, { name, source }: Stage): string {
    return source.kind === 'source' ? source.topic : names.repartitionTopic(this.#parts.config.applicationId, lineage, name)
  }

  #sink({ lineage }: JobRecord, sink: StageSink): string {
    return sink.kind === 'sink' ? sink.topic : names.repartitionTopic(this.#parts.config.applicationId, lineage, sink.uid)
  }

  #changelog(record: JobRecord, stage: string): string {
    return names.changelogTopic(this.#parts.config.applicationId, record.lineage, stage)
  }

  #check(record: JobRecord, stage: JobRecord['stages'][number], topics: ReadonlyMap<string, TopicDescription>): void {
    checkChangelog(stage, find(topics, this.#changelog(record, stage.name)))
    const source = find(topics, stage.sourceTopic)
    if (source.partitions !== stage.partitions) {
      const fields = { topic: source.topic, expected: stage.partitions, found: source.partitions }
      const change = `${source.topic} has ${source.partitions} partitions, the job's state was made for ${stage.partitions}`
      throw new StreamJobError('partition-count-changed', `${change}: keys may have moved between them. Restore from a savepoint or start afresh.`, {
        fields,
      })
    }
  }

  /** Fences the workers that are not in the group, each once: the ordinals of the job, and whoever made the last commit. */
  #fencing(record: JobRecord, instances: readonly string[]): (writer: number | null) => Promise<void> {
    const { kafka, config, ordinal } = this.#parts
    const present = new Set([ordinal, ...instances.map(ordinalOf)])
    const fenced = new Map<number, Promise<void>>()
    const fenceOne = (absent: number): Promise<void> => {
      const running = fenced.get(absent) ?? kafka.reader.fence(names.workerTransactionalId(config.applicationId, absent))
      fenced.set(absent, running)
      return running
    }
    return async (writer) => {
      const candidates = writer === null ? Array.from({ length: record.parallelism }, (_, index) => index) : [writer]
      await Promise.all(candidates.filter((candidate) => !present.has(candidate)).map(fenceOne))
    }
  }
}

/** What other stages send is read from its beginning: all of it is the job's own. */
function startOf({ source }: Stage, usual: StartFrom): StartFrom {
  return source.kind === 'source' ? (source.startFrom ?? usual) : { kind: 'earliest' }
}

/** What a local snapshot must be of, to be this task's. */
function identityOf(
  applicationId: string,
  { identity, lineage }: JobRecord,
  { stage, partition }: TaskId,
  changelog: TopicDescription,
): SnapshotIdentity {
  return { applicationId, uid: identity.uid, lineage, stage, partition, changelogTopic: changelog.topic, changelogId: changelog.id }
}

/** The ordinal at the end of a pod's name; -1 when there is none. */
export function ordinalOf(instanceId: string): number {
  const match = /-(\d{1,6})$/.exec(instanceId)
  return match ? Number(match[1]) : -1
}

/** Whether the partition came to a job that ran before: what was written to it meanwhile is as much the job's as what comes now. */
function isAdded({ stages }: JobRecord, id: TaskId): boolean {
  const stage = stages.find(({ name }) => name === id.stage)
  return stage !== undefined && id.partition >= (stage.partitionsAtStart ?? stage.partitions)
}

function find(topics: ReadonlyMap<string, TopicDescription>, topic: string): TopicDescription {
  const found = topics.get(topic)
  if (found !== undefined) return found
  throw new StreamJobError('topic-missing', `The topic ${topic} does not exist. Create it, or let the job create it with to.create.`, {
    fields: { topic },
  })
}

function outputTopic(topics: ReadonlyMap<string, TopicDescription>, topic: string): OutputTopic {
  return { topic, partitions: find(topics, topic).partitions }
}
