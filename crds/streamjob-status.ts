import { z } from 'zod'
import { Condition } from './conditions.ts'
import { maxWorkers } from './spec/autoscaling.ts'
import { operatorInstant } from './schema/instant.ts'
import { listByKey, map, text } from './schema/scalars.ts'

const size = (): z.ZodInt => z.int().min(0).max(maxWorkers)
const count = (): z.ZodInt => z.int().min(0).max(1_000_000_000)

/** A multi-step change under way: the operator's write-ahead log. A restarted operator goes on from here. */
const Operation = z.object({
  kind: text({ max: 64 }).describe('Start, Rescale, Upgrade, GrowVolumes, Savepoint, Suspend or Delete.'),
  id: text({ max: 128 }).describe('Tells this operation from others of its kind; names and paths are made of it.'),
  step: text({ max: 64 }).describe('The step that is being carried out.'),
  from: size().exactOptional().describe('Workers before.'),
  to: size().exactOptional().describe('Workers after.'),
  savepoint: text({ max: 253 }).exactOptional().describe('Savepoint that the operation takes or starts from.'),
  startedAt: operatorInstant().describe('When the operation began.'),
  stepStartedAt: operatorInstant().exactOptional().describe('When the step began.'),
  deadline: operatorInstant().exactOptional().describe('When the step is given up.'),
  inputs: map(text({ min: 0, max: 1024 }), { max: 32 })
    .exactOptional()
    .describe('What further was fixed when the operation began.'),
})
export type Operation = z.output<typeof Operation>

/** What the operator has seen and decided. Numbers that change all the time are in the metrics. */
export const StreamJobStatus = z.object({
  observedGeneration: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER - 1)
    .exactOptional()
    .describe('Generation of the spec that this status speaks of.'),
  epoch: text({ max: 20 }).exactOptional().describe('Number of the newest job record.'),
  parallelism: size().exactOptional().describe('Workers that the job record names.'),
  selector: text({ min: 0, max: 512 }).exactOptional().describe('Label selector of the workers.'),
  workers: text({ max: 16 }).exactOptional().describe('Workers that are ready, of those wanted: `2/3`.'),
  conditions: listByKey(Condition, 'type', { max: 32 }).exactOptional().describe('What holds and what does not.'),
  operation: Operation.exactOptional().describe('The change that is being carried out.'),
  program: z
    .object({
      fingerprint: text({ min: 0, max: 128 }).describe('The first digits of the fingerprint of the plan, enough to tell programs apart.'),
      codeHash: text({ min: 0, max: 128 }).exactOptional().describe('Hash of the program that was planned.'),
      image: text({ min: 0, max: 1024 }).exactOptional().describe('Image that runs, by digest.'),
      stages: count().describe('Stages of the plan.'),
      tasks: count().describe('Tasks: partitions of all stages.'),
    })
    .exactOptional()
    .describe('The program that runs.'),
  restore: z
    .object({
      id: text({ max: 63 }).describe('Id of spec.restore.'),
      savepoint: text({ max: 253 }).exactOptional().describe('Savepoint that it started from; absent: afresh.'),
    })
    .exactOptional()
    .describe('The newest restore that was carried out.'),
  lastSavepoint: z
    .object({
      name: text({ max: 253 }).describe('Name of the Savepoint.'),
      completedAt: operatorInstant().describe('When it was complete.'),
    })
    .exactOptional()
    .describe('The newest complete savepoint.'),
  autoscaler: z
    .object({
      desired: size().describe('Workers that it wants.'),
      reason: text({ min: 0, max: 1024 }).describe('Why.'),
      decidedAt: operatorInstant().describe('Since when.'),
    })
    .exactOptional()
    .describe("The autoscaler's decision."),
})
export type StreamJobStatus = z.output<typeof StreamJobStatus>
