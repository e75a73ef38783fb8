/** What must hold for sessions, process functions and deduplication. */
import test from 'ava'
import { parseSchema } from '../../../runtime/formats/schema-text.ts'
import { explain } from '../../../runtime/plan/explain.ts'
import type { Plan, PlanNode, SessionNode, WindowProcessNode } from '../../../runtime/plan/nodes.ts'
import type { DedupNode, ProcessNode } from '../../../runtime/plan/nodes/process.ts'
import { validatePlan } from '../../../runtime/plan/validate.ts'

const schema = parseSchema({ customer: 'string', amount: 'number', at: 'timestamp', tags: 'list<string>' })
const source: PlanNode = {
  kind: 'source',
  uid: 'orders',
  inputs: [],
  topic: 'orders',
  keyField: 'customer',
  format: { kind: 'json', schema },
  startFrom: null,
}
const sink: PlanNode = { kind: 'sink', uid: 'sink-1', inputs: [''], topic: 'results', format: { kind: 'json', schema: null }, create: null }
const eventTime: PlanNode = { kind: 'eventTime', uid: 'eventTime-1', inputs: [''], timestamp: { kind: 'field', name: 'at' }, outOfOrdernessMs: 1_000 }
const keyBy: PlanNode = { kind: 'keyBy', uid: 'keyBy-1', inputs: [''], field: 'customer' }

const session = (gapMs: number, latenessMs = 0): PlanNode => ({
  kind: 'session',
  uid: 'visits',
  inputs: [''],
  gapMs,
  latenessMs,
  contents: { kind: 'aggregate', fields: { n: { kind: 'count' } } },
})
const process = (more: Partial<ProcessNode> = {}): PlanNode => {
  const call = { kind: 'lambda', call: (): void => {}, text: '' } as const
  return { kind: 'process', uid: 'limits', inputs: [''], state: {}, emits: null, onRecord: call, onTimer: call, ...more }
}
const windowProcess = (more: Partial<WindowProcessNode> = {}): PlanNode => {
  const onWindow = { kind: 'lambda', call: (): void => {}, text: '() => {}' } as const
  return { kind: 'windowProcess', uid: 'steps', inputs: [''], window: minute, emits: null, onWindow, ...more }
}
const minute = { kind: 'tumbling', sizeMs: 60_000, slideMs: 60_000, offsetMs: 0, latenessMs: 0 } as const
const dedup = (more: Partial<DedupNode> = {}): PlanNode => ({ kind: 'dedup', uid: 'once', inputs: [''], by: null, withinMs: 1_000, ...more })
const number = { type: { kind: 'number' }, optional: false } as const
const async = { kind: 'lambda', call: async (): Promise<void> => Promise.resolve(), text: '' } as const

/** A plan whose nodes each read from the one before. */
function chain(...nodes: readonly PlanNode[]): Plan {
  const linked = nodes.map((node, index) => (node.kind === 'source' ? node : { ...node, inputs: [nodes[index - 1]!.uid] as const }))
  return { kind: 'streamjob.plan', formatVersion: 1, nodes: linked as PlanNode[] }
}

function keyed(node: PlanNode): Plan {
  return chain(source, eventTime, keyBy, node, sink)
}

const whole = process({
  state: { n: { kind: 'value', type: number, ttlMs: 1_000 }, m: { kind: 'map', names: number, type: number, ttlMs: null } },
  emits: parseSchema({ customer: 'string', n: 'number' }),
})

test('sessions, process functions and dedup in one chain have no problems', (t) => {
  const again: PlanNode = { kind: 'keyBy', uid: 'keyBy-2', inputs: [''], field: 'customer' }
  t.deepEqual(validatePlan(chain(source, eventTime, keyBy, dedup({ by: 'amount' }), whole, again, session(10), sink)), [])
})

test('a process function over a window, or a session, is explained, with what it keeps and emits', (t) => {
  const emits = parseSchema({ customer: 'string', most: 'number' })
  const text = explain(keyed(windowProcess({ emits })))
  for (const words of [
    'steps        tumbling window 1m: process all values by () => {}, emits { customer: string, most: number }',
    'steps: one row for each key and open window, with all its values',
  ])
    t.true(text.includes(words), `${words}\n${text}`)
  const call = { kind: 'lambda', call: (): void => {}, text: 'f' } as const
  const visits: PlanNode = { ...(session(10) as SessionNode), contents: { kind: 'process', emits: null, onWindow: call } }
  t.true(explain(keyed(visits)).includes('session window, gap 10ms: process all values by f\n'))
})

test('what a process function over a window emits is what is known behind it, and keeps the key that records had', (t) => {
  const emits = parseSchema({ customer: 'string', most: 'number' })
  const again: PlanNode = { kind: 'keyBy', uid: 'keyBy-2', inputs: [''], field: 'customer' }
  const other: PlanNode = { ...again, field: 'key' }
  const plan = (by: PlanNode): Plan => chain(source, eventTime, keyBy, windowProcess({ emits }), by, session(10), sink)
  t.deepEqual(validatePlan(plan(again)), [])
  t.is(explain(plan(again)).match(/^stage /gm)?.length, 1)
  t.deepEqual(
    validatePlan(plan(other)).map(({ message }) => message),
    ['there is no field "key"; the fields are customer, most'],
  )
})

