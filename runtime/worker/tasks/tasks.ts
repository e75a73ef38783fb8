/** The tasks of one worker: which it has, which come and go with an assignment, and which one works next. */
import type { BlockFetcher, GroupIdentity, KafkaReader } from '../../kafka/client.ts'
import { partitionKey } from '../../kafka/records.ts'
import type { JobRecord } from '../../protocol.ts'
import { writersOf } from '../../protocol.ts'
import type { Alignment } from '../alignment/alignment.ts'
import type { TaskId } from '../assignment.ts'
import { taskName } from '../assignment.ts'
import { outcomeOf, resolveCommit } from '../commits/commit.ts'
import type { Task } from './task.ts'

/** How long to wait for records while others are held back, which may be let go any moment. Milliseconds. */
const heldMs = 20

export class TaskSet implements AsyncDisposable {
  #tasks = new Map<string, Task>()
  /** Tasks that nobody is known to have taken, while this worker has no valid assignment. They are not worked on. */
  #resting = new Map<string, Task>()
  /** Tasks that the fetcher does not read for where they go on. */
  readonly #moved = new Set<Task>()
  readonly #fetcher: BlockFetcher
  /** Null: none of the tasks waits for others. */
  readonly #alignment: Alignment | null

  constructor(fetcher: BlockFetcher, alignment: Alignment | null = null) {
    this.#fetcher = fetcher
    this.#alignment = alignment
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#alignment?.[Symbol.asyncDispose]()
  }

  get all(): readonly Task[] {
    return [...this.#tasks.values()]
  }

  /** Of all whose state this worker holds. */
  get names(): readonly string[] {
    return [...this.#tasks.keys(), ...this.#resting.keys()]
  }

  /** Whether a task has work at hand. */
  get busy(): boolean {
    return this.all.some((task) => task.busy)
  }

  /** Whether a task has work that it may do now. */
  get ready(): boolean {
    return this.all.some((task) => task.ready)
  }

  /** How much state has changed since the last commit. Bytes. */
  get changedBytes(): number {
    let bytes = 0
    for (const task of this.#tasks.values()) bytes += task.store.changedBytes
    return bytes
  }

  /** Sets all work aside until an assignment tells whose it is. To be called behind a commit. */
  rest(): void {
    for (const [name, task] of this.#tasks) this.#resting.set(name, task)
    this.#tasks.clear()
    this.fetch()
  }

  /**
   * Keeps what is assigned and still stands at the group's last commit, of what is here and of what was `restored` just now; drops the rest. Returns what has
   * to be taken over. A task that went to somebody else and came back while this worker was away is taken over anew: what is in memory is old.
   */
  async keep(
    assigned: readonly TaskId[],
    restored: readonly Task[],
    reader: KafkaReader,
    identity: GroupIdentity,
    ordinal: number,
  ): Promise<readonly TaskId[]> {
    const wanted = new Set(assigned.map(taskName))
    for (const task of restored) this.#resting.set(task.name, task)
    for (const [name, task] of this.#resting) {
      this.#tasks.set(name, task)
      this.#moved.add(task)
    }
    this.#resting.clear()
    for (const name of this.names) if (!wanted.has(name)) this.#tasks.delete(name)
    const kept = this.all
    if (kept.length > 0) {
      const offsets = await reader.committedOffsets(
        identity.groupId,
        kept.map((task) => task.input),
      )
      for (const task of kept) {
        const found = offsets.get(partitionKey(task.input.topic, task.input.partition))
        if (outcomeOf(task, found?.offset ?? -1, found?.metadata ?? null, ordinal) !== 'unchanged') this.#tasks.delete(task.name)
      }
    }
    return assigned.filter((id) => !this.#tasks.has(taskName(id)))
  }

  /** Forgets everything: the worker lost its membership or its orders. */
  clear(): void {
    this.#tasks.clear()
    this.#resting.clear()
    this.fetch()
  }

  /**
   * After a lost transaction: every task to what the group says is committed. Tasks that somebody else committed since are forgotten; true when there were
   * some, so that the assignment is out of date.
   */
  async resolve(reader: KafkaReader, groupId: string, ordinal: number): Promise<boolean> {
    const { lost, rewound } = await resolveCommit(this.all, reader, groupId, ordinal)
    for (const task of lost) this.#tasks.delete(task.name)
    for (const task of rewound) this.#moved.add(task)
    this.fetch()
    return lost.length > 0
  }

  /** Reads the tasks there are, of which `record` says who writes for them: those that stay go on with what was read ahead, the others start behind what they have at hand. */
  fetch(record: JobRecord | null = null): void {
    if (record !== null) for (const { stage, id } of this.all) stage.expectWriters(writersOf(record, id.stage))
    this.#fetcher.assign(this.all.map((task) => ({ ...task.input, offset: task.fetchFrom })))
    for (const task of this.#moved) {
      const { topic, partition } = task.input
      if (this.#tasks.get(task.name) === task) this.#fetcher.seek(topic, partition, task.fetchFrom)
    }
    this.#moved.clear()
    for (const { input, hold } of this.#tasks.values()) this.#fetcher.pause(input.topic, input.partition, hold?.paused ?? false)
    if (record !== null) this.#alignment?.under(record, this.#tasks.values())
  }

  /** Looks at what the partitions of the tasks do. `now`: monotonic ms; `clock`: epoch ms. */
  observe(now: number, clock: number): void {
    for (const { activity, input, position, hold } of this.#tasks.values()) {
      const ends = this.#fetcher.ends(input.topic, input.partition)
      activity.observe({ position, ends, paused: (hold?.heldBack ?? null) !== null }, now, clock)
    }
    this.#alignment?.look(this.#tasks.values())
  }

  /** Whether the task has come too far ahead of others to go on with records. */
  isAhead(task: Task): boolean {
    return this.#alignment?.isAhead(task, this.#tasks.values()) ?? false
  }

  /** When the next window by processing time ends, epoch ms; Infinity when there is none. */
  get dueAt(): number {
    let dueAt = Infinity
    for (const { stage } of this.#tasks.values()) dueAt = Math.min(dueAt, stage.dueAt)
    return dueAt
  }

  /** The clock has come here, epoch ms: windows by processing time that have ended close, or begin to. */
  tick(now: number): void {
    for (const { stage } of this.#tasks.values()) stage.tick(now)
  }

  /** A task with work at hand; of several ready ones the one that is furthest behind in time. Waits up to `timeoutMs` for a block; null: nothing came. */
  async next(timeoutMs: number): Promise<Task | null> {
    const anyHeld = this.#alignment?.apply(this.#tasks.values(), this.#fetcher) ?? false
    for (const task of this.#tasks.values()) if (task.ready) return task
    if (this.#tasks.size === 0) return null
    this.#fetcher.check()
    const ready = this.#fetcher.ready()
    if (ready.length > 0) {
      const first = ready.reduce((a, b) => (b.timestamp < a.timestamp ? b : a))
      const block = this.#fetcher.take(first.topic, first.partition)
      if (block !== null) return this.#give(block)
    }
    const block = await this.#fetcher.next(anyHeld ? Math.min(heldMs, timeoutMs) : timeoutMs)
    return block === null ? null : this.#give(block)
  }

  #give(block: NonNullable<Awaited<ReturnType<BlockFetcher['next']>>>): Task | null {
    for (const task of this.#tasks.values()) {
      if (task.input.topic === block.topic && task.input.partition === block.partition) {
        task.accept(block)
        return task
      }
    }
    return null
  }
}
