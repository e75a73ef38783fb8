import test from 'ava'
import { count, job, kafka, otherwise, stream, t as types, tumbling } from '../../../runtime/index.ts'
import { explain } from '../../../runtime/plan/explain.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { problemsOf } from '../../../runtime/plan/problems.ts'
import { plannedResult } from '../../../runtime/plan/result.ts'
import { stagesOf } from '../../../runtime/plan/structure/stages.ts'
import { PlanResult } from '../../../runtime/protocol.ts'

const Order = types.object({ customer: types.string, region: types.string, amount: types.number, at: types.timestamp })
const source = stream.from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
const orders = source.eventTime('at', { outOfOrderness: '10s' })
const to = (topic: string): ReturnType<typeof kafka> => kafka({ topic })

function edges(plan: Plan): readonly string[] {
  return plan.nodes.map(({ uid, inputs }) => `${inputs.join('+')}>${uid}`)
}

function problemsIn(build: () => unknown): readonly (readonly [string, string])[] {
  try {
    build()
  } catch (error) {
    return (problemsOf(error) ?? []).map(({ path, message }) => [path, message])
  }
  return []
}

test('what the ends of a job have in common is there once', (t) => {
  const large = orders.filter((order) => order.amount > 100)
  const plan = job(large.to(to('large')), large.map(({ amount }) => ({ amount })).to(to('amounts')), orders.filter(() => true).to(to('all')))
  t.deepEqual(edges(plan), [
    '>orders',
    'orders>eventTime-1',
    'eventTime-1>filter-1',
    'filter-1>sink-1',
    'filter-1>map-1',
    'map-1>sink-2',
    'eventTime-1>filter-2',
    'filter-2>sink-3',
  ])
  const [stage, ...others] = stagesOf(plan)
  t.is(others.length, 0)
  t.deepEqual(
    stage?.sinks.map(({ uid }) => uid),
    ['sink-1', 'sink-2', 'sink-3'],
  )
})

test('what streams have in common is there once, however they were merged before', (t) => {
  const a = orders.filter(() => true).map((order) => order)
  const b = orders.filter(() => false).map((order) => order)
  const both = a.merge(b)
  const plan = job(
    both.to(to('both')),
    b.keyBy('customer').window(tumbling('1m')).aggregate('n', { n: count() }).to(to('n')),
    a.merge(b).to(to('again')),
  )
  t.deepEqual(edges(plan), [
    '>orders',
    'orders>eventTime-1',
    'eventTime-1>filter-1',
    'filter-1>map-1',
    'eventTime-1>filter-2',
    'filter-2>map-2',
    'map-1+map-2>merge-1',
    'merge-1>sink-1',
    'map-2>keyBy-1',
    'keyBy-1>n',
    'n>sink-2',
    'map-1+map-2>merge-2',
    'merge-2>sink-3',
  ])
})

test('the same end twice is one, and one end is a job', (t) => {
  const end = orders.to(to('all'))
  t.deepEqual(job(end, end), end)
  t.deepEqual(job(end), end)
  t.true(Object.isFrozen(job(end)))
})

test('a split has a branch for each name, in order, and one for the rest', (t) => {
  const { big, rest } = orders.split({ big: ({ amount }) => amount > 100, rest: otherwise })
  const plan = job(big.to(to('big')), rest.to(to('rest')))
  t.deepEqual(edges(plan), [
    '>orders',
    'orders>eventTime-1',
    'eventTime-1>split-1',
    'split-1>branch-1',
    'branch-1>sink-1',
    'split-1>branch-2',
    'branch-2>sink-2',
  ])
  t.like(plan.nodes[2], {
    kind: 'split',
    branches: [{ name: 'big', predicate: { kind: 'lambda', text: '({ amount }) => amount > 100' } }],
    otherwise: 'rest',
  })
  t.like(plan.nodes[5], { kind: 'branch', name: 'rest' })
})

