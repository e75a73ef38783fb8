/** What tests of programs import from `streamjob/testing`. */
export { simulate } from './simulation/simulate.ts'
export type { SimulationResult } from './simulation/simulate.ts'
export type { InputRecord, ModelOutput, SimulatedJob, TaskModel } from './simulation/job.ts'
export { seededRandom } from './time/random.ts'
export type { Random } from './time/random.ts'
