import test from 'ava'
import { parseSchema } from '../../../runtime/formats/schema-text.ts'
import type { Aggregate, Plan, PlanNode, SinkNode, SourceNode, WindowSpec } from '../../../runtime/plan/nodes.ts'
import { validatePlan } from '../../../runtime/plan/validate.ts'

type Problem = readonly ['invalid' | 'not-supported-yet', string, RegExp]

const schema = parseSchema({
  customer: 'string',
  amount: 'number',
  note: 'string',
  maybe: 'number?',
  safe: 'number? = 0',
  at: 'timestamp',
  tags: 'list<string>',
})
const source: SourceNode = {
  kind: 'source',
  uid: 'orders',
  inputs: [],
  topic: 'orders',
  keyField: 'customer',
  format: { kind: 'json', schema },
  startFrom: null,
}
const sink: SinkNode = { kind: 'sink', uid: 'sink-1', inputs: [''], topic: 'results', format: { kind: 'json', schema: null }, create: null }
const eventTime: PlanNode = { kind: 'eventTime', uid: 'eventTime-1', inputs: [''], timestamp: { kind: 'field', name: 'at' }, outOfOrdernessMs: 1_000 }
const keyBy: PlanNode = { kind: 'keyBy', uid: 'keyBy-1', inputs: [''], field: 'customer' }
const minute: WindowSpec = { kind: 'tumbling', sizeMs: 60_000, slideMs: 60_000, offsetMs: 0, latenessMs: 0 }
const filter = (text: string, uid = 'filter-1'): PlanNode => ({ kind: 'filter', uid, inputs: [''], predicate: { kind: 'cel', text } })
const map: PlanNode = {
  kind: 'map',
  uid: 'map-1',
  inputs: [''],
  mapper: { kind: 'fields', fields: { customer: { kind: 'cel', text: 'value.customer' } } },
}
const aggregate = (fields: Record<string, Aggregate>, window = minute, uid = 'revenue'): PlanNode => ({
  kind: 'windowAggregate',
  uid,
  inputs: [''],
  window,
  fields,
})
const count: PlanNode = aggregate({ n: { kind: 'count' } })

/** A plan whose nodes each read from the one before. */
function chain(...nodes: readonly PlanNode[]): Plan {
  const linked = nodes.map((node, index) => (node.kind === 'source' ? node : { ...node, inputs: [nodes[index - 1]?.uid ?? ''] as const }))
  return { kind: 'streamjob.plan', formatVersion: 1, nodes: linked as PlanNode[] }
}

/** A source with two nodes, another with two, then both as one. */
function merged(a: PlanNode, b: PlanNode, c: PlanNode, d: PlanNode, ...rest: readonly PlanNode[]): Plan {
  const [left, right] = [chain(source, a, b), chain({ ...source, uid: 'more', topic: 'more' }, c, d)]
  const merge: PlanNode = { kind: 'merge', uid: 'merge-1', inputs: [b.uid, d.uid] }
  const behind = chain(merge, ...rest, sink).nodes.slice(1)
  return { ...left, nodes: [...left.nodes, ...right.nodes, merge, ...behind] }
}

function windowed(node: PlanNode): Plan {
  return chain(source, eventTime, keyBy, node, sink)
}

test('a whole program has no problems', (t) => {
  t.deepEqual(validatePlan(windowed(count)), [])
  t.deepEqual(validatePlan(chain(source, sink)), [])
  t.deepEqual(
    validatePlan(chain(source, eventTime, keyBy, filter('value.amount > 1.0'), count, filter('value.n > 1 && value.key != ""', 'filter-2'), sink)),
    [],
  )
})

test('a window behind a window is keyed by key', (t) => {
  const again: PlanNode = { ...keyBy, uid: 'keyBy-2', field: 'key' }
  const second = aggregate({ best: { kind: 'max', field: 'n' } }, minute, 'best')
  t.deepEqual(validatePlan(chain(source, eventTime, keyBy, count, again, second, sink)), [])
})

