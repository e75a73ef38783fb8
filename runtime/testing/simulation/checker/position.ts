import type { PlainRecord } from './plain-records.ts'
import type { TaskLedger } from './task-ledger.ts'
import { Violation } from './violation.ts'

const positionKey = '\u0000position'

/**
 * The watermark that a commit keeps for a task which reads what other stages send is that of the markers before its offset: the least of what all writers
 * have promised. `written`: what the transaction has put into the changelog of the stage.
 */
export function checkPosition(task: TaskLedger, written: readonly (PlainRecord & { readonly partition: number })[]): void {
  const row = written.findLast(({ key, partition }) => key === positionKey && task.name.endsWith(`/${partition}`))
  if (row === undefined) throw new Violation(`a commit of ${task.name} has no position in its changelog`)
  // What it must be; anything else fails right here.
  const { snapshot } = JSON.parse(row.value ?? '') as {
    readonly snapshot: { readonly writers?: { readonly combined: { readonly output: number | null } } }
  }
  const kept = snapshot.writers?.combined.output ?? -Infinity
  if (kept !== task.watermark) throw new Violation(`${task.name} commits the watermark ${kept}, its writers have promised ${task.watermark}`)
}
