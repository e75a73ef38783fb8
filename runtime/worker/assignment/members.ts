/** What an assignment is made from, and what it says. */

export interface TaskId {
  readonly stage: string
  readonly partition: number
}

/** A copy of a task's state that a member shall keep up to date. */
export interface CopyId extends TaskId {
  /** Whether the task comes to this member once its copy is warm; else the copy is a standby. */
  readonly moves: boolean
}

/** A member of the group as it described itself when it joined. */
export interface Candidate {
  readonly instanceId: string
  readonly ordinal: number
  readonly epoch: number
  /** Tasks whose state it holds, as `taskName` gives them. */
  readonly owned: readonly string[]
  /** Tasks of which it has a copy that is nearly up to date. */
  readonly warm: readonly string[]
}

export interface AssignmentOrder {
  readonly epoch: number
  readonly parallelism: number
  /** Copies of each task, beside its owner. */
  readonly standbys: number
  readonly stages: readonly { readonly name: string; readonly partitions: number }[]
}

/** What a member is to do. */
export interface Share {
  readonly tasks: readonly TaskId[]
  readonly copies: readonly CopyId[]
}

export function taskName(task: TaskId): string {
  return `${task.stage}/${task.partition}`
}
