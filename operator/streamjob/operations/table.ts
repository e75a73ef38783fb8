/** The multi-step changes of a job and the only orders in which their steps may follow. operator/docs/operations.md is made of this table. */
import type { Operation } from '../../../crds/streamjob-status.ts'

export interface OperationDefinition {
  readonly meaning: string
  /** In order; each is written into status before it is carried out. */
  readonly steps: readonly StepName[]
  /** Operations that may take its place before it has ended, in any step. */
  readonly interruptedBy: readonly OperationKind[]
  /**
   * Steps in which what the spec says by now may take its place, until the operation's own record is written: workers are only stopped and fenced so
   * far, which everything that could follow does as well.
   */
  readonly replacedIn: readonly StepName[]
}

export type OperationKind = 'Start' | 'Rescale' | 'Upgrade' | 'GrowVolumes' | 'Suspend' | 'Delete'

export type StepName = keyof typeof stepTable

/** What each step does, and what it waits for. Every one may be repeated at any time. */
export const stepTable = {
  Recording: {
    does: 'Writes the next job record with the wanted parallelism, program and mode.',
    waitsFor: 'the brokers',
    deadlineMs: null,
  },
  Committing: {
    does: 'Lets the workers commit what they have open.',
    waitsFor: 'every worker to say that it has stopped, or to be gone',
    deadlineMs: 60_000,
  },
  Stopping: {
    does: 'Sets the replicas of the StatefulSet to 0.',
    waitsFor: 'the API server',
    deadlineMs: null,
  },
  Scaling: {
    does: 'Sets the replicas of the StatefulSet to the wanted parallelism.',
    waitsFor: 'the API server',
    deadlineMs: null,
  },
  Draining: {
    does: 'Deletes pods whose StatefulSet is gone; by force those on a node that is gone or out of service, or with the annotation.',
    waitsFor: 'every pod that is not wanted any more to be gone',
    deadlineMs: null,
  },
  Evicting: {
    does: 'Removes the ordinals that are not wanted any more from the consumer group.',
    waitsFor: 'the brokers',
    deadlineMs: null,
  },
  Resolving: {
    does: 'Aborts open transactions of workers that are gone, and fences their ids.',
    waitsFor: 'the brokers',
    deadlineMs: null,
  },
  Starting: {
    does: 'Writes template and replicas of the StatefulSet in one go. One whose volumes are of another kind is deleted and made anew.',
    waitsFor: 'the API server',
    deadlineMs: null,
  },
  Discarding: {
    does: 'Deletes the claims of workers that are gone for good, and those that the workers to come can not use.',
    waitsFor: 'the API server',
    deadlineMs: null,
  },
  Growing: {
    does: 'Asks for the new size in the claims of the workers.',
    waitsFor: 'the API server to take it',
    deadlineMs: null,
  },
  Replacing: {
    does: 'Deletes the StatefulSet without its pods and makes it anew: what claims are made from can not be changed.',
    waitsFor: 'the StatefulSet to be gone',
    deadlineMs: null,
  },
  Removing: {
    does: 'Deletes the consumer group, and the internal topics unless they are to be retained.',
    waitsFor: 'the brokers',
    deadlineMs: null,
  },
} as const satisfies Record<string, { does: string; waitsFor: string; deadlineMs: number | null }>

/** Before a new record is written. */
const stoppingSteps = ['Stopping', 'Draining', 'Evicting', 'Resolving'] as const
const beforeStart = [...stoppingSteps, 'Discarding', 'Recording'] as const

export const operationTable: Readonly<Record<OperationKind, OperationDefinition>> = {
  Start: {
    meaning: 'A new or a suspended job begins to work.',
    steps: [...beforeStart, 'Starting'],
    interruptedBy: ['Delete'],
    replacedIn: beforeStart,
  },
  Rescale: {
    meaning: 'The job goes to another number of workers or standbys, or takes on new partitions. Workers that stay are not restarted.',
    steps: ['Recording', 'Scaling', 'Draining', 'Evicting', 'Resolving', 'Discarding'],
    interruptedBy: ['Delete'],
    replacedIn: [],
  },
  Upgrade: {
    meaning: 'The job goes to another program or other settings of its pods. State is kept by the changelogs.',
    steps: [...beforeStart, 'Starting'],
    interruptedBy: ['Delete'],
    replacedIn: beforeStart,
  },
  GrowVolumes: {
    meaning: 'The volumes of the workers become larger. No worker is restarted.',
    steps: ['Growing', 'Replacing'],
    interruptedBy: ['Delete'],
    replacedIn: ['Growing'],
  },
  Suspend: {
    meaning: 'The job stops and keeps its state, its positions and its volumes.',
    steps: ['Recording', 'Committing', 'Stopping', 'Draining', 'Resolving'],
    interruptedBy: ['Delete'],
    replacedIn: [],
  },
  Delete: {
    meaning: 'The resource is being deleted: what lies outside Kubernetes goes with it.',
    steps: [...stoppingSteps, 'Removing'],
    interruptedBy: [],
    replacedIn: [],
  },
}

export function isOperationKind(text: string): text is OperationKind {
  return Object.hasOwn(operationTable, text)
}

/** The step behind `step`; null behind the last. Throws on a step that the operation does not have: such a status was written by another release. */
export function stepAfter(kind: OperationKind, step: string): StepName | null {
  const { steps } = operationTable[kind]
  const index = (steps as readonly string[]).indexOf(step)
  if (index < 0) throw new RangeError(`operation ${kind} has no step ${step}`)
  return steps[index + 1] ?? null
}

/** Whether an operation may take the place of one that is under way. */
export function mayInterrupt(running: OperationKind, by: OperationKind): boolean {
  return operationTable[running].interruptedBy.includes(by)
}

/** Whether a newer wish may take the place of an operation; `recordedBy` is the id of the operation that wrote the newest job record. */
export function mayBeReplaced({ kind, id, step }: Pick<Operation, 'kind' | 'id' | 'step'>, recordedBy: string | null): boolean {
  return isOperationKind(kind) && id !== recordedBy && (operationTable[kind].replacedIn as readonly string[]).includes(step)
}
