/** Holds back the tasks of a worker whose partitions are too far ahead, in event time, of those that are furthest behind in the whole job. */
import type { BlockFetcher } from '../../kafka/client.ts'
import { maxDriftOf } from '../../plan/structure/stages.ts'
import { names } from '../../protocol.ts'
import type { AlignmentHint, JobRecord } from '../../protocol.ts'
import { isAhead } from '../../time/alignment.ts'
import type { Progress } from '../../time/alignment.ts'
import { taskName } from '../assignment.ts'
import type { WorkerParts } from '../parts.ts'
import type { Task } from '../tasks/task.ts'
import { Exchange } from './exchange.ts'
import { Sightings } from './sightings.ts'
import type { Sighting } from './sightings.ts'

/** How long after a word the next may follow, when something has changed; and when nothing has. Milliseconds. */
const leastPauseMs = 250
const mostPauseMs = 1_000
/** How long a partition of which nothing is heard holds the others, beyond what it takes until a dead worker's tasks are somebody else's. Milliseconds. */
const takeOverMs = 15_000

export type AlignmentParts = Pick<WorkerParts, 'config' | 'stages' | 'kafka' | 'log' | 'now' | 'clock' | 'pause'>

/** What of a task decides whether it waits. */
export type AlignedTask = Pick<Task, 'name' | 'id' | 'activity' | 'hold' | 'input' | 'position'> & {
  readonly stage: Pick<Task['stage'], 'watermark'>
}

/** Null: no partition of this program waits for others. `arriving`: names of the tasks that are being restored here. */
export function alignmentOf(parts: AlignmentParts, arriving: () => readonly string[]): Alignment | null {
  const stages = new Set(parts.stages.flatMap((stage) => (maxDriftOf(stage) === null ? [] : [stage.name])))
  return stages.size === 0 ? null : new Alignment(parts, stages, arriving)
}

export class Alignment implements AsyncDisposable {
  readonly #parts: AlignmentParts
  readonly #stages: ReadonlySet<string>
  readonly #arriving: () => readonly string[]
  readonly #sightings: Sightings
  readonly #exchange: Exchange
  #record: JobRecord | null = null
  #own: ReadonlySet<string> = new Set()
  /** Of the partitions that other workers have; null: none of them is waited for. */
  #others: Sighting | null = null
  #told = { text: '', at: -Infinity }

  constructor(parts: AlignmentParts, stages: ReadonlySet<string>, arriving: () => readonly string[]) {
    const { applicationId, processing } = parts.config
    this.#parts = parts
    this.#stages = stages
    this.#arriving = arriving
    this.#sightings = new Sightings(processing.sessionTimeoutMs + takeOverMs)
    this.#exchange = new Exchange({ ...parts, topic: names.alignmentTopic(applicationId), hear: (hint) => this.#hear(hint) })
  }

  /** Goes by this record from now on, with these tasks. */
  under(record: JobRecord, tasks: Iterable<AlignedTask>): void {
    this.#record = record
    this.#sightings.expect(record, (stage) => this.#stages.has(stage), this.#parts.now())
    if (record.parallelism > 1) this.#exchange.listen()
    this.look(tasks)
  }

  /** Takes down how far the tasks of this worker are, and tells the others. To be called often. */
  look(tasks: Iterable<AlignedTask>): void {
    const now = this.#parts.now()
    const own = new Set<string>()
    const words: Record<string, AlignmentHint['stages'][string]> = {}
    for (const { name, id, stage, activity, hold } of tasks) {
      if (hold === null) continue
      own.add(name)
      const progress = { watermark: stage.watermark, idle: activity.state === 'idle' }
      this.#sightings.see(name, progress.watermark, progress.idle, now)
      ;(words[id.stage] ??= []).push([id.partition, wordOf(progress)])
    }
    for (const name of this.#arriving()) {
      if (!own.has(name) && this.#sightings.keep(name, now)) (words[stageOf(name)] ??= []).push([partitionOf(name), 'coming'])
    }
    this.#own = own
    this.#others = this.#sightings.furthestBehind(own, now)
    this.#tell(words, now)
  }

  /** Holds back each task that is ahead, and lets go those that are not. Returns whether any has to wait. */
  apply(tasks: Iterable<AlignedTask>, fetcher: BlockFetcher): boolean {
    const all = [...tasks].filter(({ hold }) => hold !== null)
    const behind = this.#furthestBehind(all)
    const [now, clock] = [this.#parts.now(), this.#parts.clock()]
    let anyHeld = false
    for (const task of all) {
      const { hold, input, position } = task
      if (hold === null) continue
      const ahead = isAhead(task.stage.watermark, behind, hold.maxDriftMs)
      if (ahead !== hold.paused) fetcher.pause(input.topic, input.partition, ahead)
      const unread = ahead && position < (fetcher.ends(input.topic, input.partition)?.highWatermark ?? -1)
      hold.look(ahead ? (behind?.task ?? null) : null, unread, now, clock)
      anyHeld ||= unread
    }
    return anyHeld
  }

  /** Whether a task has come too far ahead while it worked. */
  isAhead(task: AlignedTask, tasks: Iterable<AlignedTask>): boolean {
    return task.hold !== null && isAhead(task.stage.watermark, this.#furthestBehind(tasks), task.hold.maxDriftMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#exchange[Symbol.asyncDispose]()
  }

  /** Of the whole job: what others have told, and what the tasks here are at just now. */
  #furthestBehind(tasks: Iterable<AlignedTask>): (Progress & { readonly task: string }) | null {
    let least: (Progress & { readonly task: string }) | null = this.#others
    for (const { name, stage, activity, hold } of tasks) {
      if (hold === null || activity.state === 'idle') continue
      const { watermark } = stage
      if (least === null || watermark < least.watermark) least = { task: name, watermark, idle: false }
    }
    return least
  }

  #hear({ lineage, stages }: AlignmentHint): void {
    if (lineage !== this.#record?.lineage) return
    const now = this.#parts.now()
    for (const [stage, words] of Object.entries(stages)) {
      for (const [partition, word] of words) {
        const name = taskName({ stage, partition })
        if (this.#own.has(name)) continue
        if (word === 'coming') this.#sightings.keep(name, now)
        else this.#sightings.see(name, typeof word === 'number' ? word : -Infinity, word === 'idle', now)
      }
    }
    this.#others = this.#sightings.furthestBehind(this.#own, now)
  }

  /** Nobody listens to the only worker of a job; one without tasks has nothing to say. */
  #tell(stages: AlignmentHint['stages'], now: number): void {
    if (this.#record === null || this.#record.parallelism < 2 || Object.keys(stages).length === 0) return
    const { lineage } = this.#record
    const text = JSON.stringify(stages)
    if (now - this.#told.at < (text === this.#told.text ? mostPauseMs : leastPauseMs)) return
    if (this.#exchange.tell({ formatVersion: 1, lineage, stages })) this.#told = { text, at: now }
  }
}

function wordOf({ watermark, idle }: Progress): AlignmentHint['stages'][string][number][1] {
  if (idle) return 'idle'
  return Number.isFinite(watermark) ? watermark : null
}

function stageOf(task: string): string {
  return task.slice(0, task.lastIndexOf('/'))
}

function partitionOf(task: string): number {
  return Number(task.slice(task.lastIndexOf('/') + 1))
}
