/** Takes over the tasks that an assignment brings, several at a time, and says what that took. */
import type { JobRecord } from '../../protocol.ts'
import type { TaskId } from '../assignment.ts'
import type { WorkerParts } from '../parts.ts'
import { failureOf } from '../failure.ts'
import { concurrently } from './concurrently.ts'
import type { Claims, TaskFactory } from './task-factory.ts'
import type { Task } from './task.ts'

export interface RestoreTasksOptions {
  readonly factory: TaskFactory
  readonly copies: Claims
  readonly parts: Pick<WorkerParts, 'log' | 'now' | 'telemetry'>
  readonly record: JobRecord
  /** Instance ids of the group. */
  readonly members: readonly string[]
  readonly signal: AbortSignal
  /** Called with each task as soon as it is there. */
  readonly arrived: (task: Task) => void
  /** Called with what keeps a task from coming, when it may pass. */
  readonly postponed: (id: TaskId, error: unknown) => void
}

/** How many are restored at a time; each reads ahead over a connection of its own. */
const atATime = 4

/** Returns those that were postponed. Throws what does not pass by itself, or concerns all. */
export async function restoreTasks(missing: readonly TaskId[], options: RestoreTasksOptions): Promise<readonly TaskId[]> {
  const { factory, copies, record, members, signal, arrived, postponed } = options
  const { log, now, telemetry } = options.parts
  const started = now()
  const { snapshotRestores, warmRestores, restoredRows } = telemetry
  await factory.prepare(record, members)
  const names: string[] = []
  const left: TaskId[] = []
  let stateRows = 0
  const restoreOne = async (id: TaskId, either: AbortSignal): Promise<void> => {
    const task = await factory.create(id, either, copies)
    const rows = Object.fromEntries(task.store.unclaimed())
    if (Object.keys(rows).length > 0) log.warn('State of windows that the program no longer has is left alone', { task: task.name, rows })
    names.push(task.name)
    stateRows += task.store.rows
    arrived(task)
  }
  await concurrently(missing, atATime, signal, async (id, either) => {
    try {
      await restoreOne(id, either)
    } catch (error) {
      if (either.aborted || failureOf(error).recovery !== 'retry') throw error
      left.push(id)
      postponed(id, error)
    }
  })
  telemetry.restores += names.length
  log.info('Tasks taken over', {
    tasks: names,
    rows: stateRows,
    fromSnapshots: telemetry.snapshotRestores - snapshotRestores,
    fromCopies: telemetry.warmRestores - warmRestores,
    changelogRows: telemetry.restoredRows - restoredRows,
    milliseconds: Math.round(now() - started),
    epoch: record.epoch,
  })
  return left
}
