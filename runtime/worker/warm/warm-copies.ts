/**
 * Copies of the state of other workers' tasks: they follow their changelogs, so that a task that comes here has little left to read. A copy is a cache.
 * Whatever goes wrong with one costs the time to begin it again; the worker hears nothing of it.
 */
import { StreamJobError } from '../../errors.ts'
import type { BlockFetcher, KafkaClient } from '../../kafka/client.ts'
import type { RecordBlock } from '../../kafka/records.ts'
import type { JobRecord } from '../../protocol.ts'
import type { CopyId, TaskId } from '../assignment.ts'
import { taskName } from '../assignment.ts'
import { failureOf } from '../failure.ts'
import type { WorkerParts } from '../parts.ts'
import type { Claims } from '../tasks/task-factory.ts'
import type { TaskImage } from '../tasks/image.ts'
import { WarmCopy } from './copy.ts'
import type { CopyStatus } from './copy.ts'
import { historyOf, sameHistory } from './history.ts'
import type { History } from './history.ts'

export interface WarmCopiesParts extends Pick<WorkerParts, 'now' | 'pause' | 'turn'> {
  readonly kafka: Pick<KafkaClient, 'fetcher'>
  readonly log: Pick<WorkerParts['log'], 'warn'>
  /** What a task's copy starts from: its local snapshot, or nothing as of the beginning of its changelog. */
  readonly begin: (id: TaskId, record: JobRecord) => Promise<TaskImage>
  /** Whether the worker's own tasks have work at hand. */
  readonly busy: () => boolean
}

/** Bound of what is read ahead for all copies. */
const readAheadBytes = 8 * 1024 * 1024
/** How long a wait for records may last before the ends are looked at. Milliseconds. */
const waitMs = 100
/** How long rows are applied before everything else has its turn; while tasks are busy, copies get a small part of the time. Milliseconds. */
const sliceMs = 4
const restFactor = 4
/** Between two attempts at a copy. Milliseconds. */
const againMs = 5_000

export class WarmCopies implements Claims, AsyncDisposable {
  readonly #parts: WarmCopiesParts
  readonly #copies = new Map<string, WarmCopy>()
  readonly #closing = new AbortController()
  #record: JobRecord | null = null
  #fetcher: BlockFetcher | null = null
  #beginning: Promise<void> | null = null
  #following: Promise<void> | null = null
  /** Spent on rows since everything else had its turn. Milliseconds. */
  #spent = 0

  constructor(parts: WarmCopiesParts) {
    this.#parts = parts
  }

  /** Of the copies that are nearly up to date. */
  get names(): readonly string[] {
    return this.#all.filter(({ warm }) => warm).map(({ name }) => name)
  }

  get statuses(): readonly CopyStatus[] {
    return this.#all.map(({ status }) => status)
  }

  /** Whether another round would bring tasks here: all copies of such are warm or have failed, and one is warm of which the leader was not told. */
  awaitsMove(told: ReadonlySet<string>): boolean {
    const moving = this.#all.filter(({ moves }) => moves)
    return moving.every(({ settled }) => settled) && moving.some(({ name, warm }) => warm && !told.has(name))
  }

