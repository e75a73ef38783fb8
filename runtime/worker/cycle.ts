/**
 * One worker's cycle while its assignment is stable: fetch ahead, process a slice, flush what has waited long enough, commit when due.
 * Processing is synchronous; slices are bounded in time so that heartbeats and probes are answered between them.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { GroupMember } from '../kafka/client.ts'
import { StreamJobError } from '../errors.ts'
import { commitTasks } from './commit.ts'
import type { Producers } from './producers.ts'
import type { TaskSet } from './tasks.ts'
import type { Telemetry } from './telemetry.ts'

export interface CycleOptions {
  readonly tasks: TaskSet
  readonly producers: Producers
  readonly member: GroupMember
  readonly telemetry: Telemetry
  readonly ordinal: number
  readonly epoch: number
  readonly commitIntervalMs: number
  readonly outputLingerMs: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Why the cycle should end; null: go on. Asked after every slice. */
  readonly interrupted: () => string | null
  /** Set when every open window is to be closed; the cycle calls it once that is done and committed. */
  readonly endOfInput: () => (() => void) | null
}

/** How long a slice of processing may take before the event loop gets its turn. Milliseconds. */
const sliceMs = 10
/** How long a wait for records may last before orders and membership are looked at. Milliseconds. */
const waitMs = 100
/** What the producers may hold before it is sent. Bytes. */
const flushBytes = 1024 * 1024

/** Runs until interrupted, then commits. Returns the reason. Throws when the open commit is lost or nothing can be done. */
export async function runCycle(options: CycleOptions): Promise<string> {
  const { tasks, producers, member, telemetry, now } = options
  let limit = 256
  let flushAt = Infinity
  let commitAt = now() + options.commitIntervalMs
  for (;;) {
    if (member.state === 'fenced') throw new StreamJobError('member-fenced', `Another process joined the group as ${member.identity?.instanceId}.`)
    if (member.state === 'lost') throw new StreamJobError('membership-lost', 'The group gave this member up; its tasks are somebody else’s now.')
    const reason = member.state === 'rebalancing' ? 'the group rebalances' : options.interrupted()
    if (reason !== null || now() >= commitAt) {
      await commit(options)
      flushAt = Infinity
      commitAt = now() + options.commitIntervalMs
      if (reason !== null) return reason
    }
    if (producers.bufferedBytes > flushBytes || now() >= flushAt) {
      await producers.flush()
      flushAt = Infinity
    }
    const finished = options.endOfInput()
    if (finished !== null && (await closeEverything(options))) {
      finished()
      commitAt = now() + options.commitIntervalMs
    }
    const task = await tasks.next(Math.max(0, Math.min(waitMs, commitAt - now(), flushAt - now())))
    if (task === null) {
      if (tasks.all.length === 0) await yieldForWhile(waitMs, member)
      continue
    }
    const started = now()
    const done = task.work(limit)
    const elapsed = now() - started
    telemetry.busyMs += elapsed
    limit = nextLimit(limit, done, elapsed)
    if (flushAt === Infinity && producers.bufferedBytes > 0) flushAt = now() + options.outputLingerMs
    await yieldToEventLoop()
  }
}

async function commit(options: CycleOptions): Promise<void> {
  const { tasks, producers, member, telemetry, now } = options
  const identity = member.identity
  if (identity === undefined) return
  const started = now()
  await producers.flushOutputs()
  const committed = await commitTasks(tasks.all, producers.transactional, { identity, ordinal: options.ordinal, epoch: options.epoch })
  if (committed > 0) telemetry.committed((now() - started) / 1_000)
}

/** Closes all windows as if the input had ended; false while tasks still have records at hand. */
async function closeEverything(options: CycleOptions): Promise<boolean> {
  const { tasks, producers } = options
  if (tasks.all.some((task) => task.busy)) return false
  for (const task of tasks.all) {
    task.stage.endOfInput()
    while (!task.stage.resume()) {
      await producers.flush()
      await yieldToEventLoop()
    }
  }
  await commit(options)
  return true
}

/** Aims at slices of `sliceMs`. */
function nextLimit(limit: number, done: number, elapsed: number): number {
  if (done < limit && elapsed < sliceMs) return limit
  const factor = Math.max(0.25, Math.min(2, sliceMs / Math.max(elapsed, 0.01)))
  return Math.max(1, Math.min(8_192, Math.round(limit * factor)))
}

async function yieldForWhile(milliseconds: number, member: GroupMember): Promise<void> {
  const timeout = Promise.withResolvers<void>()
  const timer = setTimeout(timeout.resolve, milliseconds)
  await Promise.race([timeout.promise, member.changed()])
  clearTimeout(timer)
}