const cases: readonly (readonly [title: string, plan: Plan, problems: readonly Problem[]])[] = [
  ['an empty plan', chain(), [['invalid', 'plan', /begin with a source/]]],
  ['no source', chain(filter('true'), sink), [['invalid', 'nodes[0] (filter-1)', /begins with a source/]]],
  ['no sink', chain(source, filter('true')), [['invalid', 'nodes[1] (filter-1)', /ends with a sink/]]],
  ['a source that nobody reads', chain(source, { ...source, uid: 'more', topic: 'more' }, sink), [['invalid', 'nodes[0] (orders)', /nothing reads/]]],
  [
    'a window behind a merge, without a key of its own',
    merged(eventTime, keyBy, { ...eventTime, uid: 'eventTime-2' }, { ...keyBy, uid: 'keyBy-2' }, count),
    [['invalid', 'nodes[7] (revenue).window', /needs a key/]],
  ],
  [
    'a merge of streams that go by different clocks',
    merged(
      eventTime,
      filter('true'),
      { kind: 'processingTime', uid: 'clock', inputs: [''] },
      filter('true', 'filter-2'),
      { ...keyBy, uid: 'keyBy-3' },
      count,
    ),
    [['invalid', 'nodes[6] (merge-1)', /merge streams of one clock/]],
  ],
  [
    'a window behind a merge of which one side has no event time',
    merged(eventTime, filter('true'), filter('true', 'filter-2'), filter('true', 'filter-3'), { ...keyBy, uid: 'keyBy-3' }, count),
    [['invalid', 'nodes[8] (revenue).window', /needs event time/]],
  ],
  ['more behind a sink', chain(source, sink, { ...sink, uid: 'sink-2' }), [['not-supported-yet', 'nodes[1] (sink-1)', /write .* TypeScript/]]],
  [
    'an input that does not exist',
    { ...chain(source, sink), nodes: [source, { ...sink, inputs: ['nothing'] }] },
    [['invalid', 'nodes[1] (sink-1)', /"nothing"/]],
  ],
  [
    'a name that is taken',
    windowed(aggregate({ n: { kind: 'count' } }, minute, 'orders')),
    [['invalid', 'nodes[3] (orders)', /already that of the source/]],
  ],
  ['a name that is no name', windowed(aggregate({ n: { kind: 'count' } }, minute, 'a b')), [['invalid', 'nodes[3] (a b).name', /not a name/]]],
  [
    'a key field that is not declared',
    chain({ ...source, keyField: 'client' }, sink),
    [['invalid', 'nodes[0] (orders).key', /no field "client"; the fields are customer/]],
  ],
  ['a key field of a type that is no key', chain({ ...source, keyField: 'tags' }, sink), [['invalid', 'nodes[0] (orders).key', /tags is list/]]],
  [
    'keyBy of a field that is no key',
    chain(source, { ...keyBy, field: 'tags' } as PlanNode, sink),
    [['invalid', 'nodes[1] (keyBy-1)', /tags is list; a key is a string/]],
  ],
  ['a keyBy by a name that is no name', chain(source, { ...keyBy, uid: 'a b' }, sink), [['invalid', 'nodes[1] (a b).name', /not a name/]]],
  [
    'event time behind a keyBy that sends records elsewhere',
    chain(source, { ...keyBy, field: 'note' } as PlanNode, eventTime, count, sink),
    [['invalid', 'nodes[2] (eventTime-1)', /order is gone: assign time before it/]],
  ],
  [
    'keyBy of an unknown field',
    chain(source, { ...keyBy, field: 'client' } as PlanNode, sink),
    [['invalid', 'nodes[1] (keyBy-1)', /no field "client"/]],
  ],
  ['a window without event time', chain(source, keyBy, count, sink), [['invalid', 'nodes[2] (revenue).window', /event time/]]],
  ['a window without a key', chain(source, eventTime, count, sink), [['invalid', 'nodes[2] (revenue).window', /needs a key/]]],
  [
    'a window whose key a map may have changed',
    chain(source, eventTime, keyBy, map, count, sink),
    [['invalid', 'nodes[4] (revenue).window', /needs a key/]],
  ],
  [
    'a slide beyond the size',
    windowed(aggregate({ n: { kind: 'count' } }, { ...minute, kind: 'sliding', slideMs: 60_001 })),
    [['invalid', 'nodes[3] (revenue).window.slide', /leave records out/]],
  ],
  [
    'too many windows per record',
    windowed(aggregate({ n: { kind: 'count' } }, { ...minute, kind: 'sliding', slideMs: 59 })),
    [['invalid', 'nodes[3] (revenue).window.slide', /1000 windows/]],
  ],
  [
    'a window of no size',
    windowed(aggregate({ n: { kind: 'count' } }, { ...minute, sizeMs: 0, slideMs: 0 })),
    [
      ['invalid', 'nodes[3] (revenue).window.tumbling', /from 1ms/],
      ['invalid', 'nodes[3] (revenue).window.slide', /from 1ms/],
    ],
  ],
  [
    'an offset of a whole window',
    windowed(aggregate({ n: { kind: 'count' } }, { ...minute, offsetMs: 60_000 })),
    [['invalid', 'nodes[3] (revenue).window.offset', /less than/]],
  ],
  [
    'a lateness of two years',
    windowed(aggregate({ n: { kind: 'count' } }, { ...minute, latenessMs: 732 * 86_400_000 })),
    [['invalid', 'nodes[3] (revenue).window.lateness', /366d/]],
  ],
  ['no aggregates', windowed(aggregate({})), [['invalid', 'nodes[3] (revenue).fields', /at least one/]]],
  [
    'a reserved field name',
    windowed(aggregate({ windowEnd: { kind: 'count' } })),
    [['invalid', 'nodes[3] (revenue).fields.windowEnd', /every window result/]],
  ],
  ['a field name with a space', windowed(aggregate({ 'a b': { kind: 'count' } })), [['invalid', 'nodes[3] (revenue).fields.a b', /field name/]]],
  [
    'a sum of text',
    windowed(aggregate({ x: { kind: 'sum', field: 'note' } })),
    [['invalid', 'nodes[3] (revenue).fields.x', /needs a number, but note is string/]],
  ],
  ['a sum of times', windowed(aggregate({ x: { kind: 'sum', field: 'at' } })), [['invalid', 'nodes[3] (revenue).fields.x', /at is timestamp/]]],
  [
    'a sum of an unknown field',
    windowed(aggregate({ x: { kind: 'sum', field: 'amout' } })),
    [['invalid', 'nodes[3] (revenue).fields.x', /no field "amout"/]],
  ],
  [
    'a sum of an optional field',
    windowed(aggregate({ x: { kind: 'sum', field: 'maybe' } })),
    [['not-supported-yet', 'nodes[3] (revenue).fields.x', /give maybe a default/]],
  ],
  ['the latest time and a sum with a default', windowed(aggregate({ x: { kind: 'max', field: 'at' }, y: { kind: 'sum', field: 'safe' } })), []],
  [
    'event time of an unknown field',
    chain(source, { ...eventTime, timestamp: { kind: 'field', name: 'time' } } as PlanNode, sink),
    [['invalid', 'nodes[1] (eventTime-1).field', /no field "time"/]],
  ],
  [
    'event time of text',
    chain(source, { ...eventTime, timestamp: { kind: 'field', name: 'note' } } as PlanNode, sink),
    [['invalid', 'nodes[1] (eventTime-1).field', /note is string/]],
  ],
  [
    'processing time behind event time',
    chain(source, eventTime, { kind: 'processingTime', uid: 'processingTime-1', inputs: [''] }, sink),
    [['invalid', 'nodes[2] (processingTime-1)', /twice/]],
  ],
  [
    'processing time behind a window',
    chain(source, { kind: 'processingTime', uid: 'p', inputs: [''] }, keyBy, count, { kind: 'processingTime', uid: 'q', inputs: [''] }, sink),
    [
      ['invalid', 'nodes[4] (q)', /twice/],
      ['invalid', 'nodes[4] (q)', /before the first window/],
    ],
  ],
  ['event time twice', chain(source, eventTime, { ...eventTime, uid: 'eventTime-2' }, sink), [['invalid', 'nodes[2] (eventTime-2)', /twice/]]],
  ['a topic that is none', chain(source, { ...sink, topic: 'a b' }), [['invalid', 'nodes[1] (sink-1).topic', /not a topic name/]]],
  ['results into the source', chain(source, { ...sink, topic: 'orders' }), [['invalid', 'nodes[1] (sink-1).topic', /own results/]]],
  [
    'a topic to make with no partitions',
    chain(source, { ...sink, create: { partitions: 0, replicationFactor: 0 } }),
    [
      ['invalid', 'nodes[1] (sink-1).create.partitions', /1 to 10000/],
      ['invalid', 'nodes[1] (sink-1).create.replicationFactor', /-1/],
    ],
  ],
  [
    'a field that a window does not give',
    chain(source, eventTime, keyBy, count, filter('value.amount > 0.0'), sink),
    [['invalid', 'nodes[4] (filter-1)', /value has key, windowStart, windowEnd, n/]],
  ],
  ['a field that a map dropped', chain(source, map, filter('value.amount > 0.0'), sink), [['invalid', 'nodes[2] (filter-1)', /value has customer/]]],
]

