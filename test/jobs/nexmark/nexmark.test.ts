/** The queries as whole jobs on virtual brokers, against references that share nothing with the runtime. */
import { existsSync, readFileSync } from 'node:fs'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { parse } from 'yaml'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { lanesOf, rowsOf, tried } from '../../support/whole-job/trial.ts'
import type { SentRecord } from '../../support/whole-job/whole-job.ts'
import { eventsOf, timeOf } from './events.ts'
import q12 from './q12.ts'
import { bidsPerBidder, references } from './reference.ts'

const partitions = 4
// So few a second that some auctions are as hot as others now and then, and that people pause.
const events = eventsOf({ count: 4_000, perSecond: 10 })
const partitionOf = (i: number): number => i % partitions
const records = events.map((value, i) => ({ key: null, value, timestamp: timeOf(value), partition: partitionOf(i) }))
/** The same without bids, in a topic for each kind. */
const apart = records.flatMap(({ value: { person, auction }, ...record }): readonly SentRecord[] => {
  if (person !== null) return [{ ...record, value: person, topic: 'people' }]
  return auction === null ? [] : [{ ...record, value: auction, topic: 'auctions' }]
})

async function assertExact(t: ExecutionContext, plan: Plan, query: string, parallelism: number): Promise<void> {
  const { perRecord, rows } = references[query]!
  const parts = Array.from({ length: partitions }, (_, partition) => rows(events.filter((_event, i) => partitionOf(i) === partition)))
  const expected = lanesOf(perRecord ? parts : [rows(events)])
  const { results, dropped } = await tried({ plan, records: query === 'q8-merged' ? apart : records, partitions, parallelism, parts: 5 })
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

for (const parallelism of [1, 2, 3]) {
  test.serial(
    `q12 counts every bid once, with ${parallelism} workers that are cut off, in windows of the time at which it is worked on`,
    async (t) => {
      const { results, dropped } = await tried({ plan: q12, records, partitions, parallelism, parts: 5, pauseMs: 4_000 })
      t.deepEqual(dropped, [])
      const rows = results.map(({ key, value, timestamp }) => ({ key, timestamp, ...(JSON.parse(value ?? '') as BidsOfTheMoment) }))
      const found = [...Map.groupBy(rows, ({ bidder }) => bidder)].toSorted(([a], [b]) => a - b)
      const totals = found.map(([bidder, windows]) => [bidder, windows.reduce((sum, { bids }) => sum + bids, 0)])
      t.deepEqual(totals, bidsPerBidder(events))
      for (const [bidder, windows] of found) {
        const starts = windows.map(({ windowStart }) => windowStart)
        t.deepEqual(
          starts,
          [...new Set(starts)].toSorted((a, b) => a - b),
        )
        for (const { key, windowStart, windowEnd, timestamp } of windows) {
          t.deepEqual([key, windowStart % 10_000, windowEnd - windowStart, timestamp], [String(bidder), 0, 10_000, windowEnd - 1])
        }
      }
      t.true(new Set(rows.map(({ windowStart }) => windowStart)).size > 1)
    },
  )
}

interface BidsOfTheMoment {
  readonly bidder: number
  readonly bids: number
  readonly windowStart: number
  readonly windowEnd: number
}
