import test from 'ava'
import fc from 'fast-check'
import { parseSchema } from '../../../runtime/formats/schema-text.ts'
import { checkExpression, compileExpression, compileMapper, compilePredicate } from '../../../runtime/plan/expression.ts'
import type { RecordContext } from '../../../runtime/plan/nodes.ts'
import { problemsOf } from '../../../runtime/plan/problems.ts'

const order = parseSchema({
  customer: 'string',
  amount: 'number',
  items: 'integer',
  at: 'timestamp',
  note: 'string?',
  gift: 'boolean?',
  discount: 'number? = 0',
  codes: 'list<integer>',
  stock: 'map<integer>',
  address: { city: 'string', zip: 'integer' },
})
const value = {
  customer: 'ann',
  amount: 2.5,
  items: 3,
  at: 1_700_000_000_000,
  note: null,
  gift: null,
  discount: 0,
  codes: [4, 5],
  stock: { a: 1 },
  address: { city: 'Ulm', zip: 89_073 },
}
const record: RecordContext = { topic: 'orders', partition: 2, offset: 41, timestamp: 1_700_000_000_001, key: 'ann', header: () => null }

function evaluate(text: string): unknown {
  return compileExpression({ kind: 'cel', text }, order)(value, record)
}

const results: readonly (readonly [string, unknown])[] = [
  ['value.amount > 0.0', true],
  ['value.amount * 2.0', 5],
  ['value.items * 2', 6],
  ['value.items', 3],
  ['value.at + 1', 1_700_000_000_001],
  ['value.codes', [4, 5]],
  ['value.codes[1] + 1', 6],
  ['value.codes.map(code, code * 2)', [8, 10]],
  ['5 in value.codes', true],
  ['value.stock["a"] + 1', 2],
  ['value.address.zip', 89_073],
  ['value.address', { city: 'Ulm', zip: 89_073 }],
  ['value.note == null', true],
  ['value.discount + 1.0', 1],
  ['double(value.items) * 1.5', 4.5],
  ['{"city": value.address.city, "n": size(value.codes)}', { city: 'Ulm', n: 2 }],
  ['topic + "/" + string(partition) + "/" + string(offset)', 'orders/2/41'],
  ['timestamp - value.at', 1],
  ['key == value.customer', true],
  ['value.customer.startsWith("a") ? "yes" : "no"', 'yes'],
]

for (const [text, expected] of results) {
  test(`CEL: ${text} gives ${JSON.stringify(expected)}`, (t) => {
    t.deepEqual(evaluate(text), expected)
  })
}

const faults: readonly (readonly [string, RegExp])[] = [
  ['value.amout > 0.0', /amout at column 7 .*; value has customer, amount, /],
  ['vlue.amount > 0.0', /vlue at column 1 .*; there are value, key, timestamp, topic, partition, offset/],
  ['value.amount >', /column 15/],
  ['value.amount * 2', /double \* int at column 1 .*write 2\.0 for a number/],
  ['value.customer + 1', /string \+ int/],
  ['value.address.town', /town/],
  ['true &&\nvalue.amout > 0.0', /at line 2, column 7/],
]

for (const [text, message] of faults) {
  test(`CEL is refused when planned: ${JSON.stringify(text)}`, (t) => {
    const error = t.throws(() => compileExpression({ kind: 'cel', text }, order))
    t.regex(problemsOf(error)?.[0]?.message ?? '', message)
  })
}

test('a filter must give bool, a map in CEL a map, a flatMap a list', (t) => {
  t.like(checkExpression('value.amount', order, 'boolean'), { message: '"value.amount" gives double, but must give bool' })
  t.like(checkExpression('value.customer', order, 'object'), { message: '"value.customer" gives string, but must give a map' })
  t.like(checkExpression('value.stock', order, 'list'), { message: '"value.stock" gives map<string, int>, but must give a list' })
  t.false('message' in checkExpression('value.address', order, 'object'))
  t.false('message' in checkExpression('{"a": 1, "b": "x"}', order, 'object'))
})

test('an optional field is checked when the expression runs, because it may be null', (t) => {
  const predicate = compilePredicate({ kind: 'cel', text: 'value.gift' }, order)
  t.true(predicate({ ...value, gift: true }, record))
  t.throws(() => predicate(value, record), { message: 'a filter must give true or false, not null' })
})

test('without a declared schema any field may be named, and numbers are double', (t) => {
  const double = compileExpression({ kind: 'cel', text: 'value.n * 2.0' }, null)
  t.is(double({ n: 4 }, record), 8)
  t.throws(() => double({}, record), { message: /No such key: n/ })
  t.throws(() => compileExpression({ kind: 'cel', text: 'value.n * 2' }, null)({ n: 4 }, record), { message: /write 2\.0/ })
})

test('an integer result beyond 53 bits is an error, not a rounded number', (t) => {
  t.throws(() => evaluate('9007199254740993 + 0'), { message: /beyond 53 bits/ })
})

test('a safe integer goes into CEL and comes back as it was', (t) => {
  const identity = compileExpression({ kind: 'cel', text: 'value.items + 0' }, order)
  fc.assert(fc.property(fc.maxSafeInteger(), (items) => identity({ ...value, items }, record) === items))
  t.pass()
})

test('a map by fields computes each field from the same record', (t) => {
  const mapper = compileMapper(
    { kind: 'fields', fields: { who: { kind: 'cel', text: 'value.customer' }, double: { kind: 'cel', text: 'value.amount * 2.0' } } },
    order,
  )
  t.deepEqual(mapper(value, record), { who: 'ann', double: 5 })
})

test('a lambda is called with the value and the record', (t) => {
  const call = (order: { amount: number }, { partition }: RecordContext): number => order.amount + partition
  t.is(compileExpression({ kind: 'lambda', call, text: String(call) }, order)(value, record), 4.5)
})

test('a filter lambda that gives something else than true or false throws', (t) => {
  const call = (order: { customer: string }): string => order.customer
  t.throws(() => compilePredicate({ kind: 'lambda', call, text: String(call) }, order)(value, record), {
    message: 'a filter must give true or false, not string "ann"',
  })
})
