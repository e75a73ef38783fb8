/** The tasks of one worker: which it has, which come and go with an assignment, and which one works next. */
import type { BlockFetcher, GroupIdentity, KafkaReader } from '../kafka/client.ts'
import { partitionKey } from '../kafka/records.ts'
import type { TaskId } from './assignment.ts'
import { taskName } from './assignment.ts'
import { outcomeOf, resolveCommit } from './commit.ts'
import type { Task } from './task.ts'

export class TaskSet {
  #tasks = new Map<string, Task>()
  readonly #fetcher: BlockFetcher

  constructor(fetcher: BlockFetcher) {
    this.#fetcher = fetcher
  }

  get all(): readonly Task[] {
    return [...this.#tasks.values()]
  }

  get names(): readonly string[] {
    return [...this.#tasks.keys()]
  }

  /**
   * Keeps what is assigned and still stands at the group's last commit, drops the rest. Returns what has to be taken over. A task that went to somebody else
   * and came back while this worker was away is taken over anew: what is in memory is old.
   */
  async keep(assigned: readonly TaskId[], reader: KafkaReader, identity: GroupIdentity, ordinal: number): Promise<readonly TaskId[]> {
    const wanted = new Set(assigned.map(taskName))
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

  add(task: Task): void {
    this.#tasks.set(task.name, task)
  }

  /** Forgets everything: the worker lost its membership or its orders. */
  clear(): void {
    this.#tasks.clear()
    this.#fetcher.assign([])
  }

  /** After a lost transaction: every task to what the group says is committed. */
  async resolve(reader: KafkaReader, groupId: string, ordinal: number): Promise<boolean> {
    const lost = await resolveCommit(this.all, reader, groupId, ordinal)
    for (const task of lost) this.#tasks.delete(task.name)
    this.refetch()
    return lost.length === 0
  }

  /** Reads every task from its position; drops what was read ahead. */
  refetch(): void {
    this.#fetcher.assign([])
    this.#fetcher.assign(this.all.map((task) => ({ topic: task.input.topic, partition: task.input.partition, offset: task.position })))
  }

  /** A task with work at hand; of several ready ones the one that is furthest behind in time. Waits up to `timeoutMs` for a block; null: nothing came. */
  async next(timeoutMs: number): Promise<Task | null> {
    for (const task of this.#tasks.values()) if (task.busy) return task
    if (this.#tasks.size === 0) return null
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
