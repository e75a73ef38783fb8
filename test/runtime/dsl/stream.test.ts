import test from 'ava'
import { count, kafka, sliding, stream, sum, t as types, tumbling, type Duration } from '../../../runtime/index.ts'
import { problemsOf } from '../../../runtime/plan/problems.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'

const Order = types.object({ customer: types.string, amount: types.number, at: types.timestamp })
const orders = stream.from(kafka({ topic: 'orders', key: 'customer', schema: Order })).eventTime('at', { outOfOrderness: '10s' })
const results = kafka({ topic: 'results' })

function uids(plan: Plan): readonly string[] {
  return plan.nodes.map(({ uid }) => uid)
}

test('a stream may be branched twice, and neither branch knows the other', (t) => {
  const large = orders.filter((order) => order.amount > 100)
  const a = large.to(results)
  const b = large.map(({ amount }) => ({ amount })).to(results)
  t.deepEqual(uids(a), ['orders', 'eventTime-1', 'filter-1', 'sink-1'])
  t.deepEqual(uids(b), ['orders', 'eventTime-1', 'filter-1', 'map-1', 'sink-1'])
})

test('a plan is frozen to the last part', (t) => {
  const isDeeplyFrozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen))
  t.true(isDeeplyFrozen(orders.keyBy('customer').window(tumbling('1m')).aggregate('n', { n: count() }).to(results)))
})

test('nodes are named by kind and place, stateful ones by the author, the source by its topic', (t) => {
  const plan = orders
    .filter(() => true)
    .filter(() => false)
    .keyBy('customer')
    .filter(() => true)
    .window(tumbling('1m'))
    .reduce('last', (_, order) => order)
    .keyBy('key')
    .window(tumbling('1h'))
    .aggregate('hours', { n: count() })
    .to(results)
  t.deepEqual(uids(plan), ['orders', 'eventTime-1', 'filter-1', 'filter-2', 'keyBy-1', 'filter-3', 'last', 'keyBy-2', 'hours', 'sink-1'])
  t.deepEqual(
    plan.nodes.map(({ inputs }) => inputs[0]),
    [undefined, ...uids(plan).slice(0, -1)],
  )
})

test('windows and durations become milliseconds', (t) => {
  const windows = [tumbling('1m', { lateness: '30s', offset: '5s' }), sliding('10m', '90s'), tumbling('500ms'), tumbling('7d')]
  const specs = windows.map((window) => orders.keyBy('customer').window(window).aggregate('n', { n: count() }).to(results).nodes[3])
  t.like(specs[0], { window: { kind: 'tumbling', sizeMs: 60_000, slideMs: 60_000, offsetMs: 5_000, latenessMs: 30_000 } })
  t.like(specs[1], { window: { kind: 'sliding', sizeMs: 600_000, slideMs: 90_000, offsetMs: 0, latenessMs: 0 } })
  t.like(specs[2], { window: { sizeMs: 500 } })
  t.like(specs[3], { window: { sizeMs: 604_800_000 } })
})

test('event time comes from a field, a function, the record or a header', (t) => {
  const source = stream.from(kafka({ topic: 'orders', schema: Order }))
  const how = { outOfOrderness: '1s' } as const
  t.like(source.eventTime('at', how).to(results).nodes[1], { timestamp: { kind: 'field', name: 'at' }, outOfOrdernessMs: 1_000 })
  t.like(source.eventTime((order) => order.at, how).to(results).nodes[1], { timestamp: { kind: 'lambda', text: '(order) => order.at' } })
  t.like(source.eventTime({ from: 'record' }, how).to(results).nodes[1], { timestamp: { kind: 'record' } })
  t.like(source.eventTime({ header: 'sent' }, how).to(results).nodes[1], { timestamp: { kind: 'header', name: 'sent' } })
})

test('records that are in order need no bound', (t) => {
  t.like(
    stream
      .from(kafka({ topic: 'orders', schema: Order }))
      .eventTime('at', { monotonous: true })
      .to(results).nodes[1],
    { outOfOrdernessMs: 0 },
  )
})

