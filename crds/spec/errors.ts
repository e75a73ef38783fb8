import { z } from 'zod'
import { topicName } from '../schema/formats.ts'
import { withRules } from '../schema/rules.ts'

const policy = z.enum(['DeadLetter', 'Fail', 'Skip'])

/** What happens to a record that can't take part. */
export type ErrorPolicy = z.output<typeof policy>

/** What happens to records that can't be processed; none is dropped without being counted. */
export const Errors = withRules(
  z.object({
    undecodable: policy.default('DeadLetter').describe('Records that are not of the declared format, or lack a key or a plausible timestamp.'),
    processing: policy.default('DeadLetter').describe('Records whose function throws.'),
    late: policy.default('DeadLetter').describe('Records all of whose windows are closed. DeadLetter: the late topic.'),
    lateTopic: topicName().exactOptional().describe('Where late records go. When absent it is APPLICATIONID.late.'),
  }),
  [
    {
      cel: "!has(self.lateTopic) || self.late == 'DeadLetter'",
      check: (value) => value.lateTopic === undefined || value.late === 'DeadLetter',
      fieldPath: '.lateTopic',
      message: 'lateTopic is used with late: DeadLetter only',
    },
  ],
)
export type Errors = z.output<typeof Errors>
