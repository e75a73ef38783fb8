/** Sessions, dedup and process functions in steps. */
import test from 'ava'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import { count, kafka, session, stream, sum, t as types } from '../../../runtime/index.ts'
import { explain } from '../../../runtime/plan/explain.ts'
import { fingerprint } from '../../../runtime/plan/fingerprint.ts'
import { problemsOf } from '../../../runtime/plan/problems.ts'

const from = { topic: 'orders', key: 'customer', schema: { customer: 'string', amount: 'number', at: 'timestamp' } }
const eventTime = { field: 'at', outOfOrderness: '10s' }
const head = [{ from, eventTime }, { keyBy: 'customer' }] as const
const to = { to: { topic: 'results' } }

function deduplicated(dedup: object): readonly unknown[] {
  return [...head, { dedup }, to]
}

function windowed(window: object): readonly unknown[] {
  return [...head, { window }, { aggregate: { name: 'visits', fields: { n: { count: {} } } } }, to]
}

test('a session in steps is the one of the builder', (t) => {
  const source = kafka({
    topic: 'orders',
    key: 'customer',
    schema: types.object({ customer: types.string, amount: types.number, at: types.timestamp }),
  })
  const orders = stream.from(source).eventTime('at', { outOfOrderness: '10s' })
  const built = orders
    .keyBy('customer')
    .window(session('5m', { lateness: '1m' }))
    .aggregate('visits', { total: sum('amount') })
  const steps = [
    ...head,
    { window: { session: '5m', lateness: '1m' } },
    { aggregate: { name: 'visits', fields: { total: { sum: 'amount' } } } },
    { to: { topic: 'visits' } },
  ]
  t.is(fingerprint(parseSteps(steps)), fingerprint(built.to(kafka({ topic: 'visits' }))))
})

test('a session that fires more than once is the same in steps and in the builder, and says when', (t) => {
  const schema = types.object({ customer: types.string, amount: types.number, at: types.timestamp })
  const orders = stream
    .from(kafka({ topic: 'orders', key: 'customer', schema }))
    .eventTime('at', { outOfOrderness: '10s' })
    .keyBy('customer')
  const emissions = [
    ['updates', 'session window, gap 5m, lateness 1m, updates: n = count()', 'at most four rows'],
    [{ early: '10s' }, 'session window, gap 5m, lateness 1m, early results every 10s, then final ones: n = count()', 'at most four rows'],
    [
      { early: '10s', then: 'updates' },
      'session window, gap 5m, lateness 1m, early results every 10s, then updates: n = count()',
      'at most five rows',
    ],
  ] as const
  for (const [emit, ...words] of emissions) {
    const built = orders
      .window(session('5m', { lateness: '1m', emit }))
      .aggregate('visits', { n: count() })
      .to(kafka({ topic: 'results' }))
    t.is(fingerprint(parseSteps(windowed({ session: '5m', lateness: '1m', emit }))), fingerprint(built))
    for (const word of words) t.true(explain(built).includes(word), explain(built))
  }
})

test('the name of a firing is a field of the results of a session that fires more than once, and of no other', (t) => {
  const planned = (emit: string): unknown => {
    try {
      return parseSteps(windowed({ session: '5m', emit }).toSpliced(-1, 0, { filter: 'value.firing == "late"' })).kind
    } catch (error) {
      return problemsOf(error)?.map(({ path }) => path)
    }
  }
  t.is(planned('updates'), 'streamjob.plan')
  t.deepEqual(planned('final'), ['steps[4].filter'])
})

test('dedup in steps is the one of the builder', (t) => {
  const source = kafka({
    topic: 'orders',
    key: 'customer',
    schema: types.object({ customer: types.string, amount: types.number, at: types.timestamp }),
  })
  const orders = stream.from(source).eventTime('at', { outOfOrderness: '10s' }).keyBy('customer')
  const built = orders.dedup('once', { by: 'amount', within: '1h' }).window(session('5m')).aggregate('visits', { n: count() })
  const steps = [
    ...deduplicated({ name: 'once', by: 'amount', within: '1h' }).slice(0, -1),
    { window: { session: '5m' } },
    { aggregate: { name: 'visits', fields: { n: { count: {} } } } },
    { to: { topic: 'visits' } },
  ]
  t.is(fingerprint(parseSteps(steps)), fingerprint(built.to(kafka({ topic: 'visits' }))))
})

const wrong: readonly (readonly [title: string, steps: unknown, path: string, message: RegExp])[] = [
  ['a session with a slide', windowed({ session: '1m', slide: '1s' }), 'steps[2].window.slide', /a gap, a lateness and an emission only/],
  ['a session with an emission that is none', windowed({ session: '1m', emit: 'often' }), 'steps[2].window.emit', /final, updates, or early: 10s/],
  ['a session that fires all the time', windowed({ session: '1m', emit: { early: '0s' } }), 'steps[2].window.emit.early', /from 1ms to 366d/],
  ['a session without a gap', windowed({ session: '0s' }), 'steps[2].window.session', /from 1ms to 366d/],
  ['a dedup without its time', deduplicated({ name: 'd' }), 'steps[2].dedup.within', /^is missing: .* 1h$/],
  ['a dedup by a field that there is not', deduplicated({ name: 'd', by: 'id', within: '1h' }), 'steps[2].dedup.by', /no field "id"/],
  ['a process function', [...head, { process: {} }, to], 'steps[2].process', /TypeScript$/],
]

for (const [title, steps, path, message] of wrong) {
  test(`steps: ${title} is refused with its path`, (t) => {
    const error = t.throws(() => parseSteps(steps))
    const problems = problemsOf(error) ?? []
    t.deepEqual(
      problems.map((problem) => [problem.kind, problem.path]),
      [['invalid', path]],
    )
    t.regex(problems[0]?.message ?? '', message)
  })
}