for (const [title, plan, expected] of cases) {
  test(`validation: ${title}`, (t) => {
    const problems = validatePlan(plan)
    t.deepEqual(
      problems.map(({ kind, path }) => [kind, path]),
      expected.map(([kind, path]) => [kind, path]),
    )
    for (const [index, [, , message]] of expected.entries()) t.regex(problems[index]?.message ?? '', message)
  })
}

test('all problems are reported, not the first', (t) => {
  const problems = validatePlan(chain(source, filter('value.x'), keyBy, aggregate({ key: { kind: 'sum', field: 'note' } }), { ...sink, topic: '' }))
  t.deepEqual(
    problems.map(({ path }) => path),
    ['nodes[1] (filter-1)', 'nodes[3] (revenue).window', 'nodes[3] (revenue).fields.key', 'nodes[3] (revenue).fields.key', 'nodes[4] (sink-1).topic'],
  )
})

test('an async function is refused, a generator only outside of flatMap', (t) => {
  const async: PlanNode = { kind: 'map', uid: 'map-1', inputs: [''], mapper: { kind: 'lambda', call: async () => 1, text: '' } }
  const generator = { kind: 'lambda', call: function* () {}, text: '' } as const
  t.is(validatePlan(chain(source, async, sink))[0]?.kind, 'not-supported-yet')
  t.is(validatePlan(chain(source, { kind: 'map', uid: 'map-1', inputs: [''], mapper: generator }, sink)).length, 1)
  t.deepEqual(validatePlan(chain(source, { kind: 'flatMap', uid: 'flatMap-1', inputs: [''], mapper: generator }, sink)), [])
})

