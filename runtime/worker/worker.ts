/**
 * A worker: follows the job record, joins the group, takes its tasks over, runs the cycle, and after any failure goes back to what is confirmed.
 * It never leaves the group by itself: a restart inside the session timeout is nobody else's business.
 */
import { StreamJobError } from '../errors.ts'
import type { BlockFetcher, GroupMember } from '../kafka/client.ts'
import type { JobRecord, WorkerStatus } from '../protocol.ts'
import { names } from '../protocol.ts'
import { alignmentOf } from './alignment/alignment.ts'
import { Upkeep } from './commits/upkeep.ts'
import { runCycle } from './cycle.ts'
import type { EndOfInput } from './cycle.ts'
import { failureOf, pauseAfter } from './failure.ts'
import { describeAssignment, joinGroup, leaderAssignor } from './group/membership.ts'
import type { Joined } from './group/membership.ts'
import type { JobOrder } from './group/order.ts'
import { followJobRecord } from './group/order.ts'
import { orderErrorOf, refusalOf } from './group/refusal.ts'
import type { WorkerParts } from './parts.ts'
import { snapshotsOf } from './snapshots/local-snapshots.ts'
import type { LocalSnapshots } from './snapshots/local-snapshots.ts'
import { Producers } from './commits/producers.ts'
import { cutOff } from './cut-off.ts'
import { statusOf, workingState } from './status.ts'
import type { WorkerState } from './status.ts'
import { Arrivals } from './tasks/arrivals.ts'
import { TaskFactory } from './tasks/task-factory.ts'
import { TaskSet } from './tasks/tasks.ts'
import type { Telemetry } from './telemetry.ts'
import { WarmCopies } from './warm/warm-copies.ts'

/** How long an assignment of an older epoch, or for a former process that was, may stand before this worker asks for another round: nobody else might. */
const staleAssignmentMs = 500
const staleAssignment = 'the assignment is of an older epoch'
const copiesAreWarm = 'the copies of tasks that are to come here are warm'
const tasksArrived = 'tasks that were restored have arrived'
/** How long a worker that was asked to stop may try to commit; longer only when brokers do not answer. Milliseconds. */
const stopGraceMs = 4_000

export class Worker {
  readonly telemetry: Telemetry
  readonly #parts: WorkerParts
  readonly #fetcher: BlockFetcher
  readonly #member: GroupMember
  readonly #order: JobOrder
  readonly #producers: Producers
  readonly #tasks: TaskSet
  readonly #factory: TaskFactory
  readonly #arrivals: Arrivals
  readonly #copies: WarmCopies
  readonly #upkeep: Upkeep
  /** Null: the worker has no volume. */
  readonly #snapshots: LocalSnapshots | null
  #state: WorkerState = { state: 'starting', reason: 'the process has just started', error: null }
  #endOfInput: (EndOfInput & PromiseWithResolvers<void>) | null = null
  #joined: { readonly record: JobRecord; readonly result: Joined } | null = null
  /** Copies that this worker introduced itself with. */
  #told: ReadonlySet<string> = new Set()
  /** When the last cycle ended, monotonic ms; null: one is running, or none has run yet. */
  #pausedAt: number | null = null
  /** Since the last commit, or stretch without anything to commit. */
  #failures = 0
  /** Whether there may be something to commit before this worker ends. */
  #cycling = false
  /** Of the changelogs that the tasks were restored from. */
  #lineage: number | null = null

