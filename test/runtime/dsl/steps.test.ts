import { readFileSync } from 'node:fs'
import test from 'ava'
import { parse } from 'yaml'
import { parseSteps, planSteps } from '../../../runtime/dsl/steps.ts'
import { fingerprint } from '../../../runtime/plan/fingerprint.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { problemsOf } from '../../../runtime/plan/problems.ts'
import revenue from '../../jobs/revenue.ts'

function stepsOf(job: string): unknown {
  const { spec } = parse(readFileSync(new URL(`../../jobs/${job}.yaml`, import.meta.url), 'utf8')) as { spec: { program: { steps: unknown } } }
  return spec.program.steps
}

/** `steps` with one step in place of another, by index. */
function revenueWith(index: number, step: unknown): unknown {
  return (stepsOf('revenue') as unknown[]).with(index, step)
}

function problemsOfSteps(steps: unknown): readonly (readonly [string, string, string])[] {
  try {
    parseSteps(steps)
    return []
  } catch (error) {
    const problems = problemsOf(error)
    if (problems === null) throw error
    return problems.map(({ kind, path, message }) => [kind, path, message] as const)
  }
}

test('steps and the builder give the same plan, but for the language of the filter', (t) => {
  const steps = parseSteps(stepsOf('revenue'))
  const asCel = revenue.nodes.map((node) =>
    node.kind === 'filter' ? { ...node, predicate: { kind: 'cel', text: 'value.amount > 0.0' } as const } : node,
  )
  t.is(fingerprint({ ...revenue, nodes: asCel }), fingerprint(steps))
  t.not(fingerprint(revenue), fingerprint(steps))
})

for (const job of ['revenue', 'traffic', 'alerts']) {
  test(`the sample job ${job}.yaml can be planned`, (t) => {
    const result = planSteps(stepsOf(job))
    t.is(result.kind, 'planned', JSON.stringify(result))
  })
}

test('a sliding window in steps has a size and a slide', (t) => {
  t.like(
    parseSteps(stepsOf('traffic')).nodes.find(({ kind }) => kind === 'windowAggregate'),
    { uid: 'traffic', window: { kind: 'sliding', sizeMs: 300_000, slideMs: 60_000, offsetMs: 0, latenessMs: 60_000 } },
  )
})

test('a map of fields is one CEL expression per field', (t) => {
  const map = (parseSteps(stepsOf('traffic')) satisfies Plan).nodes.find(({ kind }) => kind === 'map')
  t.like(map, { mapper: { kind: 'fields', fields: { meanSeconds: { kind: 'cel', text: 'value.mean / 1000.0' } } } })
})

