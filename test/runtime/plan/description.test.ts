import test from 'ava'
import fc from 'fast-check'
import { PlanResult } from '../../../runtime/protocol.ts'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import { explain } from '../../../runtime/plan/explain.ts'
import { canonicalPlan, fingerprint } from '../../../runtime/plan/fingerprint.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { programError } from '../../../runtime/plan/problems.ts'
import { errorResult, plannedResult, problemResult } from '../../../runtime/plan/result.ts'
import { isStateful, stagesOf } from '../../../runtime/plan/structure/stages.ts'
import { kafka, max, stream, sum, t as types, tumbling } from '../../../runtime/index.ts'
import alerts from '../../jobs/alerts.ts'
import revenue from '../../jobs/revenue.ts'
import spending from '../../jobs/spending.ts'

/** The same data with the keys of every object in another order. */
function shuffled(value: unknown, key: (name: string) => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, key))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => key(a) - key(b))
  return Object.fromEntries(entries.map(([name, part]) => [name, shuffled(part, key)]))
}

test('the fingerprint does not depend on the order of keys', (t) => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const key = (name: string): number => Math.sin(seed + name.length * 31 + name.charCodeAt(0))
      return fingerprint(shuffled(revenue, key) as Plan) === fingerprint(revenue)
    }),
  )
  t.regex(fingerprint(revenue), /^[0-9a-f]{64}$/)
})

test('the fingerprint changes with anything that the plan says, the text of its functions included', (t) => {
  const text = JSON.stringify(revenue)
  const variants = [
    ['60000', '60001'],
    ['order.amount > 0', 'order.amount > 1'],
    ['"revenue"', '"income"'],
    ['revenue-per-minute', 'revenue-per-hour'],
  ] as const
  const prints = variants.map(([from, to]) => fingerprint(JSON.parse(text.replaceAll(from, to)) as Plan))
  t.is(new Set([fingerprint(revenue), ...prints]).size, 5)
})

test('the canonical plan holds the text of functions and no functions', (t) => {
  t.deepEqual(JSON.parse(canonicalPlan(revenue)), JSON.parse(JSON.stringify({ formatVersion: revenue.formatVersion, nodes: revenue.nodes })))
  t.true(canonicalPlan(revenue).includes('order.amount > 0'))
})

test('a chain is one stage, named by its source topic', (t) => {
  const [stage, ...others] = stagesOf(revenue)
  t.is(others.length, 0)
  t.is(stage?.name, 'orders')
  t.deepEqual(
    stage?.transforms.map(({ uid }) => uid),
    ['eventTime-1', 'filter-1', 'keyBy-1', 'revenue'],
  )
  t.true(stage !== undefined && isStateful(stage))
  t.false(stagesOf(alerts).some(isStateful))
})

const byRegion = stream
  .from(
    kafka({
      topic: 'orders',
      key: 'customer',
      schema: types.object({ customer: types.string, region: types.string, amount: types.number, at: types.timestamp }),
    }),
  )
  .eventTime('at', { outOfOrderness: '10s' })
  .filter((order) => order.amount > 0)
  .keyBy('region', { name: 'by-region' })
  .window(tumbling('1m'))
  .aggregate('revenue', { total: sum('amount') })
  .keyBy('key')
  .window(tumbling('1h'))
  .aggregate('best', { best: max('total') })
  .to(kafka({ topic: 'revenue' }))

test('a plan is cut into stages where records go to other partitions, and nowhere else', (t) => {
  const [first, second, ...others] = stagesOf(byRegion)
  t.is(others.length, 0)
  t.deepEqual([first?.name, first?.source.kind, first?.sinks[0]?.kind], ['orders', 'source', 'repartition'])
  t.deepEqual(
    first?.transforms.map(({ uid }) => uid),
    ['eventTime-1', 'filter-1'],
  )
  t.like(second, {
    name: 'by-region',
    source: { kind: 'repartition', keyField: 'region', writers: ['orders'], timed: true },
    sinks: [{ kind: 'sink' }],
  })
  t.deepEqual(
    second?.transforms.map(({ uid }) => uid),
    ['revenue', 'keyBy-2', 'best'],
  )
  t.deepEqual(second?.source.kind === 'repartition' && second.source.keyType, { kind: 'string' })
})

