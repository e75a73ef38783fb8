/**
 * A worker: follows the job record, joins the group, takes its tasks over, runs the cycle, and after any failure goes back to what is confirmed.
 * It never leaves the group by itself: a restart inside the session timeout is nobody else's business.
 */
import type { WorkerConfig } from '../config.ts'
import { recoveryOf, StreamJobError } from '../errors.ts'
import type { BlockFetcher, GroupMember, KafkaClient } from '../kafka/client.ts'
import type { Stage } from '../plan/nodes.ts'
import type { JobRecord, WorkerStatus } from '../protocol.ts'
import { names } from '../protocol.ts'
import { runCycle } from './cycle.ts'
import { describeAssignment, joinGroup, leaderAssignor } from './membership.ts'
import type { Joined } from './membership.ts'
import type { JobOrder } from './order.ts'
import { followJobRecord } from './order.ts'
import { Producers } from './producers.ts'
import { statusOf } from './status.ts'
import type { WorkerState } from './status.ts'
import { TaskFactory } from './task-factory.ts'
import { TaskSet } from './tasks.ts'
import type { Telemetry } from './telemetry.ts'

export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

export interface WorkerParts {
  readonly config: WorkerConfig
  readonly stages: readonly Stage[]
  readonly codeHash: string
  readonly instanceId: string
  readonly ordinal: number
  readonly kafka: KafkaClient
  readonly log: Logger
  readonly telemetry: Telemetry
  /** Epoch ms. */
  readonly clock: () => number
  /** Monotonic ms. */
  readonly now: () => number
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/**
 * How long an assignment of an older epoch may stand before this worker asks for another round. A leader that is alive asks by itself when it reads the newer
 * record; one that was restarted is a follower until then, and the group would keep its old assignment for ever.
 */
const staleAssignmentMs = 500
const staleAssignment = 'the assignment is of an older epoch'

export class Worker {
  readonly telemetry: Telemetry
  readonly #parts: WorkerParts
  readonly #fetcher: BlockFetcher
  readonly #member: GroupMember
  readonly #order: JobOrder
  readonly #producers: Producers
  readonly #tasks: TaskSet
  readonly #factory: TaskFactory
  #state: WorkerState = { state: 'starting', reason: 'the process has just started', error: null }
  #endOfInput: (() => void) | null = null
  #joined: { readonly record: JobRecord; readonly result: Joined } | null = null