const from = { topic: 'orders', key: 'customer', schema: { customer: 'string', amount: 'number', at: 'timestamp' } }
const eventTime = { field: 'at', outOfOrderness: '10s' }
const wrong: readonly (readonly [title: string, steps: unknown, problems: readonly (readonly [string, RegExp])[]])[] = [
  ['no list', { from }, [['steps', /list of steps/]]],
  ['an empty list', [], [['plan', /begin with a source/]]],
  ['a step that is no object', revenueWith(1, 'filter'), [['steps[1]', /a step is an object/]]],
  ['an empty step', revenueWith(1, {}), [['steps[1]', /empty/]]],
  [
    'a word that a window does not know',
    revenueWith(3, { window: { tumbling: '1m', latenes: '1s' } }),
    [['steps[3].window.latenes', /known are tumbling, sliding, slide, session, lateness, offset, timeZone, emit, count, global$/]],
  ],
  ['a misspelt step', revenueWith(1, { fliter: 'true' }), [['steps[1].fliter', /known are from, eventTime, processingTime, filter/]]],
  ['two steps in one', revenueWith(1, { filter: 'true', keyBy: 'customer' }), [['steps[1]', /steps of their own/]]],
  ['event time as a step', revenueWith(1, { eventTime }), [['steps[1].eventTime', /beside from/]]],
  ['processing time as a step', revenueWith(1, { processingTime: {} }), [['steps[1].processingTime', /processingTime stands beside from/]]],
  [
    'processing time with options',
    revenueWith(0, { from, processingTime: { outOfOrderness: '1s' } }),
    [
      ['steps[0].processingTime.outOfOrderness', /unknown/],
      ['steps[3].window.lateness', /no record is late/],
    ],
  ],
  [
    'lateness by processing time',
    revenueWith(0, { from, processingTime: {} }),
    [['steps[3].window.lateness', /by processing time no record is late: leave lateness out, or use eventTime$/]],
  ],
  [
    'two clocks',
    (revenueWith(0, { from, eventTime, processingTime: {} }) as object[]).with(3, { window: { tumbling: '1m' } }),
    [['steps[0].processingTime', /twice: keep one of eventTime and processingTime/]],
  ],
  [
    'no time until a partition is idle',
    revenueWith(0, { from: { ...from, idleTimeout: '0s' }, eventTime }),
    [['steps[0].from.idleTimeout', /1ms to 366d/]],
  ],
  [
    'an idle timeout that stands with the event time',
    revenueWith(0, { from, eventTime: { ...eventTime, idleTimeout: '5s' } }),
    [['steps[0].eventTime.idleTimeout', /unknown: .*known are field, from, header, outOfOrderness, monotonous, maxDrift$/]],
  ],
  [
    'partitions that may not be apart at all',
    revenueWith(0, { from, eventTime: { ...eventTime, maxDrift: '0s' } }),
    [['steps[0].eventTime.maxDrift', /1ms to 366d/]],
  ],
  [
    'a drift without a unit',
    revenueWith(0, { from, eventTime: { ...eventTime, maxDrift: '60' } }),
    [['steps[0].eventTime.maxDrift', /a whole number and a unit/]],
  ],
  ['a misspelt option', revenueWith(0, { from: { ...from, formt: 'json' }, eventTime }), [['steps[0].from.formt', /unknown/]]],
  [
    'a type that is none',
    revenueWith(0, { from: { ...from, schema: { customer: 'text' } }, eventTime }),
    [['steps[0].from.schema.customer', /"text" is no type/]],
  ],
  [
    'no disorder given',
    revenueWith(0, { from, eventTime: { field: 'at' } }),
    [['steps[0].eventTime.outOfOrderness', /^is missing: .* 10s, or monotonous: true$/]],
  ],
  [
    'a disorder of records in order',
    revenueWith(0, { from, eventTime: { ...eventTime, monotonous: true } }),
    [['steps[0].eventTime.monotonous', /^give one of both: outOfOrderness, or monotonous/]],
  ],
  [
    'records that are not in order, without a bound',
    revenueWith(0, { from, eventTime: { field: 'at', monotonous: false } }),
    [['steps[0].eventTime.monotonous', /true only; without it, give outOfOrderness/]],
  ],
  [
    'a header without a name',
    revenueWith(0, { from, eventTime: { header: '', monotonous: true } }),
    [['steps[0].eventTime.header', /name the header/]],
  ],
  [
    'time in a field and in a header',
    revenueWith(0, { from, eventTime: { ...eventTime, header: 'sent' } }),
    [['steps[0].eventTime', /^give one of them: name the field or the header/]],
  ],
  ['no time given', revenueWith(0, { from, eventTime: { outOfOrderness: '10s' } }), [['steps[0].eventTime', /^field is missing: .* from: record$/]]],
  [
    'an empty event time',
    revenueWith(0, { from, eventTime: {} }),
    [
      ['steps[0].eventTime', /^field is missing: name the field/],
      ['steps[0].eventTime.outOfOrderness', /^is missing: say how far records may be out of order/],
    ],
  ],
  [
    'a disorder without a unit',
    revenueWith(0, { from, eventTime: { field: 'at', outOfOrderness: 10 } }),
    [['steps[0].eventTime.outOfOrderness', /500ms, 10s/]],
  ],
  [
    'two origins of time',
    revenueWith(0, { from, eventTime: { ...eventTime, from: 'record' } }),
    [['steps[0].eventTime', /^give one of them: name the field/]],
  ],
  ['a wrong expression', revenueWith(1, { filter: 'value.amout > 0.0' }), [['steps[1].filter', /amout at column 7/]]],
  ['a filter that is not text', revenueWith(1, { filter: true }), [['steps[1].filter', /CEL expression/]]],
  ['a duration without a unit', revenueWith(3, { window: { tumbling: 60 } }), [['steps[3].window.tumbling', /whole number and a unit/]]],
  ['a duration with a fraction', revenueWith(3, { window: { tumbling: '1.5m' } }), [['steps[3].window.tumbling', /not a duration/]]],
  ['a sliding window without a slide', revenueWith(3, { window: { sliding: '1m' } }), [['steps[3].window', /stand together/]]],
  ['a slide beyond the size', revenueWith(3, { window: { sliding: '1m', slide: '2m' } }), [['steps[3].window.slide', /leave records out/]]],
  ['a window without an aggregate', revenueWith(4, { filter: 'true' }), [['steps[3].window', /aggregate must follow the window, not filter/]]],
  ['an aggregate without a window', revenueWith(3, { filter: 'true' }), [['steps[4].aggregate', /put window before it/]]],
  [
    'two aggregates in one field',
    revenueWith(4, { aggregate: { name: 'a', fields: { x: { count: {}, sum: 'amount' } } } }),
    [['steps[4].aggregate.fields.x', /one of/]],
  ],
  [
    'a sum of text',
    revenueWith(4, { aggregate: { name: 'a', fields: { x: { sum: 'customer' } } } }),
    [['steps[4].aggregate.fields.x', /customer is string/]],
  ],
  ['a reduce', revenueWith(4, { reduce: 'x' }), [['steps[4].reduce', /TypeScript/]]],
  ['no topic', revenueWith(5, { to: {} }), [['steps[5].to.topic', /is missing/]]],
  [
    'start at a time that is not given',
    revenueWith(0, { from: { ...from, startFrom: 'Timestamp' }, eventTime }),
    [['steps[0].from.startFrom', /stand together/]],
  ],
]

