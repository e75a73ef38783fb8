/** The queries as whole jobs on virtual brokers, against references that share nothing with the runtime. */
import { existsSync, readFileSync } from 'node:fs'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { parse } from 'yaml'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { lanesOf, rowsOf, tried } from '../../support/whole-job/trial.ts'
import { eventsOf, timeOf } from './events.ts'
import { references } from './reference.ts'

const partitions = 4
const events = eventsOf({ count: 4_000 })
const partitionOf = (i: number): number => i % partitions
const records = events.map((value, i) => ({ key: null, value, timestamp: timeOf(value), partition: partitionOf(i) }))

async function assertExact(t: ExecutionContext, plan: Plan, query: string, parallelism: number): Promise<void> {
  const { perRecord, rows } = references[query]!
  const parts = Array.from({ length: partitions }, (_, partition) => rows(events.filter((_event, i) => partitionOf(i) === partition)))
  const expected = lanesOf(perRecord ? parts : [rows(events)])
  const { results, dropped } = await tried({ plan, records, partitions, parallelism, parts: 5 })
  t.deepEqual(dropped, [])
  t.deepEqual(lanesOf(rowsOf(results, partitions)), expected)
  t.true(results.length > 0)
}

for (const query of Object.keys(references)) {
  const [module, steps] = [`${import.meta.dirname}/${query}.ts`, `${import.meta.dirname}/${query}.yaml`]
  if (existsSync(module)) {
    for (const parallelism of [1, 2, 3]) {
      test.serial(`${query} is exact with ${parallelism} workers that are cut off`, async (t) => {
        // A job module's default export is its plan.
        const { default: plan } = (await import(module)) as { default: Plan }
        await assertExact(t, plan, query, parallelism)
      })
    }
  }
  if (existsSync(steps)) {
    test.serial(`${query} is exact as steps`, async (t) => {
      const { spec } = parse(readFileSync(steps, 'utf8')) as { spec: { program: { steps: unknown } } }
      await assertExact(t, parseSteps(spec.program.steps), query, 2)
    })
  }
}
