import test from 'ava'
import { planSteps } from '../../../runtime/dsl/steps.ts'

const schema = { customer: 'string', amount: 'number', note: 'string', maybe: 'number?', at: 'timestamp', tags: 'list<string>' }

/** What is wrong with aggregates, by field of the result. */
function problems(
  fields: object,
  more: Readonly<Record<string, string>> = {},
  behind: readonly object[] = [],
): readonly (readonly [string, string])[] {
  const result = planSteps([
    { from: { topic: 'orders', key: 'customer', schema: { ...schema, ...more } }, eventTime: { field: 'at', outOfOrderness: '10s' } },
    { keyBy: 'customer' },
    { window: { tumbling: '1m' } },
    { aggregate: { name: 'a', fields } },
    ...behind,
    { to: { topic: 'results' } },
  ])
  if (result.kind !== 'invalid') return []
  return result.problems.map(({ path, message }) => [path?.replace('steps[3].aggregate.fields.', '') ?? '', message] as const)
}

test('options of aggregates are within their bounds', (t) => {
  const found = problems({
    a: { topN: { by: 'amount', n: 1_001 } },
    b: { quantiles: { field: 'amount', at: [0.5, 1.5] } },
    c: { quantiles: { field: 'amount', at: [] } },
    d: { collect: { field: 'note', limit: 0 } },
  })
  t.deepEqual(found, [
    ['a.n', 'must be a whole number from 1 to 1000'],
    ['b.at', 'give 1 to 100 numbers from 0 to 1, such as [0.5, 0.99]'],
    ['c.at', 'give 1 to 100 numbers from 0 to 1, such as [0.5, 0.99]'],
    ['d.limit', 'must be a whole number from 1 to 100000'],
  ])
})

test('aggregates need fields that suit them', (t) => {
  const found = problems({
    a: { topN: { by: 'note', n: 3, field: 'nothing' } },
    b: { variance: 'at' },
    c: { quantiles: { field: 'maybe', at: [0.5] } },
    d: { approxDistinct: 'tags' },
  })
  t.deepEqual(found, [
    ['a', 'there is no field "nothing"; the fields are customer, amount, note, maybe, at, tags'],
    ['a', 'topN needs a number, but note is string'],
    ['b', 'variance needs a number, but at is timestamp'],
    ['c', 'quantiles of an optional field is not supported yet; give maybe a default, or filter and map it before'],
    ['d', 'approxDistinct counts texts, numbers, truths and bytes, but tags is list'],
  ])
})

test('bytes are counted, and not kept yet', (t) => {
  const found = problems(
    { a: { topN: { by: 'amount', n: 3 } }, b: { last: 'raw' }, c: { approxDistinct: 'raw' }, d: { topN: { by: 'amount', n: 3, field: 'note' } } },
    { raw: 'bytes' },
  )
  t.deepEqual(
    found.map(([field]) => field),
    ['a', 'b'],
  )
  for (const [, message] of found) t.regex(message, /map raw to base64 text before/)
})

test('fields of a result have the types that its aggregates give', (t) => {
  const fields = {
    l: { last: 'note' },
    all: { collect: 'tags' },
    top: { topN: { by: 'amount', n: 3 } },
    q: { quantiles: { field: 'amount', at: [0.5] } },
    u: { approxDistinct: 'note' },
    sd: { stddev: { field: 'amount', of: 'population' } },
  }
  const right = 'value.l.startsWith("x") && value.all[0][0] == "t" && value.top[0].amount > 1.0 && value.q[0] > 1.0 && value.u > 3 && value.sd < 9.5'
  t.deepEqual(problems(fields, {}, [{ filter: right }]), [])
  for (const wrong of ['value.top[0].amout > 1.0', 'value.l > 1.0', 'value.all[0] == "t"', 'value.u == "x"']) {
    t.deepEqual(
      problems(fields, {}, [{ filter: wrong }]).map(([path]) => path),
      ['steps[4].filter'],
      wrong,
    )
  }
})
