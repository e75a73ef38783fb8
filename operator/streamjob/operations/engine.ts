import type { Operation } from '../../../crds/streamjob-status.ts'
import { runStep, type RunStep, type StepResult } from './steps.ts'
import { isOperationKind, stepAfter, stepTable, type StepName } from './table.ts'
import type { Visit } from '../visit.ts'

/** Steps that only one kind of operation has, given by whoever carries it out. */
export type ExtraSteps = Partial<Record<StepName, RunStep>>

/**
 * Carries an operation from step to step until it has ended (null) or waits (what for). Operation and step are written into status before the first
 * effect of the step, so a restarted operator goes on from there; steps that have nothing to do leave no trace.
 */
export async function carryOut(visit: Visit, begun: Operation, extra: ExtraSteps = {}): Promise<string | null> {
  const { kind } = begun
  if (!isOperationKind(kind)) throw new RangeError(`status.operation.kind ${kind} is not known to this operator`)
  const steps: Partial<Record<string, RunStep>> = { ...runStep, ...extra }
  for (let operation = begun; ;) {
    const run = steps[operation.step]
    if (run === undefined) throw new RangeError(`operation ${kind} has no step ${operation.step}`)
    const current = operation
    const ahead = async (): Promise<void> => {
      if (visit.operation?.id !== current.id || visit.operation.step !== current.step) await visit.saveOperation(current)
    }
    const result: StepResult = await run({ visit, operation, ahead })
    if (result.kind === 'waiting') {
      await ahead()
      return result.message
    }
    const step = stepAfter(kind, operation.step)
    if (step === null) {
      // Of a deleted job the last step stays: it tells what was removed already from what was never there.
      if (visit.operation !== undefined && kind !== 'Delete') await visit.saveOperation(undefined)
      return null
    }
    operation = atStep(operation, step, visit.world.clock.now())
  }
}

function atStep(operation: Operation, step: StepName, now: number): Operation {
  const { deadlineMs } = stepTable[step]
  const instant = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
  const { deadline: previous, ...kept } = operation
  void previous
  return { ...kept, step, stepStartedAt: instant(now), ...(deadlineMs !== null && { deadline: instant(now + deadlineMs) }) }
}
