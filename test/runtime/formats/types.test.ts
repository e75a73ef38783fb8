import test from 'ava'
import { t } from '../../../runtime/formats/types.ts'
import type { Infer } from '../../../runtime/formats/types.ts'
import { jsonDecoder } from '../../../runtime/formats/json/decoder.ts'
import { parseSchema } from '../../../runtime/formats/schema-text.ts'

const Order = t.object({
  customer: t.string,
  amount: t.number.optional(),
  count: t.integer.default(1),
  paid: t.boolean,
  at: t.timestamp,
  total: t.decimal,
  raw: t.bytes.default(new Uint8Array([1, 2])),
  tags: t.list(t.string.optional()),
  prices: t.map(t.number).optional(),
  address: t.object({ city: t.string }),
})

/** Compiles only where both types are the same. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : never
interface Expected {
  customer: string
  amount: number | null
  count: number
  paid: boolean
  at: number
  total: string
  raw: Uint8Array
  tags: (string | null)[]
  prices: Record<string, number> | null
  address: { city: string }
}
type Flat<X> = { [K in keyof X]: X[K] }
const inferred: Same<Flat<Infer<typeof Order>>, Flat<Expected>> = true
const settled: Same<Infer<ReturnType<ReturnType<typeof t.string.optional>['default']>>, string> = true

test('the type of a record follows from its schema', (assert) => {
  assert.true(inferred && settled)
})

test('t and the text form give the same data', (assert) => {
  assert.deepEqual(
    Order.schema,
    parseSchema({
      customer: 'string',
      amount: 'number?',
      count: 'integer = 1',
      paid: 'boolean',
      at: 'timestamp',
      total: 'decimal',
      raw: 'bytes = "AQI="',
      tags: 'list<string?>',
      prices: 'map<number>?',
      address: { city: 'string' },
    }),
  )
})

test('a schema is frozen through and through', (assert) => {
  assert.true(Object.isFrozen(Order.schema))
  assert.true(Object.isFrozen(Order.schema.fields))
  assert.true(Object.isFrozen(Order.schema.fields.address?.type))
  assert.true(Object.isFrozen(t.list(t.number).default([1]).field.default))
})

test('optional and default leave the type that they were called on as it was', (assert) => {
  const plain = t.string
  plain.optional()
  assert.false(plain.field.optional)
})

test('a default is checked against the type, and bytes are kept as JSON holds them', (assert) => {
  assert.throws(() => t.integer.default(1.5), {
    message: "default: expected a whole number of at most 53 bits, found 1.5; the default must be a value of the field's type",
  })
  assert.deepEqual(
    jsonDecoder(t.object({ raw: Order.schema.fields.raw === undefined ? t.bytes : t.bytes.default(new Uint8Array([1, 2])) }).schema).decode(
      Buffer.from('{}'),
      0,
      2,
    ),
    { raw: new Uint8Array([1, 2]) },
  )
})

test('a field name that JavaScript can not carry is refused', (assert) => {
  assert.throws(() => t.object({ ['__proto__']: t.string }), { message: /can't be named "__proto__"/ })
  assert.throws(() => t.object({ '': t.string }), { message: /can't be named ""/ })
})
