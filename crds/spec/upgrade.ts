import { z } from 'zod'
import { objectName } from '../schema/formats.ts'
import { withRules } from '../schema/rules.ts'
import { duration, text } from '../schema/scalars.ts'

/** How a changed program takes over. */
export const Upgrade = z.object({
  mode: z
    .enum(['Savepoint', 'Restart'])
    .exactOptional()
    .describe('Restart keeps state by the changelog. When absent it is Savepoint with savepoints.storage and Restart without.'),
  allowNonRestoredState: z.boolean().default(false).describe('Whether state that the new program does not know may be left behind.'),
  readyTimeout: duration().default('5m').describe('By when the new program must be healthy.'),
  rollback: z.boolean().default(true).describe('Whether to go back by itself until the first commit of the new program.'),
})
export type Upgrade = z.output<typeof Upgrade>

/** A wish to go back in history or to start afresh; carried out once per id. */
export const Restore = z.object({
  id: text(
    { max: 63 },
    {
      pattern: '^[a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?$',
      message: 'write letters, digits, dashes, underscores and dots, beginning and ending with a letter or digit',
    },
  ).describe('Name of this wish; a new id asks for it anew.'),
  from: withRules(
    z.object({
      savepoint: objectName().exactOptional().describe('A Savepoint in the namespace of the job.'),
      fresh: z.object({}).exactOptional().describe('`{}`: without state, positions as in a new job.'),
    }),
    [
      {
        cel: 'has(self.savepoint) != has(self.fresh)',
        check: (value) => (value.savepoint === undefined) !== (value.fresh === undefined),
        message: 'set exactly one of savepoint and fresh',
      },
    ],
  ).describe('What to start from.'),
})
export type Restore = z.output<typeof Restore>
