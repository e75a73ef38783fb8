import test from 'ava'
import fc from 'fast-check'
import { EncodeError } from '../../../../runtime/formats/codec.ts'
import { jsonDecoder } from '../../../../runtime/formats/json/decoder.ts'
import { jsonEncoder } from '../../../../runtime/formats/json/encoder.ts'
import { parseSchema } from '../../../../runtime/formats/schema-text.ts'
import type { RecordSchema } from '../../../../runtime/formats/schema.ts'

function encode(schema: RecordSchema | null, value: unknown): string {
  return Buffer.from(jsonEncoder(schema).encode(value)).toString()
}

function refusal(schema: RecordSchema | null, value: unknown): string {
  try {
    return `was written: ${encode(schema, value)}`
  } catch (error) {
    return error instanceof EncodeError ? error.message : `not an EncodeError: ${String(error)}`
  }
}

test('any JSON value is written as JSON.stringify writes it', (t) => {
  const encoder = jsonEncoder(null)
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => Buffer.from(encoder.encode(value)).toString() === JSON.stringify(value)),
    { numRuns: 1000 },
  )
  t.pass()
})

test('any finite number is written as JSON.stringify writes it', (t) => {
  const encoder = jsonEncoder(null)
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.integer(),
    fc.tuple(fc.integer(), fc.integer({ min: 1, max: 7 })).map(([digits, decimals]) => digits / 10 ** decimals),
    fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((n) => n * 1_000_003),
  )
  fc.assert(
    fc.property(numbers, (n) => Buffer.from(encoder.encode({ n })).toString() === JSON.stringify({ n })),
    { numRuns: 3000 },
  )
  for (const n of [0, -0, 9, 10, 2147483647, 2147483648, -2147483648, -2147483649, 999999999, 1000000000, 1e9, 999999999999999, 1e15, 1e21, 1.5e-7])
    t.is(encode(null, n), JSON.stringify(n))
})

test('strings of every length and any character survive', (t) => {
  for (const unit of ['a', 'é', '😀', '"', '\\', '\n', '\u0000', '\u2028', '\ud800']) {
    for (const length of [0, 1, 31, 63, 64, 65, 1000, 30_000])
      t.is(encode(null, { s: unit.repeat(length) }), JSON.stringify({ s: unit.repeat(length) }))
  }
})

test('bytes that were given out do not change when more is encoded', (t) => {
  const encoder = jsonEncoder(null)
  const values = Array.from({ length: 2000 }, (_, i) => ({ i, text: 'x'.repeat(i % 500) }))
  const written = values.map((value) => encoder.encode(value))
  t.deepEqual(
    written.map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown),
    values,
  )
})

test('without a schema dates are epoch ms, bytes base64, undefined members are left out and toJSON is heard', (t) => {
  t.is(
    encode(null, { at: new Date(5), b: new Uint8Array([0, 1, 255]), u: undefined, l: [undefined], j: { toJSON: () => ({ x: 1 }) } }),
    '{"at":5,"b":"AAH/","l":[null],"j":{"x":1}}',
  )
  t.is(encode(null, { u: undefined }), '{}')
})

test('what JSON can not hold is refused with its path', (t) => {
  t.is(refusal(null, { a: [{ b: NaN }] }), 'a[0].b: expected something that JSON can hold, found NaN')
  t.is(refusal(null, { 'a b': Infinity }), 'value["a b"]: expected something that JSON can hold, found Infinity')
  t.is(refusal(null, { n: 12n }), 'n: expected something that JSON can hold, found the bigint 12')
  t.is(refusal(null, undefined), 'value: expected something that JSON can hold, found nothing')
  t.is(refusal(null, { f: () => 1 }), 'f: expected something that JSON can hold, found a function')
  t.is(refusal(null, { p: Promise.reject(new Error('too late')) }), "p: JSON can't hold a promise; functions of a transform are synchronous")
  t.is(refusal(null, { m: new Map() }), "m: JSON can't hold a Map or Set; make an object or a list of it")
  const circle: Record<string, unknown> = {}
  circle.self = circle
  t.regex(refusal(null, circle), /is nested more than 200 deep, or refers to itself$/)
})

test('a refused value leaves nothing in what is encoded next', (t) => {
  const encoder = jsonEncoder(null)
  t.throws(() => encoder.encode({ a: 1, b: NaN }), { instanceOf: EncodeError })
  t.is(Buffer.from(encoder.encode({ c: 2 })).toString(), '{"c":2}')
})

const schema = parseSchema({
  s: 'string',
  n: 'number?',
  i: 'integer = 7',
  b: 'boolean',
  at: 'timestamp',
  d: 'decimal',
  y: 'bytes',
  l: 'list<number?>',
  m: 'map<string>',
  o: { x: 'integer' },
})
const full = { s: 'é"', n: -1.5, i: 3, b: false, at: 1700000000000, d: '1.10', y: new Uint8Array([1]), l: [1, null], m: { 'a"': 'b' }, o: { x: 1 } }

test('what is written with a schema is read back the same with it', (t) => {
  const decoder = jsonDecoder(schema)
  for (const value of [full, { ...full, n: null, l: [], m: {} }]) {
    const bytes = Buffer.from(jsonEncoder(schema).encode(value))
    t.deepEqual(decoder.decode(bytes, 0, bytes.length), value)
  }
})

test('with a schema only declared fields are written, and defaults and nulls stand in', (t) => {
  const { n: _n, i: _i, ...rest } = full
  t.is(
    encode(schema, { ...rest, other: 1 }),
    '{"s":"é\\"","n":null,"i":7,"b":false,"at":1700000000000,"d":"1.10","y":"AQ==","l":[1,null],"m":{"a\\"":"b"},"o":{"x":1}}',
  )
})

test('what does not fit the declared schema is refused with its path', (t) => {
  t.is(refusal(schema, { ...full, s: null }), 's: expected string, as declared, found null')
  t.is(refusal(schema, { ...full, n: NaN }), 'n: expected a number, found NaN')
  t.is(refusal(schema, { ...full, i: 1.5 }), 'i: expected a whole number of at most 53 bits, found 1.5')
  t.is(refusal(schema, { ...full, l: [1, 'x'] }), 'l[1]: expected a number, found the string "x"')
  t.is(refusal(schema, { ...full, o: { x: 'y' } }), 'o.x: expected a whole number of at most 53 bits, found the string "y"')
  t.is(refusal(schema, [1]), 'value: expected an object, found a list')
})
