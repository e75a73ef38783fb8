import test from 'ava'
import { parseSchema } from '../../../runtime/formats/schema-text.ts'
import type { Plan, PlanNode, SinkNode } from '../../../runtime/plan/nodes.ts'
import { validatePlan } from '../../../runtime/plan/validate.ts'

const format = { kind: 'json', schema: parseSchema({ customer: 'string', amount: 'number', at: 'timestamp' }) } as const
const orders: PlanNode = { kind: 'source', uid: 'orders', inputs: [], topic: 'orders', keyField: 'customer', format, startFrom: null }

function planOf(...nodes: readonly PlanNode[]): Plan {
  return { kind: 'streamjob.plan', formatVersion: 1, nodes: [orders, ...nodes] }
}

const sink = (uid: string, input: string, more: Partial<SinkNode> = {}): PlanNode => ({
  kind: 'sink',
  uid,
  inputs: [input],
  topic: uid,
  format: { kind: 'json', schema: null },
  create: null,
  ...more,
})
const filter = (uid: string, input = 'orders'): PlanNode => ({ kind: 'filter', uid, inputs: [input], predicate: { kind: 'cel', text: 'true' } })
const time = (uid: string): PlanNode => ({
  kind: 'eventTime',
  uid,
  inputs: ['orders'],
  timestamp: { kind: 'field', name: 'at' },
  outOfOrdernessMs: 1_000,
})
const branch = (name: string): PlanNode => ({ kind: 'branch', uid: name, inputs: ['size'], name })
const split = (otherwise: string | null, name = 'big', text = 'value.amount > 100.0'): PlanNode => ({
  kind: 'split',
  uid: 'size',
  inputs: ['orders'],
  branches: [{ name, predicate: { kind: 'cel', text } }],
  otherwise,
})

/** Two filters, each behind the source or the merge before, and a merge of both; so many times. */
function diamonds(times: number): Plan {
  const nodes: PlanNode[] = []
  let before = 'orders'
  for (let i = 0; i < times; i++) {
    const sides = [`left-${i}`, `right-${i}`]
    nodes.push(...sides.map((uid) => filter(uid, before)), { kind: 'merge', uid: `merge-${i}`, inputs: sides })
    before = `merge-${i}`
  }
  return planOf(...nodes, sink('out', before))
}

test('a stream may be used several times, be split, and be merged again', (t) => {
  t.deepEqual(validatePlan(planOf(sink('all', 'orders'), filter('some'), sink('out', 'some'))), [])
  t.deepEqual(validatePlan(planOf(split('rest'), branch('big'), branch('rest'), sink('a', 'big'), sink('b', 'rest'))), [])
  t.deepEqual(validatePlan(planOf(time('t'), sink('a', 't'), sink('b', 'orders'))), [])
  t.deepEqual(validatePlan(diamonds(8)), [])
})

test('two sinks may write one topic, made in one way', (t) => {
  const create = { partitions: 3, replicationFactor: -1 }
  t.deepEqual(validatePlan(planOf(sink('a', 'orders', { topic: 'out' }), sink('b', 'orders', { topic: 'out' }))), [])
  t.deepEqual(validatePlan(planOf(sink('a', 'orders', { topic: 'out', create }), sink('b', 'orders', { topic: 'out', create: { ...create } }))), [])
})

const cases: readonly (readonly [title: string, plan: Plan, problems: readonly (readonly [path: string, message: RegExp])[]])[] = [
  ['a stream that ends nowhere', planOf(sink('out', 'orders'), filter('f')), [['nodes[2] (f)', /ends with a sink, not with filter: add to/]]],
  [
    'a stream that ends nowhere, before one that ends',
    planOf(filter('f'), sink('out', 'orders')),
    [['nodes[1] (f)', /nothing reads what comes from "f"/]],
  ],
  [
    'a topic of two sinks that is made in two ways',
    planOf(sink('a', 'orders', { topic: 'out' }), sink('b', 'orders', { topic: 'out', create: { partitions: 3, replicationFactor: -1 } })),
    [['nodes[2] (b).create', /another end of the job writes "out" too, with another create/]],
  ],
  [
    'a sink that writes what another branch reads',
    planOf(sink('a', 'orders'), { ...orders, uid: 'more', topic: 'more' } as PlanNode, sink('b', 'more', { topic: 'orders' })),
    [['nodes[3] (b).topic', /read its own results/]],
  ],
  [
    'time that two branches assign',
    planOf(time('t'), sink('a', 't'), time('u'), sink('b', 'u')),
    [['nodes[3] (u)', /get their time once: assign it before the stream is used twice/]],
  ],
  [
    'a branch of a split that nothing reads',
    planOf(split('rest'), branch('big'), sink('a', 'big')),
    [['nodes[1] (size).rest', /nothing reads this branch/]],
  ],
  [
    'a branch that the split does not have',
    planOf(split(null), branch('big'), branch('small'), sink('a', 'big'), sink('b', 'small')),
    [['nodes[1] (size)', /no branch "small"; its branches are big/]],
  ],
  [
    'a branch by a name that is none, whose predicate gives no truth',
    planOf(split(null, 'a b', 'value.amount'), branch('a b'), sink('a', 'a b')),
    [
      ['nodes[1] (size).a b', /"a b" is not a name/],
      ['nodes[1] (size).a b', /bool/],
    ],
  ],
  [
    'a split without predicates',
    planOf({ ...split('rest'), branches: [] } as PlanNode, branch('rest'), sink('a', 'rest')),
    [['nodes[1] (size)', /no branch with a predicate/]],
  ],
  ['more ways than anybody can follow', diamonds(9), [['nodes[0] (orders)', /more than 256 ways/]]],
]

for (const [title, plan, expected] of cases) {
  test(`branches: ${title} is refused`, (t) => {
    const problems = validatePlan(plan)
    t.deepEqual(
      problems.map(({ kind, path }) => [kind, path]),
      expected.map(([path]) => ['invalid', path]),
    )
    for (const [index, [, message]] of expected.entries()) t.regex(problems[index]?.message ?? '', message)
  })
}
