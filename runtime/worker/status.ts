/** The status of a worker, as `/status` shows it. */
import type { BlockFetcher, GroupIdentity } from '../kafka/client.ts'
import type { JobRecord, WorkerStatus } from '../protocol.ts'
import type { Task } from './tasks/task.ts'
import type { Telemetry } from './telemetry.ts'

export type WorkerState = Pick<WorkerStatus, 'state' | 'reason' | 'error'>

export interface StatusSources {
  readonly parts: { readonly instanceId: string; readonly codeHash: string }
  readonly state: WorkerState
  readonly record: JobRecord | null
  readonly identity: GroupIdentity | undefined
  readonly tasks: readonly Task[]
  readonly fetcher: BlockFetcher
  readonly warm: WorkerStatus['warm']
  readonly telemetry: Telemetry
}

/** Whether it works under the newest job record, and what it did last did not fail. */
export function isReady({ state, error }: WorkerStatus): boolean {
  return state === 'running' && error === null
}

/** What a worker does once it has joined. `refusal`: why it may not work under the record; `stale`: its assignment is of an older epoch. */
export function workingState(
  refusal: string | null,
  stale: boolean,
  epoch: number,
  here: number,
  coming: number,
): readonly [state: WorkerState['state'], reason: string] {
  if (refusal !== null) return ['waiting', refusal]
  if (stale) return ['waiting', `the group's leader has not read epoch ${epoch} yet`]
  if (coming > 0) return ['restoring', `working on ${here} task(s), restoring ${coming}`]
  return ['running', `working on ${here} task(s)`]
}

export function statusOf({ parts, state, record, identity, tasks, fetcher, warm, telemetry }: StatusSources): WorkerStatus {
  return {
    formatVersion: 1,
    instanceId: parts.instanceId,
    ...state,
    epoch: record?.epoch ?? null,
    codeHash: parts.codeHash,
    generation: identity?.generation ?? null,
    memberId: identity?.memberId ?? null,
    commits: telemetry.commits,
    rewinds: telemetry.rewinds,
    tasks: tasks.toSorted(byInput).map((task) => {
      const ends = fetcher.ends(task.input.topic, task.input.partition)
      const { watermark } = task.stage
      return {
        stage: task.id.stage,
        topic: task.input.topic,
        partition: task.input.partition,
        state: 'running',
        committedOffset: task.confirmed.commit === 0 ? null : String(task.confirmed.offset),
        position: String(task.position),
        highWatermark: ends === undefined ? null : String(ends.highWatermark),
        lastStableOffset: ends === undefined ? null : String(ends.lastStableOffset),
        watermark: Number.isFinite(watermark) ? watermark : null,
        activity: task.activity.state,
        activitySince: task.activity.since,
        heldBack: task.hold?.heldBack ?? null,
        commitNumber: String(task.confirmed.commit),
        stateRows: task.store.rows,
        since: task.since,
      }
    }),
    warm,
  }
}

/** In whatever order they arrived. */
function byInput(a: Task, b: Task): number {
  if (a.id.stage !== b.id.stage) return a.id.stage < b.id.stage ? -1 : 1
  return a.id.partition - b.id.partition
}
