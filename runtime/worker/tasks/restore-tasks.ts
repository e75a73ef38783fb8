/** Takes over the tasks that an assignment brings, several at a time, and says what that took. */
import type { JobRecord } from '../../protocol.ts'
import type { TaskId } from '../assignment.ts'
import type { WorkerParts } from '../parts.ts'
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
}

/** How many are restored at a time; each reads ahead over a connection of its own. */
const atATime = 4

export async function restoreTasks(missing: readonly TaskId[], options: RestoreTasksOptions): Promise<readonly Task[]> {
  const { factory, copies, record, members, signal } = options
  const { log, now, telemetry } = options.parts
  const started = now()
  const { snapshotRestores, warmRestores, restoredRows } = telemetry
  await factory.prepare(record, members)
  const restored = await concurrently(missing, atATime, signal, (id, either) => factory.create(id, either, copies))
  for (const task of restored) {
    const rows = Object.fromEntries(task.store.unclaimed())
    if (Object.keys(rows).length > 0) log.warn('State of windows that the program no longer has is left alone', { task: task.name, rows })
  }
  telemetry.restores += missing.length
  log.info('Tasks taken over', {
    tasks: restored.map((task) => task.name),
    rows: restored.reduce((sum, task) => sum + task.store.rows, 0),
    fromSnapshots: telemetry.snapshotRestores - snapshotRestores,
    fromCopies: telemetry.warmRestores - warmRestores,
    changelogRows: telemetry.restoredRows - restoredRows,
    milliseconds: Math.round(now() - started),
    epoch: record.epoch,
  })
  return restored
}
