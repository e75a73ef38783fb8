import test from 'ava'
import { approxDistinct, collect, first, quantiles, stddev, topN, variance } from '../../../runtime/dsl/aggregates.ts'
import { parseSteps, planSteps } from '../../../runtime/dsl/steps.ts'

/** A program with these aggregates. */
function stepsWith(fields: unknown): unknown {
  return [
    {
      from: { topic: 'orders', key: 'customer', schema: { customer: 'string', amount: 'number', note: 'string?', at: 'timestamp' } },
      eventTime: { field: 'at', outOfOrderness: '10s' },
    },
    { keyBy: 'customer' },
    { window: { tumbling: '1m' } },
    { aggregate: { name: 'a', fields } },
    { to: { topic: 'results' } },
  ]
}

test('aggregates in steps have the options that they have in the builder, and the same defaults', (t) => {
  const fields = {
    v: { variance: 'amount' },
    p: { stddev: { field: 'amount', of: 'population' } },
    f: { first: 'note' },
    c: { collect: 'note' },
    d: { collect: { field: 'note', limit: 5 } },
    r: { topN: { by: 'amount', n: 3 } },
    o: { topN: { by: 'amount', n: 3, field: 'note' } },
    q: { quantiles: { field: 'amount', at: [0.5, 0.99] } },
    u: { approxDistinct: 'note' },
  }
  t.deepEqual((parseSteps(stepsWith(fields)).nodes.at(-2) as { fields?: unknown }).fields, {
    v: variance('amount').aggregate,
    p: stddev('amount', { of: 'population' }).aggregate,
    f: first('note').aggregate,
    c: collect('note').aggregate,
    d: collect('note', { limit: 5 }).aggregate,
    r: topN({ by: 'amount', n: 3 }).aggregate,
    o: topN({ by: 'amount', n: 3, field: 'note' }).aggregate,
    q: quantiles('amount', [0.5, 0.99]).aggregate,
    u: approxDistinct('note').aggregate,
  })
})

const wrong: readonly (readonly [title: string, aggregate: unknown, path: string, message: RegExp])[] = [
  ['a topN of no records', { topN: { by: 'amount', n: 0 } }, '.n', /from 1 to 1000/],
  ['a misspelt option', { quantiles: { field: 'amount', att: [1], at: [1] } }, '.quantiles.att', /unknown: "att"/],
  ['two aggregates in one', { first: 'note', last: 'note' }, '', /give one of count: {}, sum, min/],
  ['no aggregate', {}, '', /variance, stddev, first, last, collect, topN, quantiles, approxDistinct$/],
]

for (const [title, aggregate, path, message] of wrong) {
  test(`steps: ${title} is refused with its path`, (t) => {
    const result = planSteps(stepsWith({ x: aggregate }))
    if (result.kind !== 'invalid') return t.fail(result.kind)
    t.deepEqual(
      result.problems.map((problem) => problem.path),
      [`steps[3].aggregate.fields.x${path}`],
    )
    t.regex(result.problems[0]?.message ?? '', message)
  })
}