test('partitions may be kept from running ahead of others', (t) => {
  const source = stream.from(kafka({ topic: 'orders', schema: Order }))
  t.like(source.eventTime('at', { outOfOrderness: '1s', maxDrift: '1m' }).to(results).nodes[1], { outOfOrdernessMs: 1_000, maxDriftMs: 60_000 })
  const wrong = t.throws(() => source.eventTime('at', { monotonous: true, maxDrift: '0s' }).to(results))
  t.deepEqual(
    problemsOf(wrong)?.map(({ path }) => path),
    ['eventTime.maxDrift'],
  )
})

test('by processing time windows need no event time, and have no lateness', (t) => {
  const clocked = stream
    .from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
    .processingTime()
    .keyBy('customer')
  const plan = clocked.window(tumbling('1m')).aggregate('n', { n: count() }).to(results)
  t.deepEqual(uids(plan), ['orders', 'processingTime-1', 'keyBy-1', 'n', 'sink-1'])
  const late = (): Plan =>
    clocked
      .window(tumbling('1m', { lateness: '1s' }))
      .aggregate('n', { n: count() })
      .to(results)
  t.deepEqual(
    problemsOf(t.throws(late))?.map(({ path }) => path),
    ['window.lateness'],
  )
})

test('what untyped code may get wrong about event time is told', (t) => {
  const source = stream.from(kafka({ topic: 'orders', schema: Order }))
  const problem = (options: unknown): unknown =>
    problemsOf(t.throws(() => source.eventTime('at', options as { readonly monotonous: true }).to(results)))?.map(({ path }) => path)
  t.deepEqual(problem(undefined), ['eventTime.outOfOrderness'])
  t.deepEqual(problem({}), ['eventTime.outOfOrderness'])
  t.deepEqual(problem({ monotonous: true, outOfOrderness: '1s' }), ['eventTime.monotonous'])
})

test('a topic says where to start and what to make', (t) => {
  const [source, sink] = stream
    .from(kafka({ topic: 'a', idleTimeout: '5s', startFrom: { timestamp: '2026-01-02T03:04:05Z' } }))
    .to(kafka({ topic: 'b', create: { partitions: 3 } })).nodes
  t.like(source, { idleTimeoutMs: 5_000, startFrom: { kind: 'timestamp', timestamp: Date.UTC(2026, 0, 2, 3, 4, 5) }, format: { schema: null } })
  t.like(sink, { create: { partitions: 3, replicationFactor: -1 } })
})

test('a wrong program throws once with every problem, each with its path and line', (t) => {
  const error = t.throws(() =>
    stream
      .from(kafka({ topic: 'orders', key: 'customer', schema: Order, idleTimeout: '5x' as Duration }))
      .eventTime('at', { outOfOrderness: '1.5s' })
      .keyBy('amount')
      .window(tumbling('1m', { emit: 'complete' as 'final' }))
      .aggregate('revenue', { total: sum('amount') })
      .to(kafka({ topic: 'orders', format: 'avro', startFrom: 'latest', idleTimeout: '5s' })),
  )
  const problems = problemsOf(error) ?? []
  t.deepEqual(
    problems.map(({ kind, path }) => [kind, path]),
    [
      ['invalid', 'from.idleTimeout'],
      ['invalid', 'eventTime.outOfOrderness'],
      ['not-supported-yet', 'window.emit'],
      ['not-supported-yet', 'to.format'],
      ['invalid', 'to.startFrom'],
      ['invalid', 'to.idleTimeout'],
      ['invalid', 'to.topic'],
    ],
  )
  const lines = problems.map(({ place }) => place?.line ?? 0)
  t.true(problems.every(({ place }) => place?.file === import.meta.filename))
  t.deepEqual(
    lines.map((line) => line - (lines[0] ?? 0)),
    [0, 1, 3, 5, 5, 5, 5],
  )
})

for (const text of ['10', '1.5s', '-1s', '1 s', '1w', 's', '1e3s', '']) {
  test(`${JSON.stringify(text)} is not a duration`, (t) => {
    const error = t.throws(() =>
      orders
        .keyBy('customer')
        .window(tumbling(text as Duration))
        .aggregate('n', { n: count() })
        .to(results),
    )
    t.deepEqual(
      problemsOf(error)?.map(({ path }) => path),
      ['window.tumbling'],
    )
  })
}
