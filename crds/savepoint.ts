import { z } from 'zod'
import { Condition } from './conditions.ts'
import { ObjectMeta } from './metadata.ts'
import { apiVersion } from './names.ts'
import { parseResource } from './parse.ts'
import { jobName } from './schema/formats.ts'
import { operatorInstant } from './schema/instant.ts'
import { withRules } from './schema/rules.ts'
import { listByKey, text } from './schema/scalars.ts'

/** Which job's savepoint, and what becomes of the files. */
export const SavepointSpec = z.object({
  job: withRules(jobName(), [
    { transition: 'self == oldSelf', message: "job can't be changed: a savepoint is of one job; make a new Savepoint instead" },
  ]).describe('Name of the StreamJob, in the same namespace.'),
  deletionPolicy: z.enum(['Retain', 'Delete']).default('Retain').describe('What becomes of the files when the Savepoint is deleted.'),
})
export type SavepointSpec = z.output<typeof SavepointSpec>

/** Decimal digits: numbers that may be larger than a double holds exactly. */
const bigCount = (): z.ZodString => text({ max: 20 })

/** What was stored. */
export const SavepointStatus = z.object({
  observedGeneration: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER - 1)
    .exactOptional()
    .describe('Generation of the spec that this status speaks of.'),
  conditions: listByKey(Condition, 'type', { max: 16 }).exactOptional().describe('What holds and what does not.'),
  location: text({ max: 2048 }).exactOptional().describe('Address of the manifest.'),
  bytes: bigCount().exactOptional().describe('Size of all files.'),
  rows: bigCount().exactOptional().describe('Rows of state.'),
  tasks: z.int().min(0).max(1_000_000_000).exactOptional().describe('Tasks that it holds.'),
  planFingerprint: text({ max: 128 }).exactOptional().describe('Fingerprint of the plan that wrote it.'),
  epoch: text({ max: 20 }).exactOptional().describe('Epoch of the job when it was taken.'),
  completedAt: operatorInstant().exactOptional().describe('When the manifest was written.'),
})
export type SavepointStatus = z.output<typeof SavepointStatus>

/** A Savepoint as the API server stores it. */
export const Savepoint = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('Savepoint'),
  metadata: ObjectMeta,
  spec: SavepointSpec,
  status: SavepointStatus.exactOptional(),
})
export type Savepoint = z.output<typeof Savepoint>

/** A stored object with defaults filled in; throws InvalidResource, whose message names every wrong field. */
export function parseSavepoint(object: unknown): Savepoint {
  return parseResource(Savepoint, object)
}
