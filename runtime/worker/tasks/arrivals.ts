/**
 * Tasks on their way to this worker: they are taken over beside the cycle of those that it has, which a long restore must not hold up. What has arrived is
 * collected between two cycles.
 */
import type { JobRecord, WorkerStatus } from '../../protocol.ts'
import type { TaskId } from '../assignment.ts'
import { taskName } from '../assignment.ts'
import { failureOf, pauseAfter } from '../failure.ts'
import type { WorkerParts } from '../parts.ts'
import { restoreTasks } from './restore-tasks.ts'
import type { RestoreTasksOptions } from './restore-tasks.ts'
import type { Task } from './task.ts'

export interface ArrivalsOptions extends Omit<RestoreTasksOptions, 'parts' | 'arrived' | 'postponed'> {
  /** Fires when the process is to end. */
  readonly signal: AbortSignal
}

/** How long the worker waits for all of them before its other tasks go on: most take-overs are through by then. Milliseconds. */
const patienceMs = 125
/** Tasks that have arrived wait so long for others, because each collection ends a cycle. Milliseconds. */
const collectEveryMs = 250

interface Batch {
  readonly record: JobRecord
  readonly members: readonly string[]
  readonly giveUp: AbortController
  /** Not collected yet. */
  readonly arrived: Task[]
  /** Not arrived yet. */
  readonly expected: Set<string>
  failure: { readonly error: unknown } | null
  /** Resolves when nothing is under way any more; never rejects. */
  done: Promise<void>
}

/** What keeps a task from coming for now. */
type Trouble = NonNullable<WorkerStatus['error']>

export class Arrivals implements AsyncDisposable {
  readonly #parts: RestoreTasksOptions['parts'] & Pick<WorkerParts, 'pause'>
  #batch: Batch | null = null
  #collectedAt = -Infinity
  #trouble: Trouble | null = null

  constructor(parts: RestoreTasksOptions['parts'] & Pick<WorkerParts, 'pause'>) {
    this.#parts = parts
  }

  /** Of the tasks that are under way, or wait to be collected. */
  get names(): readonly string[] {
    return this.#batch === null ? [] : [...this.#batch.expected, ...this.#batch.arrived.map(({ name }) => name)]
  }

  /** What keeps one of them from coming, though it may pass; null: nothing. */
  get trouble(): Trouble | null {
    return this.#batch === null ? null : this.#trouble
  }

  /** Whether it is time to collect. */
  get due(): boolean {
    const batch = this.#batch
    if (batch === null) return false
    if (batch.failure !== null || batch.expected.size === 0) return true
    return batch.arrived.length > 0 && this.#parts.now() >= this.#collectedAt + collectEveryMs
  }

  /** The tasks that have arrived. Throws, when there are none, what a take-over failed with that does not pass by itself. */
  collect(): readonly Task[] {
    const batch = this.#batch
    if (batch === null) return []
    this.#collectedAt = this.#parts.now()
    const arrived = batch.arrived.splice(0)
    if (batch.expected.size === 0 || (batch.failure !== null && arrived.length === 0)) this.#batch = null
    if (batch.failure !== null && arrived.length === 0) throw batch.failure.error
    return arrived
  }

  /**
   * Sees to it that these tasks come, and waits a little for them. Those that are under way already are not begun again unless something has changed for
   * them: the record, or a member that may have written for them is gone and would have to be fenced. Others are begun when these are through.
   */
  async expect(missing: readonly TaskId[], options: ArrivalsOptions): Promise<void> {
    const names = new Set(missing.map(taskName))
    if (this.#batch !== null && !(stillHolds(this.#batch, options) && this.names.some((name) => names.has(name)))) await this.drop()
    if (this.#batch === null && missing.length > 0) this.#batch = this.#begin(missing, options)
    const batch = this.#batch
    if (batch === null) return
    const enough = new AbortController()
    await Promise.race([batch.done, this.#parts.pause(patienceMs, AbortSignal.any([enough.signal, options.signal]))])
    enough.abort()
  }

  /** Gives all of them up. Nothing is under way any more when it resolves. */
  async drop(): Promise<void> {
    const batch = this.#batch
    this.#batch = null
    batch?.giveUp.abort()
    await batch?.done
  }

  /** Does not wait for what is under way: that may wait for brokers that do not answer, until the connection to them is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#batch?.giveUp.abort()
    this.#batch = null
  }

  #begin(missing: readonly TaskId[], options: ArrivalsOptions): Batch {
    const giveUp = new AbortController()
    const { record, members } = options
    const expected = new Set(missing.map(taskName))
    const batch: Batch = { record, members, giveUp, arrived: [], expected, failure: null, done: Promise.resolve() }
    batch.done = this.#run(batch, missing, { ...options, signal: AbortSignal.any([options.signal, giveUp.signal]) })
    return batch
  }

  async #run(batch: Batch, missing: readonly TaskId[], options: ArrivalsOptions): Promise<void> {
    const { log, pause } = this.#parts
    const arrived = (task: Task): void => {
      batch.expected.delete(task.name)
      batch.arrived.push(task)
    }
    let failures = 0
    const postponed = (what: string, error: unknown): void => {
      const { code, message, fields } = failureOf(error)
      this.#trouble = { code, message }
      log.warn('A restore is tried again after a pause', { task: what, ...fields, failures: failures + 1 })
    }
    this.#trouble = null
    for (let left = missing; left.length > 0; failures++) {
      if (failures > 0) await pause(pauseAfter('retry', failures), options.signal)
      if (options.signal.aborted) return
      try {
        left = await restoreTasks(left, { ...options, parts: this.#parts, arrived, postponed: (id, error) => postponed(taskName(id), error) })
      } catch (error) {
        if (options.signal.aborted) return
        if (failureOf(error).recovery !== 'retry') {
          batch.failure = { error }
          return
        }
        postponed('all', error)
      }
    }
  }
}

function stillHolds(batch: Batch, { record, members }: ArrivalsOptions): boolean {
  return batch.record === record && batch.members.every((member) => members.includes(member))
}
