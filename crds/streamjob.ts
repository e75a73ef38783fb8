import { z } from 'zod'
import { ManifestMeta, ObjectMeta } from './metadata.ts'
import { apiVersion } from './names.ts'
import { parseResource } from './parse.ts'
import { Autoscaling, maxWorkers } from './spec/autoscaling.ts'
import { Deletion } from './spec/deletion.ts'
import { Errors } from './spec/errors.ts'
import { Kafka } from './spec/kafka.ts'
import { Pod } from './spec/pod.ts'
import { Processing } from './spec/processing.ts'
import { Program } from './spec/program.ts'
import { Savepoints } from './spec/savepoints.ts'
import { State } from './spec/state.ts'
import { Restore, Upgrade } from './spec/upgrade.ts'
import { withRules } from './schema/rules.ts'
import { streamJobRules } from './streamjob-rules.ts'
import { StreamJobStatus } from './streamjob-status.ts'

/** What the user wants of a job. */
export const StreamJobSpec = withRules(
  z.object({
    program: Program.describe('What the job runs: exactly one of steps, inline, configMap and image.'),
    kafka: Kafka.describe('How the job reaches its brokers, and what it is called there.'),
    parallelism: z.int().min(0).max(maxWorkers).default(1).describe('Number of workers; the scale subresource points here.'),
    autoscaling: Autoscaling.prefault({}).describe('Who decides on the number of workers, and by which goals.'),
    processing: Processing.prefault({}).describe('Guarantees, commits and time.'),
    errors: Errors.prefault({}).describe(
      "What happens to records that can't be processed. Each is counted: DeadLetter keeps it, Skip does not, Fail stops the job.",
    ),
    state: State.prefault({}).describe('Where the workers keep their state beside the changelog.'),
    savepoints: Savepoints.prefault({}).describe('Storage, schedule and retention of savepoints.'),
    upgrade: Upgrade.prefault({}).describe('How a changed program takes over.'),
    restore: Restore.exactOptional().describe('Start from a savepoint, or afresh; carried out once per id.'),
    pod: Pod.prefault({}).describe("The workers' pods."),
    suspend: z.boolean().default(false).describe('Stop the workers and keep state and positions.'),
    deletion: Deletion.prefault({}).describe('What happens outside Kubernetes when the StreamJob is deleted.'),
  }),
  [
    {
      cel: "!has(self.upgrade.mode) || self.upgrade.mode != 'Savepoint' || has(self.savepoints.storage)",
      check: (value) => value.upgrade.mode !== 'Savepoint' || value.savepoints.storage !== undefined,
      fieldPath: '.upgrade.mode',
      message: 'mode Savepoint needs savepoints.storage; without it the mode is Restart',
    },
  ],
)
/** The spec with every default filled in. */
export type StreamJobSpec = z.output<typeof StreamJobSpec>

const kind = { apiVersion: z.literal(apiVersion), kind: z.literal('StreamJob') }

/** A StreamJob as the API server stores it. */
export const StreamJob = withRules(
  z.object({ ...kind, metadata: ObjectMeta, spec: StreamJobSpec, status: StreamJobStatus.exactOptional() }),
  streamJobRules,
)
export type StreamJob = z.output<typeof StreamJob>

/** A StreamJob as a user writes it: what the API server fills in is not there yet. */
export const StreamJobManifest = withRules(z.object({ ...kind, metadata: ManifestMeta, spec: StreamJobSpec }), streamJobRules)
export type StreamJobManifest = z.output<typeof StreamJobManifest>

/** A stored object with defaults filled in; throws InvalidResource, whose message names every wrong field. */
export function parseStreamJob(object: unknown): StreamJob {
  return parseResource(StreamJob, object)
}

/** A manifest that was never stored, such as a file of `streamjob dev`; throws InvalidResource, on unknown fields too. */
export function parseStreamJobManifest(object: unknown): StreamJobManifest {
  return parseResource(StreamJobManifest, object, { unknownFields: 'refuse' })
}
