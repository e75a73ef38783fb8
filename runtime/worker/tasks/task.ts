/** One task: a stage on one partition, with its state, its position and what is confirmed of both. */
import { StreamJobError } from '../../errors.ts'
import type { InputWatermark } from '../../time/combined-watermark.ts'
import type { RecordBlock } from '../../kafka/records.ts'
import type { StateStore } from '../../state/store.ts'
import { PartitionActivity } from '../../time/activity.ts'
import type { CompiledStage, StageSnapshot } from '../../transforms/stage.ts'
import type { SnapshotLog } from '../snapshots/snapshot-log.ts'
import { Hold } from '../alignment/hold.ts'
import { taskName } from '../assignment.ts'
import type { TaskId } from '../assignment.ts'
import type { Feed, TaskOutput } from './outputs.ts'

/** A commit of a task: its number, the next offset to read, and the state outside the tables. Number 0: nothing was ever committed. */
export interface CommitPoint {
  readonly commit: number
  readonly offset: number
  readonly snapshot: StageSnapshot | null
}

/** What the readers of a feed are told. */
export interface News {
  readonly feed: Feed
  readonly said: InputWatermark
}

export interface TaskParts {
  readonly id: TaskId
  readonly input: { readonly topic: string; readonly topicId: string; readonly partition: number }
  readonly changelogTopic: string
  /** @default none: no stage has to know its watermark */
  readonly feeds?: readonly Feed[]
  readonly store: StateStore
  readonly stage: CompiledStage
  readonly output: TaskOutput
  readonly confirmed: CommitPoint
  /** As the newest position row has it: what the rows in the changelog mean. */
  readonly state?: CompiledStage['state']
  /** Whether the first commit is due although nothing was read: a first start, or a group offset that was lost. */
  readonly mustCommit: boolean
  readonly since: number
  /** After which its partition is idle, if it is read to its end and nothing new comes. Milliseconds. */
  readonly idleTimeoutMs: number
  /** How far its partition may be ahead of others before it is read on; null: as far as it gets. Milliseconds. */
  readonly maxDriftMs?: number | null
  /** What writes the task's local snapshot. */
  readonly snapshotLog?: SnapshotLog | null
}

export class Task {
  readonly id: TaskId
  readonly name: string
  readonly input: TaskParts['input']
  readonly changelogTopic: string
  readonly feeds: readonly Feed[]
  readonly store: StateStore
  readonly stage: CompiledStage
  /** What the rows in the changelog mean, of windows that the program no longer has too. */
  readonly state: CompiledStage['state']
  /** When this worker took it over, epoch ms. */
  readonly since: number
  /** Whether anything is to be expected of its partition. The task set looks; before a commit too. */
  readonly activity: PartitionActivity
  /** Whether its partition waits for others; null: it never does. */
  readonly hold: Hold | null
  /** What writes its local snapshot; null: nobody does. */
  readonly snapshotLog: SnapshotLog | null
  readonly #output: TaskOutput
  #confirmed: CommitPoint
  #pending: CommitPoint | null = null
  #mustCommit: boolean
  /** What the readers of its results were told by this worker up to the confirmed commit, by feed, and with the prepared one. */
  readonly #told = new Map<Feed, InputWatermark>()
  #telling: readonly News[] = []
  #position: number
  #block: RecordBlock | null = null
  #index = 0

  constructor(parts: TaskParts) {
    this.id = parts.id
    this.name = taskName(parts.id)
    this.input = parts.input
    this.changelogTopic = parts.changelogTopic
    this.feeds = parts.feeds ?? []
    this.store = parts.store
    this.stage = parts.stage
    this.state = { ...parts.state, ...parts.stage.state }
    this.since = parts.since
    this.activity = new PartitionActivity(parts.idleTimeoutMs)
    this.hold = typeof parts.maxDriftMs === 'number' ? new Hold(parts.maxDriftMs) : null
    this.snapshotLog = parts.snapshotLog ?? null
    this.#output = parts.output
    this.#confirmed = parts.confirmed
    this.#mustCommit = parts.mustCommit
    this.#position = parts.confirmed.offset
  }