  /** Throws away what is of no use under this record. */
  under(record: JobRecord): void {
    for (const { name, history, id } of this.#all) if (!sameHistory(history, historyOf(record, id.stage))) this.#copies.delete(name)
    this.#assign()
  }

  /** Keeps copies of these tasks from now on, and of no others but those that are about to be claimed. */
  keep(ids: readonly CopyId[], claimed: readonly string[], record: JobRecord): void {
    const wanted = new Set([...ids.map(taskName), ...claimed])
    for (const name of this.#copies.keys()) if (!wanted.has(name)) this.#copies.delete(name)
    for (const id of ids) {
      const copy = this.#copies.get(taskName(id)) ?? new WarmCopy(id, historyOf(record, id.stage))
      copy.moves = id.moves
      this.#copies.set(copy.name, copy)
    }
    this.#record = record
    this.#assign()
    this.#beginning ??= this.#begin().finally(() => (this.#beginning = null))
  }

  /** Hands the state over to a task that is taken over here, and follows it no longer. Null: there is none of this history. */
  claim(id: TaskId, history: History): TaskImage | null {
    const copy = this.#copies.get(taskName(id))
    if (copy === undefined) return null
    this.#copies.delete(copy.name)
    this.#assign()
    return sameHistory(copy.history, history) ? copy.image : null
  }

  unusable(id: TaskId, reason: string): void {
    this.#parts.log.warn('A warm copy can not be used', { task: taskName(id), reason })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#fetcher?.[Symbol.asyncDispose]()
    await Promise.all([this.#beginning, this.#following])
  }

  get #all(): readonly WarmCopy[] {
    return [...this.#copies.values()]
  }

  /** One after the other, beside those that follow already; ends when all are begun. */
  async #begin(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const open = this.#all.filter(({ image }) => image === null)
      const [copy] = open.toSorted((a, b) => a.beginAt - b.beginAt)
      if (copy === undefined || this.#record === null) return
      const wait = copy.beginAt - this.#parts.now()
      // Not longer than a copy that comes along meanwhile can wait.
      if (wait > 0) await this.#parts.pause(Math.min(wait, waitMs), this.#closing.signal)
      else await this.#beginOne(copy, this.#record)
    }
  }

  async #beginOne(copy: WarmCopy, record: JobRecord): Promise<void> {
    try {
      const image = await this.#parts.begin(copy.id, record)
      if (this.#copies.get(copy.name) !== copy || this.#closing.signal.aborted) return
      copy.begin(image)
      this.#assign()
      this.#fetcher?.seek(image.changelog.topic, image.changelog.partition, image.next)
    } catch (error) {
      this.#fail([copy], error)
    }
  }

  #assign(): void {
    if (this.#closing.signal.aborted) return
    const positions = this.#all.flatMap(({ image, history }) =>
      image === null ? [] : [{ ...image.changelog, topicId: history.changelogId, offset: image.next }],
    )
    if (positions.length > 0) this.#fetcher ??= this.#parts.kafka.fetcher({ readAheadBytes })
    this.#fetcher?.assign(positions)
    if (positions.length > 0) this.#following ??= this.#follow().finally(() => (this.#following = null))
  }

  /** Ends when there is nothing to follow. */
  async #follow(): Promise<void> {
    const { pause, turn, busy } = this.#parts
    for (let fetcher = this.#fetcher; fetcher !== null && !this.#closing.signal.aborted && this.#all.some(({ image }) => image !== null);) {
      try {
        // Whoever was begun anew since a block was taken had to ask the brokers meanwhile: the block is here before that.
        const block = await fetcher.next(waitMs)
        if (block !== null) this.#apply(block)
        else
          for (const copy of this.#all)
            if (copy.image !== null) copy.measure(fetcher.ends(copy.image.changelog.topic, copy.image.changelog.partition))
      } catch (error) {
        if (this.#closing.signal.aborted) return
        await this.#recover(error)
      }
      if (this.#spent < sliceMs) continue
      if (busy()) await pause(restFactor * this.#spent, this.#closing.signal)
      else await turn()
      this.#spent = 0
    }
  }

  #apply(block: RecordBlock): void {
    const copy = this.#at(block.topic, block.partition)
    if (copy === undefined) return
    const started = this.#parts.now()
    try {
      copy.image?.apply(block)
      copy.measure(this.#fetcher?.ends(block.topic, block.partition))
    } catch (error) {
      this.#fail([copy], error)
    }
    this.#spent += this.#parts.now() - started
  }

  /** What may pass is only waited for; who can not be read at all is begun again. */
  async #recover(error: unknown): Promise<void> {
    const { recovery, fields } = failureOf(error)
    if (recovery === 'retry') {
      this.#parts.log.warn('Warm copies can not be read', fields)
      await this.#parts.pause(againMs, this.#closing.signal)
      return
    }
    const { topic, partition } = error instanceof StreamJobError ? error.fields : {}
    const copy = this.#at(topic, partition)
    this.#fail(copy === undefined ? this.#all.filter(({ image }) => image !== null) : [copy], error)
  }

  #at(topic: unknown, partition: unknown): WarmCopy | undefined {
    return this.#all.find(({ image }) => image !== null && image.changelog.topic === topic && image.changelog.partition === partition)
  }

  #fail(copies: readonly WarmCopy[], error: unknown): void {
    for (const copy of copies) {
      if (this.#copies.get(copy.name) !== copy || this.#closing.signal.aborted) continue
      this.#parts.log.warn('A warm copy is begun again', { task: copy.name, ...failureOf(error).fields })
      copy.fail(this.#parts.now() + againMs)
    }
    this.#assign()
    this.#beginning ??= this.#begin().finally(() => (this.#beginning = null))
  }
}
