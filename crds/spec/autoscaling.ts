import { z } from 'zod'
import { withRules } from '../schema/rules.ts'
import { duration } from '../schema/scalars.ts'

/** The most workers a job can have. */
export const maxWorkers = 1_000

/** Who decides how many workers there are, and by which goals. */
export const Autoscaling = withRules(
  z.object({
    mode: z
      .enum(['Disabled', 'DryRun', 'Enabled'])
      .default('Disabled')
      .describe('Enabled: the operator decides and spec.parallelism is not used. DryRun: it only writes into status what it would do.'),
    minParallelism: z.int().min(0).max(maxWorkers).default(1).describe('Fewest workers; 0 allows scale to zero.'),
    maxParallelism: z.int().min(1).max(maxWorkers).exactOptional().describe('Most workers; required unless the mode is Disabled.'),
    targetUtilization: withRules(z.number().min(0).max(100), [
      {
        cel: 'self >= 0.1 && self <= 0.95',
        check: (value) => value >= 0.1 && value <= 0.95,
        message: 'write a share from 0.1 to 0.95, such as 0.7',
      },
    ])
      .default(0.7)
      .describe('Share of its time that a worker should be busy.'),
    maxDelay: duration().default('30s').describe('How old the oldest unread record may become.'),
    catchUp: duration().default('5m').describe('In which time a backlog should be worked off.'),
    scaleDown: z
      .object({
        stabilization: duration({ zero: true }).default('10m').describe('How long fewer workers must have been enough.'),
      })
      .prefault({})
      .describe('When to go down.'),
  }),
  [
    {
      cel: "self.mode == 'Disabled' || has(self.maxParallelism)",
      check: (value) => value.mode === 'Disabled' || value.maxParallelism !== undefined,
      fieldPath: '.maxParallelism',
      message: 'set maxParallelism: autoscaling needs an upper limit',
    },
    {
      cel: '!has(self.maxParallelism) || self.minParallelism <= self.maxParallelism',
      check: (value) => value.maxParallelism === undefined || value.minParallelism <= value.maxParallelism,
      fieldPath: '.minParallelism',
      message: 'minParallelism must not be greater than maxParallelism',
    },
  ],
)
export type Autoscaling = z.output<typeof Autoscaling>
