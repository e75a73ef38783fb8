/**
 * One worker's cycle while its assignment is stable: fetch ahead, process a slice, flush what has waited long enough, commit when due.
 * Processing is synchronous; slices are bounded in time so that heartbeats and probes are answered between them.
 */
import type { GroupMember } from '../kafka/client.ts'
import { StreamJobError } from '../errors.ts'
import { commitTasks } from './commits/commit.ts'
import { Pace } from './pace.ts'
import type { Producers } from './commits/producers.ts'
import type { TaskSet } from './tasks/tasks.ts'
import type { Telemetry } from './telemetry.ts'

export interface CycleOptions {
  readonly tasks: TaskSet
  readonly producers: Producers
  readonly member: GroupMember
  readonly telemetry: Telemetry
  readonly ordinal: number
  readonly epoch: number
  readonly commitIntervalMs: number
  /** Whether the commit before this cycle was lost: what it held has waited for an interval already. */
  readonly afterLoss: boolean
  readonly outputLingerMs: number
  /** Epoch ms. */
  readonly clock: () => number
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Between two slices. */
  readonly turn: () => Promise<void>
  /** Why the cycle should end; null: go on. Asked after every slice. */
  readonly interrupted: () => string | null
  /** Called before something is committed; throws when it would be lost. */
  readonly committing: () => Promise<void>
  /** Called whenever a commit was due and nothing is left to be committed. */
  readonly committed: () => void | Promise<void>
  /** Set when every open window of a stage is to be closed. */
  readonly endOfInput: () => EndOfInput | null
  /** Called once that is done and committed. */
  readonly ended: () => void
}

/** The input of a stage is to be taken as ended. */
export interface EndOfInput {
  readonly stage: string
}

/** How long a wait for records may last before orders and membership are looked at. Milliseconds. */
const waitMs = 100
/** How often the activity of the partitions is looked at, at least. Milliseconds. */
const observeMs = 100
/** How long the first commit behind a lost one is put off: enough for a good part of what it held. Milliseconds. */
const afterLossMs = 100
/** What the producers may hold before it is sent. Bytes. */
const flushBytes = 1024 * 1024
/** How much state may change before it is committed, though no commit is due yet. Bytes. */
const changedBytesBound = 64 * 1024 * 1024

/** Runs until interrupted, then commits. Returns the reason. Throws when the open commit is lost or nothing can be done. */
export async function runCycle(options: CycleOptions): Promise<string> {
  const { tasks, producers, now } = options
  const pace = new Pace(now)
  const ending = new Ending(options)
  // Asked for once: a race for each wait would leave something behind until the membership changes, which may take for ever.
  const changed = new AbortController()
  void options.member.changed().then(() => changed.abort())
  let flushAt = Infinity
  let observeAt = 0
  let commitAt = now() + (options.afterLoss ? Math.min(afterLossMs, options.commitIntervalMs) : options.commitIntervalMs)
  for (;;) {
    const reason = reasonToEnd(options)
    if (reason !== null || now() >= commitAt || tasks.changedBytes > changedBytesBound || ending.done()) {
      await commit(options)
      ending.committed()
      flushAt = Infinity
      commitAt = now() + options.commitIntervalMs
      if (reason !== null) return reason
    }
    if (producers.bufferedBytes > flushBytes || now() >= flushAt) {
      await producers.flush()
      flushAt = Infinity
    }
    if (now() >= observeAt) {
      tasks.observe(now(), options.clock())
      observeAt = now() + observeMs
    }
    ending.begin()
    options.telemetry.busyMs += tick(options)
    if (flushAt === Infinity && producers.bufferedBytes > 0) flushAt = now() + options.outputLingerMs
    const untilDue = Math.max(1, tasks.dueAt - options.clock())
    const task = await tasks.next(Math.max(0, Math.min(waitMs, commitAt - now(), flushAt - now(), untilDue)))
    if (task === null) {
      if (tasks.all.length === 0) await options.pause(waitMs, changed.signal)
      continue
    }
    options.telemetry.busyMs += pace.slice(task, () => producers.bufferedBytes > flushBytes || tasks.isAhead(task))
    await options.turn()
  }
}

/** Brings processing time on. Returns how long that took, in milliseconds. */
function tick({ tasks, clock, now }: CycleOptions): number {
  const started = now()
  tasks.tick(clock())
  return now() - started
}

function reasonToEnd({ member, interrupted }: CycleOptions): string | null {
  if (member.state === 'fenced') throw new StreamJobError('member-fenced', `Another process joined the group as ${member.identity?.instanceId}.`)
  if (member.state === 'lost') throw new StreamJobError('membership-lost', 'The group gave this member up; its tasks are somebody else’s now.')
  return member.state === 'rebalancing' ? 'the group rebalances' : interrupted()
}

async function commit(options: CycleOptions): Promise<void> {
  const { tasks, producers, member, telemetry, now, clock, ordinal, epoch } = options
  const { identity } = member
  if (identity === undefined) return
  const started = now()
  tasks.observe(started, clock())
  if (tasks.all.some((task) => task.dirty)) await options.committing()
  await producers.flushOutputs()
  const count = await commitTasks(tasks.all, producers.transactional, { identity, ordinal, epoch, clock })
  if (count > 0) telemetry.committed((now() - started) / 1_000)
  await options.committed()
}

/** Closes all windows as if the input had ended, by the same slices, flushes and commits as everything else. */
class Ending {
  readonly #options: CycleOptions
  #begun = false

  constructor(options: CycleOptions) {
    this.#options = options
  }

  /** Once it is wanted, and no task has records at hand. */
  begin(): void {
    const { tasks, endOfInput } = this.#options
    const end = endOfInput()
    if (this.#begun || end === null || tasks.busy) return
    for (const task of tasks.all) if (task.id.stage === end.stage) task.endOfInput()
    this.#begun = true
  }

  /** Whether every window is closed and only the commit is missing. */
  done(): boolean {
    return this.#begun && !this.#options.tasks.busy
  }

  /** To be called behind every commit. */
  committed(): void {
    if (!this.done()) return
    this.#options.ended()
    this.#begun = false
  }
}
