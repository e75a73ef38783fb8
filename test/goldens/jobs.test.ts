/** Goldens as whole jobs on virtual brokers, in virtual time. */
import test from 'ava'
import { virtualGround } from '../support/whole-job/ground.ts'
import { goldens } from './golden.ts'
import { interruptions, perform } from './job.ts'
import type { Interruption } from './job.ts'

/** Crashes with any number of workers; the others with one number each. */
const runs: readonly (readonly [Interruption, number])[] = [
  ['a crash', 1],
  ['a crash', 2],
  ['a crash', 3],
  ['a commit and a crash', 2],
  ['a restart', 3],
  ['a change of the number of workers', 1],
]

for (const [name, golden] of goldens) {
  for (const [seed, [what, parallelism]] of runs.entries()) {
    test.serial(`${name}: a job of ${parallelism} gives the same, with ${what} at every mark`, async (t) => {
      const ground = virtualGround(seed)
      await ground.run(() => perform(t, golden, { ground, name: 'golden', parallelism, interrupt: interruptions[what] }))
    })
  }
}