  constructor(parts: WorkerParts) {
    const { config, kafka } = parts
    this.#parts = parts
    this.telemetry = parts.telemetry
    this.#fetcher = kafka.fetcher()
    const arriving = (): readonly string[] => this.#arrivals.names
    this.#tasks = new TaskSet(this.#fetcher, alignmentOf(parts, arriving))
    this.#producers = new Producers(kafka, names.workerTransactionalId(config.applicationId, parts.ordinal), config.processing.guarantee)
    this.#order = followJobRecord({
      reader: kafka.reader,
      topic: names.jobTopic(config.applicationId),
      pause: parts.pause,
      onError: (error) => parts.log.warn('The job record can not be read', failureOf(error).fields),
    })
    this.#member = kafka.member({
      groupId: names.group(config.applicationId),
      instanceId: parts.instanceId,
      sessionTimeoutMs: config.processing.sessionTimeoutMs,
      rebalanceTimeoutMs: 3_000,
      assign: leaderAssignor(() => this.#order.current),
      describe: (assignment) => describeAssignment(this.#order.current, assignment),
    })
    this.#snapshots = snapshotsOf(parts)
    this.#upkeep = new Upkeep(parts, this.#snapshots)
    this.#factory = new TaskFactory({ ...parts, producers: this.#producers, snapshots: this.#snapshots })
    this.#arrivals = new Arrivals(parts)
    this.#copies = new WarmCopies({
      ...parts,
      begin: (id, record) => this.#factory.beginCopy(id, record),
      busy: () => this.#tasks.ready,
    })
  }

  /**
   * Works until the signal, then commits what is open and returns: within a few seconds, whatever the brokers do. What could not be committed by then is
   * done again by whoever comes next. Throws what only a new process can cure.
   */
  async run(signal: AbortSignal): Promise<void> {
    const completed = await cutOff(this.#work(signal), signal, (ended) => (this.#cycling ? this.#parts.pause(stopGraceMs, ended) : Promise.resolve()))
    if (!completed && this.#cycling) this.#parts.log.warn('The last commit takes too long; what it held will be done again')
  }

  /** Closes every open window of a stage as if its input had ended, and commits. Resolves when that is done. One stage at a time. */
  closeWindows(stage: string): Promise<void> {
    this.#endOfInput ??= { stage, ...Promise.withResolvers<void>() }
    return this.#endOfInput.promise
  }

  status(): WorkerStatus {
    return statusOf({
      parts: this.#parts,
      state: { ...this.#state, error: this.#state.error ?? this.#arrivals.trouble ?? orderErrorOf(this.#order, this.#parts) },
      record: this.#order.current,
      identity: this.#member.identity,
      tasks: this.#tasks.all,
      fetcher: this.#fetcher,
      warm: [...this.#copies.statuses],
      telemetry: this.telemetry,
    })
  }

  /** Bytes of a task's local snapshot; null: it has none. */
  snapshotBytes(task: string): number | null {
    return this.#snapshots?.bytesOf(task) ?? null
  }

  /** Counters of the stages at work, for the metrics. */
  get tasks(): TaskSet['all'] {
    return this.#tasks.all
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const own = [this.#arrivals, this.#upkeep, this.#copies, this.#order, this.#tasks, this.#fetcher, this.#producers, this.#member]
    await Promise.all([...own.map((part) => part[Symbol.asyncDispose]()), this.#snapshots?.[Symbol.asyncDispose]()])
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let working = false
      try {
        await this.#recover()
        working = true
        while (!signal.aborted) await this.#session(signal)
      } catch (error) {
        if (signal.aborted) return this.#parts.log.warn('The last commit failed; what it held will be done again', failureOf(error).fields)
        await this.#fail(error, working, signal)
      }
    }
    this.#set('stopping', 'the process was asked to stop')
  }

  /** One round of membership: orders, join, tasks, cycle. Returns when another round is due. */
  async #session(signal: AbortSignal): Promise<void> {
    const record = await this.#awaitRecord(signal)
    if (record === null) return
    const refusal = refusalOf(record, this.#parts)?.reason ?? null
    this.#copies.under(record)
    const joined = await this.#join(record, refusal === null ? record.epoch : 0)
    const outdated = Math.min(joined.epoch, joined.introduced) < record.epoch
    const stale = refusal === null && (outdated || joined.epoch !== record.epoch)
    if (record.lineage !== this.#lineage) await this.#forget()
    this.#lineage = record.lineage
    if (stale) this.#tasks.rest()
    else await this.#take(refusal === null ? joined.tasks : [], record, joined, signal)
    if (!stale && refusal === null) this.#copies.keep(joined.copies, this.#arrivals.names, record)
    await this.#snapshots?.retain(this.#held, record.lineage)
    this.#set(...workingState(refusal, stale, record.epoch, this.#tasks.all.length, this.#arrivals.names.length))
    const askAgainAt = refusal === null && outdated ? this.#parts.now() + staleAssignmentMs : Infinity
    const interrupted = (): string | null => {
      if (signal.aborted) return 'the process was asked to stop'
      if (this.#order.current !== record) return 'the job record changed'
      if (this.#parts.now() > askAgainAt) return staleAssignment
      if (!stale && this.#arrivals.due) return tasksArrived
      return !stale && refusal === null && this.#copies.awaitsMove(this.#told) ? copiesAreWarm : null
    }
    this.#cycling = this.#tasks.all.length > 0
    this.telemetry.pausedMs += this.#pausedAt === null ? 0 : this.#parts.now() - this.#pausedAt
    const reason = await runCycle({
      ...this.#parts,
      tasks: this.#tasks,
      producers: this.#producers,
      member: this.#member,
      epoch: record.epoch,
      commitIntervalMs: this.#parts.config.processing.commitIntervalMs,
      afterLoss: this.#failures > 0,
      outputLingerMs: this.#parts.config.processing.outputLingerMs,
      interrupted,
      committing: () => this.#upkeep.before(record),
      ended: () => {
        this.#endOfInput?.resolve()
        this.#endOfInput = null
      },
      committed: async () => {
        this.#succeed()
        await this.#upkeep.after(this.#tasks.all)
      },
      endOfInput: () => (this.#arrivals.names.length > 0 ? null : this.#endOfInput),
    }).finally(() => {
      this.#cycling = false
      this.#pausedAt = this.#parts.now()
    })
    if (reason === staleAssignment || reason === copiesAreWarm) this.#joined = null
    this.#parts.log.info('Cycle ended', { reason, epoch: record.epoch })
  }

  /** Joins, unless this worker is a stable member under this very record already: a rewind is no reason to disturb the others. */
  async #join(record: JobRecord, epoch: number): Promise<Joined> {
    if (this.#joined?.record === record && this.#member.state === 'stable') return this.#joined.result
    this.#joined = null
    this.#set('joining', `joining the group for epoch ${record.epoch}`)
    this.telemetry.joins += 1
    this.#told = new Set(this.#copies.names)
    const result = await joinGroup(this.#member, { epoch, ordinal: this.#parts.ordinal, owned: this.#held, warm: [...this.#told] })
    this.#joined = { record, result }
    return result
  }

  async #awaitRecord(signal: AbortSignal): Promise<JobRecord | null> {
    while (!signal.aborted) {
      const { current } = this.#order
      if (this.#order.caughtUp && current !== null) return current
      this.#set('waiting-for-record', `waiting for the job record in ${names.jobTopic(this.#parts.config.applicationId)}`)
      await this.#order.changed()
    }
    return null
  }

  /** Makes the assigned tasks those of this worker. What takes long arrives while the others are at work. */
  async #take(assigned: Joined['tasks'], record: JobRecord, { identity, members }: Joined, signal: AbortSignal): Promise<void> {
    const { kafka, ordinal } = this.#parts
    const keep = (): Promise<Joined['tasks']> => this.#tasks.keep(assigned, this.#arrivals.collect(), kafka.reader, identity, ordinal)
    const missing = await keep()
    if (missing.length > 0) this.#set('restoring', `restoring ${missing.length} task(s)`)
    await this.#arrivals.expect(missing, { factory: this.#factory, copies: this.#copies, record, members, signal })
    if (this.#arrivals.due) await keep()
    this.#tasks.fetch(record)
  }

  /** Names of the tasks whose state is here, or on its way. */
  get #held(): readonly string[] {
    return [...new Set([...this.#tasks.names, ...this.#arrivals.names])]
  }

  async #forget(): Promise<void> {
    this.#tasks.clear()
    await this.#arrivals.drop()
  }

  /** Fresh producers, then every task to what is confirmed. */
  async #recover(): Promise<void> {
    // Fresh producers would only fence those of the process that took this one's place.
    if (this.#member.state === 'fenced') throw new StreamJobError('member-fenced', `Another process joined the group as ${this.#parts.instanceId}.`)
    await this.#producers.renew()
    if (this.#tasks.all.length === 0) return
    const outdated = await this.#tasks.resolve(this.#parts.kafka.reader, names.group(this.#parts.config.applicationId), this.#parts.ordinal)
    if (outdated) this.#joined = null
  }

  /** Decides what to do about a failure, and waits until it may be tried again. `working`: it arose behind the recovery. */
  async #fail(error: unknown, working: boolean, signal: AbortSignal): Promise<void> {
    const { log, pause } = this.#parts
    const { code, message, recovery, rewinds, fields } = failureOf(error)
    this.#failures += 1
    this.telemetry.rewinds += 1
    if (rewinds && working && this.#failures === 1) return log.warn('Going back to the confirmed commit', fields)
    const state = recovery === 'stop' || recovery === 'restart' ? 'failed' : this.#state.state
    this.#state = { state, reason: message, error: { code, message } }
    if (recovery === 'restart') throw error
    if (recovery === 'stop') {
      log.error('The job needs a human', fields)
      await this.#forget()
      // Ends the open transaction, which would keep readers waiting.
      await this.#producers.renew().catch((cause: unknown) => log.warn('The open transaction could not be aborted', failureOf(cause).fields))
    } else log.warn('Trying again after a pause', { ...fields, failures: this.#failures })
    const wait = new AbortController()
    await Promise.race([pause(pauseAfter(recovery, this.#failures), AbortSignal.any([signal, wait.signal])), this.#order.changed()])
    wait.abort()
  }

  /** Something was committed, or there is nothing to commit: what went wrong before is over. */
  #succeed(): void {
    if (this.#failures === 0) return
    this.#parts.log.info('Working again', { failures: this.#failures })
    this.#failures = 0
    this.#state = { ...this.#state, error: null }
  }

  #set(state: WorkerState['state'], reason: string): void {
    if (this.#state.state !== state || this.#state.reason !== reason) this.#parts.log.info('State', { state, reason })
    this.#state = { ...this.#state, state, reason }
  }
}