test('streams that are merged end in one topic, and nodes that nobody has named keep apart', (t) => {
  const [web, shops, byUser, ...others] = stagesOf(spending)
  t.is(others.length, 0)
  t.deepEqual([web?.name, shops?.name, byUser?.name], ['web-orders', 'shop-receipts', 'by-user'])
  t.deepEqual(
    [web, shops].map((stage) => stage?.transforms.map(({ uid }) => uid)),
    [
      ['eventTime-1', 'map-1', 'merge-1', 'filter-1'],
      ['eventTime-2', 'map-2', 'merge-1', 'filter-1'],
    ],
  )
  t.deepEqual(web?.sinks, shops?.sinks)
  t.like(byUser?.source, { kind: 'repartition', keyField: 'user', writers: ['web-orders', 'shop-receipts'], timed: true })
  const uids = spending.nodes.map(({ uid }) => uid)
  t.is(new Set(uids).size, uids.length)
  t.true(explain(spending).includes('reads web-orders, shop-receipts, writes spending'), explain(spending))
})

test('a plan of several stages is explained, with what they send to each other', (t) => {
  const text = explain(byRegion)
  t.true(text.includes('  by-region    send by region to stage by-region\n'), text)
  t.true(text.includes('stage by-region (keeps state)\n  by-region  read what orders sends by region\n'), text)
  t.true(text.includes('topics\n  reads orders, writes revenue\n  keeps its own for by-region, by region\n'), text)
})

test('the time of records is explained, however they get it', (t) => {
  const explained = (from: object, time: object): readonly string[] =>
    explain(parseSteps([{ from: { topic: 'a', ...from }, ...time }, { to: { topic: 'b' } }])).split('\n')
  const [, source, eventTime] = explained({ idleTimeout: '5s' }, { eventTime: { header: 'sent', monotonous: true } })
  t.is(source, '  a            read topic a as json, a partition idle after 5s')
  t.is(eventTime, '  eventTime-1  event time from header sent, never out of order')
  const aligned = explained({}, { eventTime: { from: 'record', outOfOrderness: '5s', maxDrift: '1m' } })
  const ahead = 'no partition read on that is more than 1m ahead of another'
  t.is(aligned[2], `  eventTime-1  event time from the record's own timestamp, at most 5s out of order, ${ahead}`)
  t.regex(explained({}, { processingTime: {} })[2] ?? '', /processing time: a record is of the moment at which it is worked on/)
})

test('a plan is explained by stages, topics and state', (t) => {
  t.is(
    explain(revenue),
    `stage orders (keeps state)
  orders       read topic orders as json { customer: string, amount: number, at: timestamp }, record key is customer
  eventTime-1  event time from field at, at most 10s out of order
  filter-1     keep where (order) => order.amount > 0
  keyBy-1      key by customer
  revenue      tumbling window 1m, lateness 30s: orders = count(), total = sum(amount)
  sink-1       write topic revenue-per-minute as json

topics
  reads orders, writes revenue-per-minute

state
  revenue: one row for each key and open window
`,
  )
})

test('the answer to the operator is what the protocol reads', (t) => {
  const result = plannedResult(revenue)
  t.deepEqual(PlanResult.parse(result), result)
  t.like(result, {
    kind: 'planned',
    stages: [
      {
        name: 'orders',
        sourceTopic: 'orders',
        writers: [],
        keyField: 'customer',
        stateful: true,
        sinks: [{ topic: 'revenue-per-minute', create: null }],
        feeds: [],
      },
    ],
  })
  const shuffled = plannedResult(byRegion)
  t.deepEqual(PlanResult.parse(shuffled), shuffled)
  t.like(shuffled, {
    stages: [
      { name: 'orders', sourceTopic: 'orders', writers: [], sinks: [], feeds: ['by-region'], stateful: false },
      { name: 'by-region', sourceTopic: null, writers: ['orders'], sinks: [{ topic: 'revenue', create: null }], feeds: [], stateful: true },
    ],
  })
})

test('problems are cut to the bounds of the protocol', (t) => {
  const problem = { kind: 'invalid', path: 'p'.repeat(2_000), message: 'm'.repeat(5_000) } as const
  const result = problemResult(Array.from({ length: 150 }, () => problem))
  t.deepEqual(PlanResult.parse(result), result)
  t.is(result.problems.length, 100)
})

test('a program is NotSupportedYet only when nothing else is wrong with it', (t) => {
  const invalid = { kind: 'invalid', path: 'a', message: 'wrong' } as const
  const later = { kind: 'not-supported-yet', path: 'b', message: 'later' } as const
  t.is(errorResult(programError([later]))?.reason, 'NotSupportedYet')
  t.is(errorResult(programError([later, invalid]))?.reason, 'PlanError')
  t.is(programError([later]).code, 'not-supported-yet')
  t.is(programError([later, invalid]).code, 'program-invalid')
  t.is(errorResult(new Error('something else')), null)
})