test('they are explained, with the rows that they keep', (t) => {
  const text = explain(chain(source, eventTime, keyBy, dedup({ by: 'amount' }), whole, sink))
  for (const words of [
    'once         first of each amount within 1s',
    'limits       process, state n, m, timers, emits { customer: string, n: number }',
    'once: one row for each amount that went through, for three times 1s at most',
    'limits/n: one row for each key, gone 1s after it was written; timers for that',
    'limits/m: one row for each entry',
    'limits/timers: one row for each timer that is set',
  ])
    t.true(text.includes(words), `${words}\n${text}`)
  t.true(explain(keyed(session(600_000, 1_000))).includes('session window, gap 10m, lateness 1s: n = count()'))
})

const cases: readonly (readonly [title: string, plan: Plan, problems: readonly (readonly ['invalid' | 'not-supported-yet', string, RegExp])[]])[] = [
  ['a session without event time', chain(source, keyBy, session(10), sink), [['invalid', 'nodes[2] (visits).window', /a window needs event time/]]],
  ['a session without key', chain(source, eventTime, session(10), sink), [['invalid', 'nodes[2] (visits).window', /a window needs a key/]]],
  ['a session without a gap', keyed(session(0)), [['invalid', 'nodes[3] (visits).window.session', /from 1ms/]]],
  ['a lateness of years', keyed(session(10, 1e12)), [['invalid', 'nodes[3] (visits).window.lateness', /to 366d/]]],
  ['a dedup without key', chain(source, eventTime, dedup(), sink), [['invalid', 'nodes[2] (once)', /dedup needs a key/]]],
  ['a dedup without event time', chain(source, keyBy, dedup(), sink), [['invalid', 'nodes[2] (once)', /dedup needs event time/]]],
  ['a dedup by an unknown field', keyed(dedup({ by: 'id' })), [['invalid', 'nodes[3] (once).by', /no field "id"/]]],
  ['a dedup by a list', keyed(dedup({ by: 'tags' })), [['invalid', 'nodes[3] (once).by', /tags is list/]]],
  ['a dedup for no time', keyed(dedup({ withinMs: 0 })), [['invalid', 'nodes[3] (once).within', /from 1ms/]]],
  [
    'two states of one name',
    chain(source, eventTime, keyBy, dedup(), process({ uid: 'once' }), sink),
    [['invalid', 'nodes[4] (once)', /already that of the dedup/]],
  ],
  ['a process function without key', chain(source, eventTime, process(), sink), [['invalid', 'nodes[2] (limits)', /needs a key: put keyBy/]]],
  ['timers without event time', chain(source, keyBy, process(), sink), [['invalid', 'nodes[2] (limits).onTimer', /timers need event time/]]],
  ['an async onRecord', keyed(process({ onRecord: async })), [['not-supported-yet', 'nodes[3] (limits).onRecord', /async functions/]]],
  ['an async onTimer', keyed(process({ onTimer: async })), [['not-supported-yet', 'nodes[3] (limits).onTimer', /async functions/]]],
  [
    'a ttl without event time',
    chain(source, keyBy, process({ onTimer: null, state: { n: { kind: 'value', type: number, ttlMs: 1_000 } } }), sink),
    [['invalid', 'nodes[2] (limits).state.n.ttl', /expires in event time/]],
  ],
  [
    'a ttl of nothing',
    keyed(process({ state: { n: { kind: 'list', type: number, ttlMs: 0 } } })),
    [['invalid', 'nodes[3] (limits).state.n.ttl', /from 1ms/]],
  ],
  [
    'names of state that are none, or taken',
    keyed(process({ state: { 'a b': { kind: 'list', type: number, ttlMs: null }, timers: { kind: 'list', type: number, ttlMs: null } } })),
    [
      ['invalid', 'nodes[3] (limits).state.a b', /begins with a letter/],
      ['invalid', 'nodes[3] (limits).state.timers', /choose another name/],
    ],
  ],
  [
    'a map by objects',
    keyed(process({ state: { m: { kind: 'map', names: { type: schema, optional: false }, type: number, ttlMs: null } } })),
    [['invalid', 'nodes[3] (limits).state.m', /the names of a map/]],
  ],
  ['an async onWindow', keyed(windowProcess({ onWindow: async })), [['not-supported-yet', 'nodes[3] (steps).onWindow', /async functions/]]],
  [
    'a session with an async onWindow',
    keyed({ ...(session(10) as SessionNode), contents: { kind: 'process', emits: null, onWindow: async } }),
    [['not-supported-yet', 'nodes[3] (visits).onWindow', /async functions/]],
  ],
  ['a function over a window without key', chain(source, eventTime, windowProcess(), sink), [['invalid', 'nodes[2] (steps).window', /needs a key/]]],
  ['a function over a window without time', chain(source, keyBy, windowProcess(), sink), [['invalid', 'nodes[2] (steps).window', /event time/]]],
  ['a process function with a bad name', keyed(process({ uid: '1' })), [['invalid', 'nodes[3] (1).name', /begins with a letter/]]],
]

for (const [title, plan, expected] of cases) {
  test(`${title} is a problem, with its place`, (t) => {
    const problems = validatePlan(plan)
    t.deepEqual(
      problems.map(({ kind, path }) => [kind, path]),
      expected.map(([kind, path]) => [kind, path]),
    )
    for (const [index, [, , message]] of expected.entries()) t.regex(problems[index]?.message ?? '', message)
  })
}
