import test from 'ava'
import { problemsOf } from '../../../runtime/plan/problems.ts'
import { explain } from '../../../runtime/plan/explain.ts'
import { fingerprint } from '../../../runtime/plan/fingerprint.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { planSteps } from '../../../runtime/dsl/steps.ts'
import { count, global, kafka, state, stream, t as types, trigger, tumbling } from '../../../runtime/index.ts'

const Order = types.object({ customer: types.string, amount: types.number, at: types.timestamp })
const source = stream.from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
const orders = source.eventTime('at', { outOfOrderness: '1s' }).keyBy('customer')
const results = kafka({ topic: 'results' })

const onRecord = (): 'fire' => 'fire'
const onTimer = (): 'purge' => 'purge'

/** The plan with a window that untyped code has made. */
function planWith(window: unknown, keyed: unknown = orders): Plan {
  return (keyed as typeof orders)
    .window(window as ReturnType<typeof tumbling>)
    .aggregate('w', { n: count() })
    .to(results)
}

test('a trigger is explained, with the state that it keeps', (t) => {
  const spent = state.value(types.number, { initial: 0 })
  const seen = state.list(types.string)
  const text = explain(planWith(global({ trigger: trigger({ state: { spent, seen }, onRecord, onTimer: () => 'fire' }) })))
  for (const words of [
    '  w            global window, results by a trigger with state spent, seen, a timer: n = count()\n',
    '  w: one row for each key, until its trigger purges it\n',
    '  w/spent: one row for each key, likewise\n',
    '  w/seen: one row for each kilobyte of a list, and one for each key, likewise\n',
  ])
    t.true(text.includes(words), `${words}\n${text}`)
  t.true(explain(planWith(global({ trigger: trigger({ onRecord }) }))).includes('results by a trigger with no state, no timer'))
})

test('a program with another trigger is another program', (t) => {
  const plan = (decide: () => 'fire' | 'continue'): Plan => planWith(global({ trigger: trigger({ onRecord: decide }) }))
  t.is(fingerprint(plan(() => 'fire')), fingerprint(plan(() => 'fire')))
  t.not(fingerprint(plan(() => 'fire')), fingerprint(plan((): 'fire' => 'fire' as const)))
})

const value = state.value(types.number)
const wrong: readonly (readonly [title: string, make: () => Plan, path: string, message: RegExp])[] = [
  ['a trigger without onRecord', () => planWith(global({ trigger: trigger({ onTimer } as never) })), 'window.trigger.onRecord', /must be a function/],
  ['a trigger that is none', () => planWith(global({ trigger: null } as never)), 'window.global', /never fires: .* in TypeScript also a trigger/],
  ['functions that are no trigger', () => planWith(global({ trigger: { onRecord } } as never)), 'window.global', /never fires/],
  [
    'an async trigger',
    () => planWith(global({ trigger: trigger({ onRecord: async () => Promise.resolve('fire') } as never) })),
    'window.trigger.onRecord',
    /async functions are not supported/,
  ],
  [
    'a trigger with a timer that is no function',
    () => planWith(global({ trigger: trigger({ onRecord, onTimer: 5 } as never) })),
    'window.trigger.onTimer',
    /must be a function/,
  ],
  [
    'a timer without event time',
    () => planWith(global({ trigger: trigger({ onRecord, onTimer }) }), source.keyBy('customer')),
    'window',
    /a window needs event time/,
  ],
  [
    'state of a trigger with a time to live',
    () => planWith(global({ trigger: trigger({ state: { n: state.value(types.number, { ttl: '1h' }) }, onRecord }) })),
    'window.trigger.state.n.ttl',
    /lives until its window is purged/,
  ],
  [
    'state of a trigger with the name of a table beside it',
    () => planWith(global({ trigger: trigger({ state: { records: value }, onRecord }) })),
    'window.trigger.state.records',
    /choose another name/,
  ],
  [
    'a trigger and a count',
    () => planWith(global({ trigger: trigger({ onRecord }), count: 5 } as never)),
    'window.global',
    /give one of them: count, every or trigger/,
  ],
  [
    'a trigger and purge',
    () => planWith(global({ trigger: trigger({ onRecord }), purge: true } as never)),
    'window.purge',
    /says itself when its window is purged/,
  ],
  [
    'a trigger of a window in time',
    () => planWith(tumbling('1m', { trigger: trigger({ onRecord }) } as never)),
    'window.trigger',
    /only a global window has a trigger/,
  ],
]

for (const [title, make, path, message] of wrong) {
  test(`${title} is refused with its path`, (t) => {
    const problems = problemsOf(t.throws(make)) ?? []
    t.deepEqual(
      problems.map((problem) => problem.path),
      [path],
    )
    t.regex(problems[0]?.message ?? '', message)
  })
}

test('steps have no triggers of their own and no evictors, and are told what works instead', (t) => {
  const steps = (window: unknown): unknown => [
    { from: { topic: 'orders', key: 'customer' }, eventTime: { from: 'record', outOfOrderness: '1s' } },
    { keyBy: 'customer' },
    { window },
    { aggregate: { name: 'w', fields: { n: { count: {} } } } },
    { to: { topic: 'results' } },
  ]
  for (const [window, message] of [
    [{ global: { trigger: {} } }, /not supported yet; write the program in TypeScript: global\(\{ trigger \}\)/],
    [{ tumbling: '1m', trigger: {} }, /not supported yet; write the program in TypeScript: global\(\{ trigger \}\)/],
    [{ tumbling: '1m', evictor: 5 }, /not supported yet; process over a window gets all its records/],
  ] as const) {
    const result = planSteps(steps(window))
    if (result.kind !== 'invalid') return t.fail(result.kind)
    t.true(
      result.problems.some((problem) => message.test(problem.message)),
      JSON.stringify(result),
    )
  }
})
