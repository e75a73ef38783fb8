/** Sessions, dedup and process functions in steps. */
import test from 'ava'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import { count, kafka, session, stream, sum, t as types } from '../../../runtime/index.ts'
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
  ['a session with a slide', windowed({ session: '1m', slide: '1s' }), 'steps[2].window.slide', /a gap and a lateness only/],
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
