/** The generated scanner and a plain reading (JSON.parse, then a walk) agree on every byte string: both accept it with the same value, or both refuse. */
import { isUtf8 } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import test from 'ava'
import fc from 'fast-check'
import { DecodeError } from '../../../../runtime/formats/codec.ts'
import { jsonDecoder } from '../../../../runtime/formats/json/decoder.ts'
import type { FieldSchema, FieldType, RecordSchema } from '../../../../runtime/formats/schema.ts'

const refused = Symbol('refused')

/** Written apart from the code under test, and by other means where there are any (Date.parse, regular expressions). */
function reference(schema: RecordSchema, bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return refused
  let json: unknown
  try {
    json = JSON.parse(bytes.toString())
  } catch {
    return refused
  }
  try {
    return fit(schema, json)
  } catch (error) {
    if (error === refused) return refused
    throw error
  }
}

function fitField(field: FieldSchema, json: unknown): unknown {
  if (json !== null && json !== undefined) return fit(field.type, json)
  if (field.default !== undefined) return structuredClone(field.default)
  if (field.optional) return null
  throw refused
}

function fit(type: FieldType, json: unknown): unknown {
  const check = (good: boolean): unknown => {
    if (!good) throw refused
    return json
  }
  switch (type.kind) {
    case 'string':
    case 'boolean':
      return check(typeof json === type.kind)
    case 'number':
      return check(typeof json === 'number' && Number.isFinite(json))
    case 'integer':
      return check(Number.isSafeInteger(json))
    case 'timestamp': {
      if (typeof json === 'number') return check(Number.isInteger(json) && !Number.isNaN(new Date(json).getTime()))
      check(typeof json === 'string' && /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/.test(json))
      const text = (json as string).replace(/([+-]\d\d)(\d\d)$/, (all, h: string, m: string) =>
        all.includes('T') || (json as string).includes('T') ? `${h}:${m}` : all,
      )
      const time = Date.parse(text)
      check(!Number.isNaN(time) && !/T24/.test(text))
      // Date.parse lets the 31st of a short month run over.
      check(new Date(Date.parse(`${text.slice(0, 10)}T00:00Z`)).getUTCDate() === Number(text.slice(8, 10)))
      return time
    }
    case 'list':
      check(Array.isArray(json))
      return (json as unknown[]).map((item) => fitField(type.items, item))
    case 'map':
      check(typeof json === 'object' && !Array.isArray(json))
      // Object.fromEntries defines properties, so `__proto__` is one too.
      return Object.fromEntries(Object.entries(json as object).map(([key, value]) => [key, fitField(type.values, value)]))
    case 'object': {
      check(typeof json === 'object' && !Array.isArray(json))
      const members = new Map(Object.entries(json as object))
      return Object.fromEntries(Object.entries(type.fields).map(([name, field]) => [name, fitField(field, members.get(name))]))
    }
    case 'decimal':
    case 'bytes':
      throw new Error(`not generated here: ${type.kind}`)
  }
}

function decode(schema: RecordSchema, bytes: Buffer): unknown {
  // Digits, quotes and braces behind the value must not be taken for a part of it.
  const block = Buffer.concat([bytes, Buffer.from('0"}]')])
  try {
    return jsonDecoder(schema).decode(block, 0, bytes.length)
  } catch (error) {
    if (error instanceof DecodeError) return refused
    throw error
  }
}

const name = fc.constantFrom('a', 'b', 'ab', 'ba', 'price', 'größe', '😀', '', 'x"y', 'toString', 'constructor', '0')
const scalar = fc.constantFrom('string', 'number', 'integer', 'boolean', 'timestamp')

const { field: fieldArbitrary, record: recordArbitrary } = fc.letrec<{ field: FieldSchema; type: FieldType; record: RecordSchema }>((tie) => ({
  field: fc.record({ type: tie('type'), optional: fc.boolean() }),
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: scalar }),
    fc.record({ kind: fc.constant('list' as const), items: tie('field') }),
    fc.record({ kind: fc.constant('map' as const), values: tie('field') }),
    tie('record'),
  ),
  record: fc.record({
    kind: fc.constant('object' as const),
    fields: fc.dictionary(name, fc.oneof(tie('field'), fc.constant({ type: { kind: 'integer' as const }, optional: false, default: 7 })), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  }),
}))

/** JSON text of a number, in the forms that writers use. */
const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String),
  fc
    .tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: -30, max: 30 }))
    .map(([a, b, e]) => `${a}.${b}e${e}`),
  fc.tuple(fc.integer({ min: -100_000, max: 100_000 }), fc.integer({ min: 0, max: 10 ** 9 })).map(([a, b]) => `${a}.${b}`),
  fc.constantFrom('-0', '0.0', '1e400', '01', '-', '1.', '.5', '+1', '8640000000000000', '8640000000000001', '9007199254740991', '9007199254740992'),
)
const stringText = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((s) => JSON.stringify(s)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((s) => JSON.stringify(s)),
  fc.string({ unit: fc.constantFrom('\\n', '\\u00e9', '\\ud83d', '\\/', 'é', 'x', '}', '{', '\\"', '😀', ','), maxLength: 12 }).map((s) => `"${s}"`),
  fc.date({ noInvalidDate: true, min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z') }).map((d) => JSON.stringify(d)),
  fc.constantFrom('"2024-02-30"', '"2024-02-29"', '"2026-11-22T10:30+0530"', '"2026-11-22T10:30:00.123456-01:00"', '"2026-11-22T10:30"'),
)
const space = fc.constantFrom('', '', '', ' ', '\n', '\t \r')
const anyText = fc.letrec<{ value: string; text: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, numberText, stringText, fc.constantFrom('true', 'false', 'null'), tie('text')),
  text: fc.oneof(
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc.array(fc.tuple(stringText, tie('value')), { maxLength: 3 }).map((members) => `{${members.map(([k, v]) => `${k}:${v}`).join(',')}}`),
  ),
})).value

