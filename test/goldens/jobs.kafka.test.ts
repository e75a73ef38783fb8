/** Goldens as whole jobs on a real broker. */
import test from 'ava'
import { uniqueName } from '../support/kafka.ts'
import { realGround } from '../support/whole-job/ground.ts'
import { goldens } from './golden.ts'
import { interruptions, perform } from './job.ts'
import type { Interruption } from './job.ts'

const runs: readonly (readonly [Interruption, number])[] = [
  ['a change of the number of workers', 1],
  ['a crash', 2],
  ['a restart', 3],
]

for (const [name, golden] of goldens) {
  for (const [what, parallelism] of runs) {
    test(`${name}: a job of ${parallelism} gives the same, with ${what} at every mark`, async (t) => {
      t.timeout(120_000)
      await perform(t, golden, { ground: realGround(), name: uniqueName(t), parallelism, interrupt: interruptions[what] })
    })
  }
}
