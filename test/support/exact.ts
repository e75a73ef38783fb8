/** Whether a job's topics hold exactly what its committed input gives, by the plain model of test/e2e/oracle.ts. */
import type { ExecutionContext } from 'ava'
import { names } from '../../runtime/protocol.ts'
import { compareCoordinates, compareResults, expectedOf } from '../e2e/oracle.ts'
import { countJob } from './job-run.ts'
import type { JobRun } from './job-run.ts'

const nothing = { missing: [], unexpected: [], duplicated: [] }

/** Output, late and dead-letter topics hold exactly what the committed input gives, and that is at least so many records. */
export async function assertExact(t: ExecutionContext, run: JobRun, atLeast = 1): Promise<void> {
  const expected = expectedOf(countJob, await run.read(run.input), await run.committed())
  t.true(expected.records >= atLeast, `${expected.records} records were committed`)
  t.deepEqual(compareResults(expected, await run.read(run.output)), { ...nothing, wrong: [] })
  t.deepEqual(compareCoordinates(expected.late, await run.read(names.lateTopic(run.applicationId))), nothing)
  t.deepEqual(compareCoordinates(expected.dead.keys(), await run.read(names.deadLetterTopic(run.applicationId))), nothing)
}