test('a job of several ends is explained branch by branch, and the operator is told all its topics', (t) => {
  const { big, rest } = orders.split({ big: ({ amount }) => amount > 100, rest: otherwise })
  const counts = rest.keyBy('region', { name: 'by-region' }).window(tumbling('1m')).aggregate('counts', { n: count() })
  const create = { partitions: 3, replicationFactor: 1 }
  const plan = job(big.to(kafka({ topic: 'big', create })), big.merge(rest).to(to('all')), counts.to(to('counts')))
  t.is(
    explain(plan),
    `stage orders
  orders         read topic orders as json { customer: string, region: string, amount: number, at: timestamp }, record key is customer
  eventTime-1    event time from field at, at most 10s out of order
  split-1        split, by the first that holds: big where ({ amount }) => amount > 100; the rest is rest
    branch-1     what is big
      merge-1    merge branch-1, branch-2
      sink-2     write topic all as json
      sink-1     write topic big as json, made with 3 partitions and replication factor 1 when it is missing
    branch-2     what is rest
      merge-1    as above
      by-region  send by region to stage by-region

stage by-region (keeps state)
  by-region  read what orders sends by region
  counts     tumbling window 1m: n = count()
  sink-3     write topic counts as json

topics
  reads orders, writes big, all, counts
  keeps its own for by-region, by region

state
  counts: one row for each key and open window
`,
  )
  const result = plannedResult(plan)
  t.deepEqual(PlanResult.parse(result), result)
  t.like(result, {
    stages: [
      {
        name: 'orders',
        sinks: [
          { topic: 'big', create },
          { topic: 'all', create: null },
        ],
        feeds: ['by-region'],
      },
      { name: 'by-region', sinks: [{ topic: 'counts', create: null }], feeds: [] },
    ],
  })
})

const wrong: readonly (readonly [title: string, build: () => unknown, problems: readonly (readonly [string, RegExp])[]])[] = [
  [
    'a branch that nothing reads',
    () => job(orders.split({ big: () => true, rest: otherwise }).big.to(to('big'))),
    [['split.rest', /nothing reads this branch: write it to a topic, and name that end in job/]],
  ],
  [
    'a stream that ends nowhere',
    () => job(orders.to(to('all')), orders.filter(() => true) as never),
    [['job(...)[1]', /it ends nowhere: job takes what .to\(kafka\({ topic }\)\) gives/]],
  ],
  [
    'a split that does not say what becomes of the rest',
    () => (orders as unknown as Untyped).split({ big: () => true })['big']!.to(to('big')),
    [['split.unmatched', /say what becomes of records that no branch takes/]],
  ],
  [
    'a split that says twice what becomes of the rest',
    () => (orders as unknown as Untyped).split({ big: () => true, a: otherwise, b: otherwise }, { unmatched: 'drop' })['big']!.to(to('big')),
    [
      ['split.b', /another otherwise before it/],
      ['split.unmatched', /leave unmatched out/],
    ],
  ],
  [
    'two windows of one name in two branches',
    () => {
      const counted = (size: '1m' | '1h'): Plan =>
        orders
          .keyBy('customer')
          .window(tumbling(size))
          .aggregate('n', { n: count() })
          .to(to(`per-${size}`))
      return job(counted('1m'), counted('1h'))
    },
    [['aggregate("n")', /"n" is already that of the windowAggregate: names are unique/]],
  ],
  [
    'one topic read by two streams of their own',
    () => job(source.to(to('a')), stream.from(kafka({ topic: 'orders' })).to(to('b'))),
    [['from', /"orders" is already that of the source/]],
  ],
]

interface Untyped {
  split(branches: object, options?: object): Readonly<Record<string, typeof orders>>
}

for (const [title, build, expected] of wrong) {
  test(`${title} is refused, at its place`, (t) => {
    const problems = problemsIn(build)
    t.deepEqual(
      problems.map(([path]) => path),
      expected.map(([path]) => path),
    )
    for (const [i, [, message]] of expected.entries()) t.regex(problems[i]?.[1] ?? '', message)
  })
}

test('a stream that is merged with itself is refused: it would give each record once', (t) => {
  t.throws(() => orders.merge(orders).to(to('twice')), { message: /merged with itself: flatMap/ })
})
