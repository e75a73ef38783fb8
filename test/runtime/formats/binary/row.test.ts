import { isDeepStrictEqual } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import test from 'ava'
import fc from 'fast-check'
import { rowDecoder } from '../../../../runtime/formats/binary/decoder.ts'
import { rowEncoder } from '../../../../runtime/formats/binary/encoder.ts'
import type { Decoder } from '../../../../runtime/formats/codec.ts'
import { DecodeError, EncodeError } from '../../../../runtime/formats/codec.ts'
import { jsonDecoder } from '../../../../runtime/formats/json/decoder.ts'
import { parseSchema } from '../../../../runtime/formats/schema-text.ts'

/** What comes out, where the row lies in the middle of a larger buffer, as in a fetched batch. */
function read(row: Uint8Array, decoder: Decoder = rowDecoder()): unknown {
  const block = Buffer.concat([Buffer.alloc(3, 7), row, Buffer.alloc(3, 7)])
  return decoder.decode(block, 3, 3 + row.length)
}

function throughRow(value: unknown): unknown {
  return read(rowEncoder().encode(value))
}

function refusal(value: unknown): string {
  try {
    return `came out as ${String(throughRow(value))}`
  } catch (error) {
    return error instanceof EncodeError ? error.message : `not an EncodeError: ${String(error)}`
  }
}

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('a', 'ÿ', 'Ā', '\ud800', '\udc00', '\u0000') }))
const anyName = fc.oneof(fc.constantFrom('id', 'name', 'price', '__proto__', '0', '17', 'toString', ''), anyText)
const anyScalar = fc.oneof(
  fc.constantFrom(null, true, false, NaN, Infinity, -Infinity, 0, -0, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, -(2 ** 31) - 1),
  fc.integer(),
  fc.double(),
  anyText,
)
/** Whatever a program may make of JSON values, numbers that JSON has no form of among them. */
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, anyScalar, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 6 }),
  object: fc.array(fc.tuple(anyName, tie('value')), { maxLength: 8 }).map((entries) => Object.fromEntries(entries)),
})).value

