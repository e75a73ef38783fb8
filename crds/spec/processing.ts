import { z } from 'zod'
import { parseDuration } from '../durations.ts'
import { withRules } from '../schema/rules.ts'
import { celDuration, duration, isCelDuration, isCelDurationText } from '../schema/scalars.ts'
import { instant } from '../schema/instant.ts'

/** Guarantees, commits and time. */
export const Processing = withRules(
  z.object({
    guarantee: z
      .enum(['ExactlyOnce', 'AtLeastOnce'])
      .default('ExactlyOnce')
      .describe('AtLeastOnce: outputs leave at once and may repeat after a failure; state stays exact.'),
    commitInterval: celDuration('10ms', '5m').default('1s').describe('Time between commits; outputs become visible with the commit.'),
    transactionTimeout: celDuration('1s', '15m').default('30s').describe('After which the brokers abort the transaction of a dead worker.'),
    sessionTimeout: celDuration('6s', '30m')
      .default('45s')
      .describe('For how long a silent worker keeps its tasks. A restart within it moves nothing.'),
    startFrom: z
      .enum(['Earliest', 'Latest', 'Timestamp'])
      .default('Earliest')
      .describe('Where to begin in partitions that were never read. A source may say otherwise.'),
    startTimestamp: instant().exactOptional().describe('Where `startFrom: Timestamp` begins.'),
    idleTimeout: duration()
      .default('30s')
      .describe('After which a partition that is read to its end no longer holds the watermark. A source may say otherwise.'),
    maxFutureTimestamp: duration().default('1h').describe('A record that is further ahead of the clock is a dead letter.'),
  }),
  [
    {
      cel: bothDurations('commitInterval', 'transactionTimeout', 'duration(self.commitInterval) < duration(self.transactionTimeout)'),
      check: (value) =>
        !areDurations(value.commitInterval, value.transactionTimeout) ||
        parseDuration(value.commitInterval) < parseDuration(value.transactionTimeout),
      fieldPath: '.commitInterval',
      message: 'commitInterval must be shorter than transactionTimeout: a commit has to end before the brokers abort it',
    },
    {
      cel: bothDurations(
        'transactionTimeout',
        'sessionTimeout',
        "duration(self.transactionTimeout) + duration('12s') <= duration(self.sessionTimeout)",
      ),
      check: (value) =>
        !areDurations(value.transactionTimeout, value.sessionTimeout) ||
        parseDuration(value.transactionTimeout) + 12_000 <= parseDuration(value.sessionTimeout),
      fieldPath: '.sessionTimeout',
      message: "sessionTimeout must be at least transactionTimeout + 12s, so that a dead worker's transaction has ended before its tasks move",
    },
    {
      cel: "(self.startFrom == 'Timestamp') == has(self.startTimestamp)",
      check: (value) => (value.startFrom === 'Timestamp') === (value.startTimestamp !== undefined),
      fieldPath: '.startTimestamp',
      message: 'startTimestamp goes with startFrom: Timestamp; set both or neither',
    },
  ],
)
export type Processing = z.output<typeof Processing>

function bothDurations(first: string, second: string, rule: string): string {
  return `!${isCelDuration(`self.${first}`)} || !${isCelDuration(`self.${second}`)} || ${rule}`
}

function areDurations(...texts: readonly string[]): boolean {
  return texts.every(isCelDurationText)
}