  get confirmed(): CommitPoint {
    return this.#confirmed
  }

  /** Whether the first commit is due although nothing was read. */
  get mustCommit(): boolean {
    return this.#mustCommit
  }

  /** Next offset to read. */
  get position(): number {
    return this.#position
  }

  /** Next offset to fetch: behind the block at hand, whose rest is still to be worked on. */
  get fetchFrom(): number {
    return this.#block?.nextOffset ?? this.#position
  }

  /** Whether there is something that a commit would make durable. */
  get dirty(): boolean {
    return this.#mustCommit || this.#position !== this.#confirmed.offset || this.store.changedBytes > 0 || this.news.length > 0
  }

  /** Whether it has nothing to write for now, and its readers shall not wait for it. */
  get idle(): boolean {
    return this.stage.inputsIdle ?? this.activity.state === 'idle'
  }

  /** What the readers of its results have to be told with the next commit, where anything has changed. */
  get news(): readonly News[] {
    const news: News[] = []
    for (const feed of this.feeds) {
      const told = this.#told.get(feed)
      const said = { input: this.name, watermark: this.stage.forwardedTo(feed.sink), idle: this.idle }
      if (told === undefined || said.watermark > told.watermark || said.idle !== told.idle) news.push({ feed, said })
    }
    return news
  }

  /** Whether it has work at hand: records of a block, or a window half closed. */
  get busy(): boolean {
    return this.#block !== null || this.stage.closing
  }

  /** Whether that may be worked on now: what is to be closed always, records not while the partition waits for others. */
  get ready(): boolean {
    return this.busy && (this.stage.closing || this.hold?.paused !== true)
  }

  accept(block: RecordBlock): void {
    if (this.#block !== null) throw new StreamJobError('internal', `${this.name} was given a block while it had one.`)
    if (block.count === 0) {
      this.#position = block.nextOffset
      return
    }
    this.#block = block
    this.#index = 0
  }

  /** Works on at most `limit` records. Returns how many it finished; 0 while a window is being closed in slices. */
  work(limit: number): number {
    // What was to be closed is; the records behind it wait, where the partition does.
    if (this.stage.closing && (!this.stage.resume() || this.hold?.paused === true)) return 0
    const block = this.#block
    if (block === null) return 0
    const from = this.#index
    const to = Math.min(block.count, from + limit)
    this.#output.block = block
    this.#index = this.stage.process(to === block.count ? block : { ...block, count: to }, from)
    const done = this.#index === block.count
    this.#position = done ? block.nextOffset : (block.offsets[this.#index] ?? block.nextOffset)
    if (done) this.#block = null
    return this.#index - from
  }

  /** Closes every window as if the input had ended; what does not fit into a slice is done by `work`. */
  endOfInput(): void {
    this.stage.endOfInput()
  }

  /** Takes down what the commit in the making contains. */
  prepare(): CommitPoint {
    this.#pending = { commit: this.#confirmed.commit + 1, offset: this.#position, snapshot: this.stage.snapshot() }
    this.#telling = this.news
    return this.#pending
  }

  /** What the readers of its results are told with the prepared commit. */
  get telling(): readonly News[] {
    return this.#telling
  }

  /** The prepared commit, while its outcome is open. */
  get pending(): CommitPoint | null {
    return this.#pending
  }

  /** The prepared commit counted. `changelogNext`: the offset behind its rows in the changelog; null: not known. */
  confirm(changelogNext: number | null): void {
    if (this.#pending === null) throw new StreamJobError('internal', `${this.name} has no commit to confirm.`)
    this.#confirmed = this.#pending
    this.#pending = null
    for (const { feed, said } of this.#telling) this.#told.set(feed, said)
    this.#mustCommit = false
    this.store.markCommitted()
    this.snapshotLog?.confirm(changelogNext)
  }

  /** Back to the confirmed commit: state, watermarks, position. */
  rewind(): void {
    this.#pending = null
    this.#block = null
    this.#output.block = null
    this.#position = this.#confirmed.offset
    this.store.rollback()
    this.snapshotLog?.discard()
    this.stage.restore(this.#confirmed.snapshot)
  }
}
