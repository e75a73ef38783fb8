import { z } from 'zod'
import { duration } from '../schema/scalars.ts'

/** What happens outside Kubernetes when the StreamJob is deleted. */
export const Deletion = z.object({
  savepoint: z.enum(['IfStorage', 'Never']).default('IfStorage').describe('Whether to take a last savepoint, where savepoints.storage is set.'),
  internalTopics: z
    .enum(['Delete', 'Retain'])
    .default('Delete')
    .describe('What becomes of job topic, changelogs and repartition topics. Late and dead-letter topics are always kept.'),
  deadline: duration().default('10m').describe('After which the resource is let go; what could not be removed is then named in an event.'),
})
export type Deletion = z.output<typeof Deletion>