for (const [title, steps, expected] of wrong) {
  test(`steps: ${title} is refused with its path`, (t) => {
    const problems = problemsOfSteps(steps)
    t.deepEqual(
      problems.map(([kind, path]) => [kind, path]),
      expected.map(([path]) => ['invalid', path]),
    )
    for (const [index, [, message]] of expected.entries()) t.regex(problems[index]?.[2] ?? '', message)
  })
}

const later: readonly (readonly [title: string, steps: unknown, path: string, instead: RegExp])[] = [
  ['a join', revenueWith(1, { join: { with: 'other' } }), 'steps[1].join', /several jobs/],
  ['several streams', revenueWith(0, { streams: [] }), 'steps[0].streams', /job\(a\.to/],
  [
    'all rows of a window each time',
    revenueWith(3, { window: { tumbling: '1m', emit: 'complete' } }),
    'steps[3].window.emit',
    /each one that changed/,
  ],
  ['Avro', revenueWith(0, { from: { ...from, format: 'avro' }, eventTime }), 'steps[0].from.format', /json is/],
  ['Postgres', revenueWith(5, { to: { postgres: { table: 'x' } } }), 'steps[5].to.postgres', /write to a topic/],
  ['a generator', revenueWith(0, { from: { generator: {} }, eventTime }), 'steps[0].from.generator', /read from a topic/],
]

for (const [title, steps, path, instead] of later) {
  test(`steps: ${title} is not supported yet, and the answer says what is`, (t) => {
    const result = planSteps(steps)
    if (result.kind !== 'invalid') return t.fail(result.kind)
    t.is(result.reason, 'NotSupportedYet', JSON.stringify(result.problems))
    t.is(result.problems[0]?.path, path)
    t.regex(result.problems[0]?.message ?? '', /not supported yet; /)
    t.regex(result.problems[0]?.message ?? '', instead)
  })
}

test('problems of all steps are reported together, from top to bottom', (t) => {
  const steps = [
    { from: { ...from, idleTimeout: '5 s' }, eventTime: { field: 'time', outOfOrderness: '10 s' } },
    { filter: 'value.x > 0.0' },
    { keyBy: 'customer' },
    { window: { tumbling: '1x' } },
    { aggregate: { name: 'a', fields: { key: { count: {} } } } },
    { to: { topic: 'orders', fromat: 'json' } },
  ]
  t.deepEqual(
    problemsOfSteps(steps).map(([, path]) => path),
    [
      'steps[0].from.idleTimeout',
      'steps[0].eventTime.outOfOrderness',
      'steps[0].eventTime.field',
      'steps[1].filter',
      'steps[3].window.tumbling',
      'steps[4].aggregate.fields.key',
      'steps[5].to.fromat',
      'steps[5].to.topic',
    ],
  )
})
