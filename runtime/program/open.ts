/** The plan of what a worker's configuration names: steps or a module. */
import type { WorkerConfig } from '../config.ts'
import { parseSteps } from '../dsl/steps.ts'
import type { Plan } from '../plan/nodes.ts'
import { loadProgram } from './load.ts'

/** Throws as `parseSteps` and `loadProgram` do. */
export async function openProgram(program: WorkerConfig['program']): Promise<Plan> {
  return program.kind === 'steps' ? parseSteps(program.steps) : loadProgram(program.path)
}