  constructor(parts: WorkerParts) {
    const { config, kafka } = parts
    this.#parts = parts
    this.telemetry = parts.telemetry
    this.#fetcher = kafka.fetcher()
    this.#tasks = new TaskSet(this.#fetcher)
    this.#producers = new Producers(kafka, names.workerTransactionalId(config.applicationId, parts.ordinal), config.processing.guarantee)
    this.#order = followJobRecord({
      reader: kafka.reader,
      topic: names.jobTopic(config.applicationId),
      pause: parts.pause,
      onError: (error) => parts.log.warn('The job record can not be read', describe(error)),
    })
    this.#member = kafka.member({
      groupId: names.group(config.applicationId),
      instanceId: parts.instanceId,
      sessionTimeoutMs: config.processing.sessionTimeoutMs,
      rebalanceTimeoutMs: 3_000,
      assign: leaderAssignor(() => this.#order.current),
      describe: (assignment) => describeAssignment(parts.stages, assignment),
    })
    this.#factory = new TaskFactory({ ...parts, producers: this.#producers })
  }

  /** Works until the signal, then commits what is open and returns. Throws what only a new process can cure. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      try {
        await this.#recover()
        for (;;) {
          if (signal.aborted) return this.#set('stopping', 'the process was asked to stop')
          await this.#session(signal, () => (failures = 0))
        }
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        await this.#fail(error, failures, signal)
      }
    }
  }

  /** Closes every open window as if the input had ended, and commits. Resolves when that is done. */
  closeWindows(): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#endOfInput = done.resolve
    return done.promise
  }

  status(): WorkerStatus {
    return statusOf({
      parts: this.#parts,
      state: this.#state,
      record: this.#order.current,
      identity: this.#member.identity,
      tasks: this.#tasks.all,
      fetcher: this.#fetcher,
      telemetry: this.telemetry,
    })
  }

  /** Counters of the stages at work, for the metrics. */
  get tasks(): TaskSet['all'] {
    return this.#tasks.all
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#order[Symbol.asyncDispose]()
    await this.#fetcher[Symbol.asyncDispose]()
    await this.#producers[Symbol.asyncDispose]()
    await this.#member[Symbol.asyncDispose]()
  }

  /** One round of membership: orders, join, tasks, cycle. Returns when another round is due. */
  async #session(signal: AbortSignal, succeeded: () => void): Promise<void> {
    const record = await this.#awaitRecord(signal)
    if (record === null) return
    const refusal = this.#refusal(record)
    const joined = await this.#join(record, refusal === null ? record.epoch : 0)
    const stale = joined.epoch !== record.epoch
    const assigned = refusal !== null || stale ? [] : joined.tasks
    const missing = await this.#tasks.keep(assigned, this.#parts.kafka.reader, joined.identity, this.#parts.ordinal)
    if (missing.length > 0) await this.#takeOver(missing, record, joined.members, signal)
    this.#tasks.fetch()
    this.#setWorking(refusal, stale, record)
    succeeded()
    const askAgainAt = refusal === null && joined.epoch < record.epoch ? this.#parts.now() + staleAssignmentMs : Infinity
    const interrupted = (): string | null => {
      if (signal.aborted) return 'the process was asked to stop'
      if (this.#order.current !== record) return 'the job record changed'
      return this.#parts.now() > askAgainAt ? staleAssignment : null
    }
    const reason = await runCycle({
      tasks: this.#tasks,
      producers: this.#producers,
      member: this.#member,
      telemetry: this.telemetry,
      ordinal: this.#parts.ordinal,
      epoch: record.epoch,
      commitIntervalMs: this.#parts.config.processing.commitIntervalMs,
      outputLingerMs: this.#parts.config.processing.outputLingerMs,
      now: this.#parts.now,
      interrupted,
      endOfInput: () => this.#endOfInput && this.#finish.bind(this),
    })
    if (reason === staleAssignment) this.#joined = null
    this.#parts.log.info('Cycle ended', { reason, epoch: record.epoch })
  }

  /** Joins, unless this worker is a stable member under this very record already: a rewind is no reason to disturb the others. */
  async #join(record: JobRecord, epoch: number): Promise<Joined> {
    if (this.#joined?.record === record && this.#member.state === 'stable') return this.#joined.result
    this.#joined = null
    this.#set('joining', `joining the group for epoch ${record.epoch}`)
    this.telemetry.joins += 1
    const result = await joinGroup(this.#member, { epoch, ordinal: this.#parts.ordinal, owned: this.#tasks.names })
    this.#joined = { record, result }
    return result
  }

  #finish(): void {
    this.#endOfInput?.()
    this.#endOfInput = null
  }

  async #awaitRecord(signal: AbortSignal): Promise<JobRecord | null> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    while (!signal.aborted) {
      const { current } = this.#order
      if (this.#order.caughtUp && current !== null) return current
      this.#set('waiting-for-record', `waiting for the job record in ${names.jobTopic(this.#parts.config.applicationId)}`)
      await Promise.race([this.#order.changed(), aborted])
    }
    return null
  }

  /** Why this worker must not work under the record; null: it may. */
  #refusal(record: JobRecord): string | null {
    const { codeHash, ordinal } = this.#parts
    if (record.mode === 'stop') return 'the job is suspended'
    if (record.codeHash !== codeHash) return `this worker's code is ${codeHash}, the job record names ${record.codeHash}`
    if (ordinal >= record.parallelism) return `ordinal ${ordinal} is beyond the parallelism of ${record.parallelism}`
    return null
  }

  async #takeOver(
    ids: readonly { stage: string; partition: number }[],
    record: JobRecord,
    members: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    this.#set('restoring', `restoring ${ids.length} task(s)`)
    await this.#factory.prepare(record, members)
    await Promise.all(ids.map(async (id) => this.#tasks.add(await this.#factory.create(id, signal))))
    this.telemetry.restores += ids.length
    this.#parts.log.info('Tasks taken over', { tasks: ids.map((id) => `${id.stage}/${id.partition}`), epoch: record.epoch })
  }

  /** Fresh producers, then every task to what is confirmed. */
  async #recover(): Promise<void> {
    await this.#producers.renew()
    if (this.#tasks.all.length > 0) {
      await this.#tasks.resolve(this.#parts.kafka.reader, names.group(this.#parts.config.applicationId), this.#parts.ordinal)
    }
  }

  async #fail(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    const recovery = recoveryOf(error)
    const fields = describe(error)
    this.telemetry.rewinds += 1
    if (recovery === 'restart') {
      this.#state = { state: 'failed', reason: fields.message, error: { code: fields.code, message: fields.message } }
      throw error
    }
    if (recovery === 'rewind' && failures < 10) {
      this.#parts.log.warn('Going back to the confirmed commit', fields)
      return
    }
    if (recovery === 'stop') {
      this.#parts.log.error('The job needs a human', fields)
      this.#tasks.clear()
      await this.#producers[Symbol.asyncDispose]()
    } else this.#parts.log.warn('Trying again after a pause', { ...fields, failures })
    this.#state = {
      state: recovery === 'stop' ? 'failed' : this.#state.state,
      reason: fields.message,
      error: { code: fields.code, message: fields.message },
    }
    const pause = recovery === 'stop' ? 60_000 : Math.min(10_000, 250 * 2 ** Math.min(failures, 6))
    await Promise.race([this.#parts.pause(pause, signal), this.#order.changed()])
  }

  #setWorking(refusal: string | null, stale: boolean, record: JobRecord): void {
    if (refusal !== null) this.#set('waiting', refusal)
    else if (stale) this.#set('waiting', `the group's leader has not read epoch ${record.epoch} yet`)
    else this.#set('running', `working on ${this.#tasks.all.length} task(s)`)
  }

  #set(state: WorkerState['state'], reason: string): void {
    if (this.#state.state !== state || this.#state.reason !== reason) this.#parts.log.info('State', { state, reason })
    this.#state = { state, reason, error: null }
  }
}

function describe(error: unknown): { code: string; message: string; [field: string]: unknown } {
  if (error instanceof StreamJobError)
    return { code: error.code, message: error.message, ...error.fields, cause: error.cause === undefined ? undefined : String(error.cause) }
  return {
    code: 'internal',
    message: error instanceof Error ? error.message : String(error),
    stack: error instanceof Error ? error.stack : undefined,
  }
}