test('records are keyed by any field, once or again', (t) => {
  t.deepEqual(validatePlan(chain({ ...source, keyField: null }, eventTime, keyBy, count, sink)), [])
  t.deepEqual(validatePlan(chain(source, { ...keyBy, field: 'note' } as PlanNode, sink)), [])
  const byCount: PlanNode = { ...keyBy, uid: 'by-count', field: 'n' }
  const again = aggregate({ keys: { kind: 'count' } }, minute, 'again')
  t.deepEqual(validatePlan(chain(source, eventTime, keyBy, count, byCount, again, filter('value.key + 1 > 5'), sink)), [])
})

test('behind a function, the key of a window has the type that the source declares', (t) => {
  const numbered: SourceNode = { ...source, keyField: 'user', format: { kind: 'json', schema: parseSchema({ user: 'integer', at: 'timestamp' }) } }
  const lambda: PlanNode = { kind: 'map', uid: 'map-1', inputs: [''], mapper: { kind: 'lambda', call: (value) => value, text: '' } }
  const byUser: PlanNode = { kind: 'keyBy', uid: 'keyBy-1', inputs: [''], field: 'user' }
  t.deepEqual(validatePlan(chain(numbered, eventTime, lambda, byUser, count, filter('value.key + 1 > 5'), sink)), [])
  t.is(validatePlan(chain(numbered, eventTime, lambda, byUser, count, filter('value.key == "5"'), sink)).length, 1)
})
