/** The tasks of one worker: which it has, which come and go with an assignment, and which one works next. */
import type { BlockFetcher, GroupIdentity, KafkaReader } from '../../kafka/client.ts'
import { partitionKey } from '../../kafka/records.ts'
import type { JobRecord } from '../../protocol.ts'
import { writersOf } from '../../protocol.ts'
import type { TaskId } from '../assignment.ts'
import { taskName } from '../assignment.ts'
import { outcomeOf, resolveCommit } from '../commits/commit.ts'
import type { Task } from './task.ts'

export class TaskSet {
  #tasks = new Map<string, Task>()
  /** Tasks that nobody is known to have taken, while this worker has no valid assignment. They are not worked on. */
  #resting = new Map<string, Task>()
  /** Tasks that the fetcher does not read for where they go on. */
  readonly #moved = new Set<Task>()
  readonly #fetcher: BlockFetcher

  constructor(fetcher: BlockFetcher) {
    this.#fetcher = fetcher
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
  }

  /** Looks at what the partitions of the tasks do. `now`: monotonic ms; `clock`: epoch ms. */
  observe(now: number, clock: number): void {
    for (const { activity, input, position } of this.#tasks.values()) {
      activity.observe({ position, ends: this.#fetcher.ends(input.topic, input.partition), paused: false }, now, clock)
    }
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
    for (const task of this.#tasks.values()) if (task.busy) return task
    if (this.#tasks.size === 0) return null
    this.#fetcher.check()
    const ready = this.#fetcher.ready()
    if (ready.length > 0) {
      const first = ready.reduce((a, b) => (b.timestamp < a.timestamp ? b : a))
      const block = this.#fetcher.take(first.topic, first.partition)
      if (block !== null) return this.#give(block)
    }
    const block = await this.#fetcher.next(timeoutMs)
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