test('any JSON value comes out as it would of JSON', (t) => {
  const [encoder, decoder] = [rowEncoder(), rowDecoder()]
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const json = JSON.stringify(value)
      // JSON writes -0 as 0, a row does not.
      return (
        isDeepStrictEqual(read(encoder.encode(JSON.parse(json)), decoder), JSON.parse(json)) && JSON.stringify(read(encoder.encode(value))) === json
      )
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('values that JSON would change come out as they went in: NaN, infinities, -0, any string, any name', (t) => {
  const [encoder, decoder] = [rowEncoder(), rowDecoder()]
  fc.assert(
    fc.property(anyValue, (value) => isDeepStrictEqual(read(encoder.encode(value), decoder), value)),
    { numRuns: 2000 },
  )
  t.pass()
})

test('bytes and dates come out as bytes and dates, nested too', (t) => {
  const value = { b: new Uint8Array([0, 1, 255]), at: new Date(5), never: new Date(NaN), l: [{ b: new Uint8Array(0) }, new Date(-1.5e12)] }
  t.deepEqual(throughRow(value), value)
  t.deepEqual(throughRow(Buffer.from('abc')), new Uint8Array(Buffer.from('abc')))
})

test('undefined is left out of objects and null in lists, toJSON is heard, instances become plain objects', (t) => {
  class Point {
    readonly x = 1
    readonly y = [new Date(3)]
    get length(): number {
      return 5
    }
  }
  class Inherited extends Point {
    readonly z = null
  }
  const inherits = Object.assign(Object.create({ inherited: 1 }) as object, { own: 2 })
  const value = { u: undefined, l: [undefined, 1], j: { a: 1, toJSON: () => ({ x: undefined, y: 1 }) }, p: new Point(), i: new Inherited(), inherits }
  const plain = { l: [null, 1], j: { y: 1 }, p: { x: 1, y: [new Date(3)] }, i: { x: 1, y: [new Date(3)], z: null }, inherits: { own: 2 } }
  t.deepEqual(throughRow(value), plain)
  t.deepEqual(throughRow({ u: undefined }), {})
  t.deepEqual(throughRow({ toJSON: 'a field like any other' }), { toJSON: 'a field like any other' })
})

test('a method toJSON is heard, also where objects with a field of that name came before', (t) => {
  const encoder = rowEncoder()
  t.deepEqual(read(encoder.encode({ toJSON: 1 })), { toJSON: 1 })
  t.deepEqual(read(encoder.encode({ toJSON: () => 2 })), 2)
})

test('what JSON can not hold is refused with its path', (t) => {
  t.is(refusal(undefined), 'value: expected something that JSON can hold, found nothing')
  t.is(refusal({ n: 1, 'a b': [0, { n: 12n }] }), 'value["a b"][1].n: expected something that JSON can hold, found the bigint 12')
  t.is(refusal({ before: [1, [2]], f: () => 1 }), 'f: expected something that JSON can hold, found a function')
  t.is(refusal({ p: Promise.reject(new Error('too late')) }), "p: JSON can't hold a promise; functions of a transform are synchronous")
  t.is(refusal([new Map()]), "value[0]: JSON can't hold a Map or Set; make an object or a list of it")
  t.is(refusal({ j: { toJSON: () => new Set() } }), 'j["toJSON()"]: JSON can\'t hold a Map or Set; make an object or a list of it')
  const circle: Record<string, unknown> = {}
  circle.self = [circle]
  t.regex(refusal(circle), /^self\[0\]\.self.*: is nested more than 200 deep, or refers to itself$/)
  const endless: Record<string, unknown> = { toJSON: () => endless }
  t.regex(refusal(endless), /: is nested more than 200 deep, or refers to itself$/)
})

test('whatever is nested as deep as the encoder allows is read', (t) => {
  let value: unknown = 'deep'
  for (let i = 0; i <= 200; i++) value = i % 2 === 0 ? [value] : { value }
  t.deepEqual(throughRow(value), value)
  t.regex(refusal([value]), /is nested more than 200 deep/)
})

test('a field that goes while its object is written is an error, not a damaged row', (t) => {
  const value: Record<string, unknown> = { a: { toJSON: () => delete value['b'] }, b: 1 }
  t.is(refusal(value), 'value: loses the field b while it is written')
})

test('a refused value leaves nothing in what is encoded next', (t) => {
  const encoder = rowEncoder()
  t.throws(() => encoder.encode({ a: 1, b: 2n }), { instanceOf: EncodeError })
  t.deepEqual(read(encoder.encode({ c: 2 })), { c: 2 })
})

test('rows that were given out do not change when more is encoded, nor values when their bytes do', (t) => {
  const encoder = rowEncoder()
  const values = Array.from({ length: 2000 }, (_, i) => ({ i, text: 'x'.repeat(i % 500), bytes: new Uint8Array(i % 300).fill(i) }))
  const rows = values.map((value) => encoder.encode(value))
  const decoder = rowDecoder()
  const found = rows.map((row) => {
    const copy = Buffer.from(row)
    const value = decoder.decode(copy, 0, copy.length)
    copy.fill(0)
    return value
  })
  t.deepEqual(found, values)
})

test('strings of every length survive, in one byte a character and in two', (t) => {
  for (const unit of ['a', 'é', '€', '😀', '\ud800'])
    for (const length of [0, 1, 62, 63, 64, 65, 127, 128, 8191, 8192, 300_000]) t.is(throughRow(unit.repeat(length)), unit.repeat(length))
  t.is(throughRow(`${'a'.repeat(50)}€`), `${'a'.repeat(50)}€`, 'a wide one at the end of a narrow beginning')
})

test('a row says itself what it holds: fields may come, go and change their type from one to the next', (t) => {
  const [encoder, decoder] = [rowEncoder(), rowDecoder()]
  const versions = [
    { id: 1, name: 'ann' },
    { id: 'one', name: 'ann', price: 2.5 },
    { name: 'ann', id: 1 },
    { id: 1, nom: 'ann' },
    { id: 1 },
    { id: 1, name: { first: 'ann', last: null } },
    { id: [1, { name: 'x' }], name: { last: null, first: 'ann' } },
    {},
    null,
    'ann',
  ]
  for (let round = 0; round < 300; round++) {
    for (const version of round % 2 === 0 ? versions : versions.toReversed()) t.deepEqual(read(encoder.encode(version), decoder), version)
  }
})

test('more kinds of record than are remembered, and names without end, are read like any other', (t) => {
  const [encoder, decoder] = [rowEncoder(), rowDecoder()]
  for (let i = 0; i < 3000; i++) {
    const value = { [`kind${i % 20}`]: i, tags: { [`tag${i}`]: [{ [`deep${i % 3}`]: { i } }] } }
    t.deepEqual(read(encoder.encode(value), decoder), value)
  }
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field ${i}`, i]))
  for (let i = 0; i < 3; i++) t.deepEqual(read(encoder.encode(wide), decoder), wide)
})

test('a field that is named __proto__ is a field', (t) => {
  const value = JSON.parse('{"a":1,"__proto__":{"polluted":true}}') as object
  const names = Array.from({ length: 100 }, (_, i) => `"f${i}":0`).join()
  for (const object of [value, JSON.parse(`{${names},"__proto__":{"polluted":true}}`) as object]) {
    const found = throughRow(object) as Record<string, unknown>
    t.deepEqual(Object.entries(found), Object.entries(object))
    t.is(Object.getPrototypeOf(found), Object.prototype)
    t.is(found['polluted'], undefined)
  }
})

test('bytes of another format are refused', (t) => {
  for (const [bytes, message] of [
    ['', 'value: is a damaged row: it ends inside of 1 bytes, at byte 0 of 0'],
    ['{"a":1}', 'value: is no row of format 1: its first byte is 123'],
    ['\u0002\u0000', 'value: is no row of format 1: its first byte is 2'],
  ] as const)
    t.throws(() => read(Buffer.from(bytes)), { instanceOf: DecodeError, message })
})

test('the layout of version 1 stays as it is: later releases read what lies in topics', (t) => {
  const value = { id: -2, where: '11', '': new Date(5), ok: [true, false, null, 2.5], '€': 'a€', b: new Uint8Array([1, 255]), o: { ok: 2 ** 31 - 1 } }
  const row = [
    ['version', '01'],
    ['an object whose names take 20 bytes', '09 14'],
    ['names', '04 6964', '0a 7768657265', '00', '04 6f6b', '03 ac20', '02 62', '02 6f'],
    ['id', '03 03'],
    ['where', '05 04 3131'],
    ['the empty name', '07 0000000000001440'],
    ['ok', '08 04', '02', '01', '00', '04 0000000000000440'],
    ['€', '05 05 6100 ac20'],
    ['b', '06 02 01ff'],
    ['o', '09 03', '04 6f6b', '03 feffffff0f'],
  ]
  const bytes = Buffer.from(row.flatMap(([_what, ...hex]) => hex.join('').replaceAll(' ', '')).join(''), 'hex')
  t.deepEqual(Buffer.from(rowEncoder().encode(value)), bytes)
  t.deepEqual(read(bytes), value)
})

test('rows with the same names have one hidden class, that of records that the JSON decoder makes with a schema', (t) => {
  setFlagsFromString('--allow-natives-syntax')
  // oxlint-disable-next-line typescript/no-implied-eval -- natives syntax can't be written in a module
  const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: unknown, b: unknown) => boolean
  const [encoder, decoder] = [rowEncoder(), rowDecoder()]
  const text = Buffer.from('{"name":"ann","amount":2.5,"tags":["a"]}')
  const ofJson = jsonDecoder(parseSchema({ name: 'string', amount: 'number', tags: 'list<string>' })).decode(text, 0, text.length)
  for (let i = 0; i < 3; i++) {
    t.true(haveSameMap(read(encoder.encode(ofJson), decoder), ofJson))
    read(encoder.encode({ amount: 1, name: 'ann' }), decoder)
  }
  t.false(haveSameMap(read(encoder.encode({ amount: 1, name: 'ann' }), decoder), ofJson))
})