/** JSON text that mostly fits the type. */
function textOf(type: FieldType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'string':
      return stringText
    case 'boolean':
      return fc.constantFrom('true', 'false')
    case 'list':
      return fc.array(fieldText(type.items), { maxLength: 3 }).map((items) => `[ ${items.join(' ,')}]`)
    case 'map':
      return fc
        .array(fc.tuple(fc.oneof(stringText, fc.constant('"__proto__"')), fieldText(type.values)), { maxLength: 3 })
        .map((members) => `{${members.map(([k, v]) => `${k} :${v}`).join(',')}}`)
    case 'object': {
      const declared = Object.entries(type.fields).map(([key, field]) => fc.tuple(fc.constant(JSON.stringify(key)), fieldText(field)))
      const others = fc.array(
        fc.tuple(
          fc.oneof(
            stringText,
            name.map((n) => JSON.stringify(n)),
          ),
          anyText,
        ),
        { maxLength: 3 },
      )
      return fc
        .tuple(fc.tuple(...declared), others, space)
        .chain(([fields, more, gap]) =>
          fc
            .shuffledSubarray([...fields, ...more], { minLength: Math.max(0, fields.length + more.length - 1) })
            .map((members) => `{${gap}${members.map(([k, v]) => `${k}${gap}:${gap}${v}`).join(`${gap},${gap}`)}${gap}}`),
        )
    }
    case 'timestamp':
      return fc.oneof(numberText, stringText, fc.integer({ min: 0, max: 2 ** 41 }).map(String))
    case 'number':
    case 'integer':
    case 'decimal':
    case 'bytes':
      return numberText
  }
}

function fieldText(field: FieldSchema): fc.Arbitrary<string> {
  return fc.oneof({ weight: 12, arbitrary: textOf(field.type) }, { weight: 1, arbitrary: anyText }, { weight: 1, arbitrary: fc.constant('null') })
}

const subject = recordArbitrary.chain((schema) =>
  fc.record({ schema: fc.constant(schema), bytes: fc.tuple(space, textOf(schema), space).map((parts) => Buffer.from(parts.join(''))) }),
)

function agree(schema: RecordSchema, bytes: Buffer): boolean {
  return isDeepStrictEqual(decode(schema, bytes), reference(schema, bytes))
}

const runs = { numRuns: 1000 }

test('the scanner gives what a plain reading gives, for JSON of any form', (t) => {
  let accepted = 0
  fc.assert(
    fc.property(subject, ({ schema, bytes }) => {
      if (reference(schema, bytes) !== refused) accepted++
      return agree(schema, bytes)
    }),
    runs,
  )
  t.true(accepted > 100, `the generator must make records that are accepted, not ${accepted}`)
})

test('the scanner accepts a damaged value only where a plain reading does, with the same result', (t) => {
  const damage = fc.array(
    fc.record({
      at: fc.nat(),
      byte: fc.oneof(fc.constantFrom(...Buffer.from('{}[]",:\\0-.eE tn')), fc.integer({ min: 0, max: 255 })),
      how: fc.constantFrom('replace', 'insert', 'remove', 'cut'),
    }),
    { minLength: 1, maxLength: 3 },
  )
  fc.assert(
    fc.property(subject, damage, ({ schema, bytes }, changes) => {
      let damaged = [...bytes]
      for (const { at, byte, how } of changes) {
        const place = at % (damaged.length + 1)
        if (how === 'replace') damaged[place] = byte
        else if (how === 'insert') damaged.splice(place, 0, byte)
        else if (how === 'remove') damaged.splice(place, 1)
        else damaged = damaged.slice(0, place)
      }
      return agree(schema, Buffer.from(damaged))
    }),
    runs,
  )
  t.pass()
})

test('records of one schema have one hidden class, whichever way they were read', (t) => {
  const schema: RecordSchema = {
    kind: 'object',
    fields: { a: { type: { kind: 'string' }, optional: false }, b: { type: { kind: 'number' }, optional: false } },
  }
  const read = (text: string): unknown => jsonDecoder(schema).decode(Buffer.from(text), 0, text.length)
  setFlagsFromString('--allow-natives-syntax')
  // oxlint-disable-next-line typescript/no-implied-eval -- natives syntax can't be written in a module
  const sameClass = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: unknown, b: unknown) => boolean
  t.true(sameClass(read('{"b":1,"a":"x"}'), read('{"a":"y","b":2}')))
  t.true(sameClass(read('{"b":1,"a":"x"}'), read('{"b":1,"\\u0061":"x"}')), 'a name with an escape is left to the plain reader')
  t.false(sameClass(read('{"b":1,"a":"x"}'), { b: 1, a: 'x' }))
})

test('a field schema of any depth compiles', (t) => {
  fc.assert(fc.property(fieldArbitrary, (field) => typeof jsonDecoder({ kind: 'object', fields: { f: field } }).decode === 'function'))
  t.pass()
})
