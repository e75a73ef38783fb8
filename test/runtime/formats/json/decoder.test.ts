import { isUtf8 } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { DecodeError } from '../../../../runtime/formats/codec.ts'
import { jsonDecoder } from '../../../../runtime/formats/json/decoder.ts'
import { parseSchema } from '../../../../runtime/formats/schema-text.ts'

const order = parseSchema({ customer: 'string', amount: 'number?', tags: 'list<string>?', count: 'integer = 1', at: 'timestamp?' })

function decode(schema: Parameters<typeof jsonDecoder>[0], text: string | Buffer): unknown {
  const bytes = Buffer.from(text)
  // The value stands in the middle of a larger buffer, as in a fetched batch.
  const block = Buffer.concat([Buffer.from('"}1'), bytes, Buffer.from('"}}1')])
  return jsonDecoder(schema).decode(block, 3, 3 + bytes.length)
}

function refusal(schema: Parameters<typeof jsonDecoder>[0], text: string | Buffer): string {
  try {
    decode(schema, text)
  } catch (error) {
    return error instanceof DecodeError ? error.message : `not a DecodeError: ${String(error)}`
  }
  return 'was accepted'
}

test('declared fields are read in any order and the others are left out', (t) => {
  const text = '{"x":{"customer":"no"},"amount":2.5,"customer":"ann","tags":["a","b"],"at":1700000000000,"count":7,"y":[1,{"z":null}]}'
  t.deepEqual(decode(order, text), { customer: 'ann', amount: 2.5, tags: ['a', 'b'], count: 7, at: 1700000000000 })
})

test('an optional field that is absent or null is null, and a default stands in for both', (t) => {
  t.deepEqual(decode(order, '{"customer":"ann"}'), { customer: 'ann', amount: null, tags: null, count: 1, at: null })
  t.deepEqual(decode(order, '{"customer":"ann","amount":null,"count":null}'), { customer: 'ann', amount: null, tags: null, count: 1, at: null })
})

test('a default that is an object is made anew for every record', (t) => {
  const schema = parseSchema({ m: 'map<number> = {"a": 1}' })
  const decoder = jsonDecoder(schema)
  const bytes = Buffer.from('{}')
  const first = decoder.decode(bytes, 0, 2) as { m: Record<string, number> }
  first.m.a = 2
  t.deepEqual(decoder.decode(bytes, 0, 2), { m: { a: 1 } })
})

test('white space may stand wherever JSON allows it, behind the value too', (t) => {
  t.deepEqual(decode(parseSchema({ a: 'number', b: 'list<integer>' }), ' \n{ "a" :\t1 , "b" : [ 1 , 2 ] , "c" : { } }\r\n '), { a: 1, b: [1, 2] })
})

test('the last of two members with one name counts', (t) => {
  t.deepEqual(decode(parseSchema({ a: 'number' }), '{"a":"text","a":2}'), { a: 2 })
  t.deepEqual(decode(parseSchema({ a: 'number?' }), '{"a":2,"a":null}'), { a: null })
})

test('names and strings with escapes and beyond ASCII are read as JSON.parse reads them', (t) => {
  const schema = parseSchema({ größe: 'string', 'a"b': 'string', plain: 'string' })
  t.deepEqual(decode(schema, '{"größe":"é\\n\\u00e9😀","a\\"b":"\\ud83d\\ude00","pl\\u0061in":"x"}'), { größe: 'é\né😀', 'a"b': '😀', plain: 'x' })
})

test('numbers are exactly those that JSON.parse gives', (t) => {
  const schema = parseSchema({ a: 'number' })
  for (const text of [
    '0',
    '-0',
    '1',
    '-1',
    '0.1',
    '123456789012345',
    '1234567890123456',
    '0.30000000000000004',
    '1e3',
    '1E-7',
    '-12.5e+10',
    '4.35',
    '2.2250738585072011e-308',
    '9007199254740993',
    '0.000001',
    '1.7976931348623157e308',
  ]) {
    const value = (decode(schema, `{"a":${text}}`) as { a: number }).a
    t.true(Object.is(value, JSON.parse(text)), text)
  }
})

test('a timestamp is a whole number of epoch ms or ISO 8601 with a zone', (t) => {
  const schema = parseSchema({ at: 'timestamp' })
  for (const [text, expected] of [
    ['1700000000000', 1700000000000],
    ['-1', -1],
    ['"2026-11-22"', Date.UTC(2026, 10, 22)],
    ['"2026-11-22T10:30Z"', Date.UTC(2026, 10, 22, 10, 30)],
    ['"2024-02-29T23:59:59.123456Z"', Date.UTC(2024, 1, 29, 23, 59, 59, 123)],
    ['"2026-11-22T10:30:15.5+01:30"', Date.UTC(2026, 10, 22, 9, 0, 15, 500)],
    ['"1969-12-31T23:00:00-0100"', 0],
  ] as const) {
    t.deepEqual(decode(schema, `{"at":${text}}`), { at: expected }, text)
  }
  for (const text of [
    '1.5',
    '8640000000000001',
    '"2026-11-22T10:30:00"',
    '"2023-02-29"',
    '"2026-13-01"',
    '"2026-11-22T24:00Z"',
    '"2026-11-22 10:30Z"',
    '"yesterday"',
    '""',
    '"2026-11-22T10:30:00.Z"',
    'true',
  ]) {
    t.regex(refusal(schema, `{"at":${text}}`), /^at: expected a timestamp/, text)
  }
})

test('a decimal keeps its digits, as text or as a number', (t) => {
  const schema = parseSchema({ d: 'decimal', n: 'number' })
  t.deepEqual(decode(schema, '{"d":"12345678901234567890.10","n":1}'), { d: '12345678901234567890.10', n: 1 })
  t.deepEqual(decode(schema, '{"d":12345678901234567890.10,"n":1}'), { d: '12345678901234567890.10', n: 1 })
  t.deepEqual(decode(schema, '{"n":1,"d":null,"d":12345678901234567890.10}'), { d: '12345678901234567890.10', n: 1 }, 'the plain reader too')
  t.is(refusal(schema, '{"d":"1.","n":1}'), 'd: expected a decimal number, found the string "1."')
})

test('bytes are base64', (t) => {
  const schema = parseSchema({ b: 'bytes' })
  t.deepEqual(decode(schema, '{"b":"AAH/"}'), { b: new Uint8Array([0, 1, 255]) })
  t.is(refusal(schema, '{"b":"AAH"}'), 'b: expected bytes as base64, found the string "AAH"')
})

test('nested objects, lists and maps are read, and a map may hold any key', (t) => {
  const schema = parseSchema({ o: { p: { q: 'integer' } }, l: 'list<{ a: number, b: string? }>', m: 'map<list<boolean?>>' })
  const value = decode(schema, '{"l":[{"a":1},{"b":"x","a":2,"c":0}],"m":{"":[],"__proto__":[true,null,false]},"o":{"p":{"q":3}}}') as { m: object }
  t.deepEqual(Object.entries(value.m), [
    ['', []],
    ['__proto__', [true, null, false]],
  ])
  t.like(value, {
    o: { p: { q: 3 } },
    l: [
      { a: 1, b: null },
      { a: 2, b: 'x' },
    ],
  })
})

test('a value that does not fit is refused with its path and what was found', (t) => {
  t.is(refusal(order, '{"amount":1}'), 'customer: is missing, but it is declared a string')
  t.is(refusal(order, '{"customer":null}'), 'customer: is null, but it is declared a string')
  t.is(refusal(order, '{"customer":1}'), 'customer: expected a string, found 1')
  t.is(refusal(order, '{"customer":"a","tags":["x",{}]}'), 'tags[1]: expected a string, found an object')
  t.is(refusal(order, '{"customer":"a","count":9007199254740993}'), 'count: expected a whole number of at most 53 bits, found 9007199254740992')
  t.is(refusal(order, '{"customer":"a","amount":1e999}'), 'amount: expected a number, found Infinity')
  t.is(refusal(parseSchema({ o: { 'a b': { c: 'boolean' } } }), '{"o":{"a b":{"c":0}}}'), 'o["a b"].c: expected true or false, found 0')
  t.is(refusal(order, '[]'), 'value: expected an object, found a list')
  t.is(refusal(order, ''), 'value: is empty')
})

test('a value that is not valid JSON to its end is refused, wherever the fault is', (t) => {
  for (const text of [
    '{"customer":"a"',
    '{"customer":"a"}}',
    '{"customer":"a"} x}',
    '{"customer":"a","x":[1,]}',
    '{"customer":"a",}',
    '{"customer":"a","x":01}',
    '{"customer":"a","x":"\t"}',
    '{"customer":"a","x":"\\x"}',
    '{"customer":"a" "x":1}',
    "{'customer':'a'}",
    '{"customer":"a","x":{}',
    '{"x":{}',
    '{"customer":"a","x":tru}',
    '{"customer":"a","x":-}',
    '{"customer":"a","x":1.}',
    '\ufeff{"customer":"a"}',
  ]) {
    t.regex(refusal(order, text), /^value: is not valid JSON: /, text)
  }
})

test('invalid UTF-8 is refused, in fields that are not declared too, with a schema and without', (t) => {
  for (const schema of [order, null]) {
    t.is(refusal(schema, Buffer.from('{"customer":"a","x":"\xff"}', 'latin1')), 'value: is not valid UTF-8')
    t.is(refusal(schema, Buffer.from('{"customer":"\xc3("}', 'latin1')), 'value: is not valid UTF-8')
    t.notThrows(() => decode(schema, '{"customer":"\ufffd"}'), 'a replacement character that the producer wrote is a character')
  }
})

test('values nested deeper than the stack is long are read', (t) => {
  t.deepEqual(decode(parseSchema({ a: 'number' }), `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)},"a":1}`), { a: 1 })
})

test('without a schema the value is what JSON.parse gives', (t) => {
  t.deepEqual(decode(null, '{"a":[1,"x",null],"a b":{}}'), { a: [1, 'x', null], 'a b': {} })
  t.deepEqual(decode(null, ' 1 '), 1)
  t.regex(refusal(null, '{'), /^value: is not valid JSON/)
})

test('a value does not change when the bytes that it was read from do', (t) => {
  const bytes = Buffer.from('{"s":"abc","b":"AAH/"}')
  const value = jsonDecoder(parseSchema({ s: 'string', b: 'bytes' })).decode(bytes, 0, bytes.length)
  bytes.fill(0)
  t.deepEqual(value, { s: 'abc', b: new Uint8Array([0, 1, 255]) })
})

test('short strings that repeat and strings that never do are read alike', (t) => {
  const decoder = jsonDecoder(parseSchema({ s: 'string', m: 'map<integer>' }))
  for (let i = 0; i < 20_000; i++) {
    const s = i % 3 === 0 ? ['view', 'click', 'buy'][(i % 7) % 3] : `${(i * 7919) % 10_007}`
    const value = { s, m: { [`k${i % 5}`]: i, [`${i}`]: 1 } }
    const bytes = Buffer.from(JSON.stringify(value))
    if (!isDeepStrictEqual(decoder.decode(bytes, 0, bytes.length), value)) t.fail(bytes.toString())
  }
  t.pass()
})

test('of all bytes exactly those stand in a string or a name that JSON lets stand there, plain and behind a backslash', (t) => {
  const schema = parseSchema({ text: 'string?' })
  const accepts = (read: () => unknown): boolean => {
    try {
      return typeof read() === 'object'
    } catch {
      return false
    }
  }
  for (let byte = 0; byte < 256; byte++) {
    for (const inside of [
      [byte],
      [0x61, 0x62, byte, 0x63, 0x64],
      [0x5c, byte],
      [0x61, 0x62, 0x63, 0x5c, byte],
      [0x5c, 0x75, 0x30, byte, 0x30, 0x30],
    ]) {
      for (const [before, behind] of [
        ['{"text":"', '"}'],
        ['{"x":"', '"}'],
        ['{"', '":1}'],
        ['{"x":{"', '":[]}}'],
      ] as const) {
        const bytes = Buffer.concat([Buffer.from(before), Buffer.from(inside), Buffer.from(behind)])
        const valid = isUtf8(bytes) && accepts(() => JSON.parse(bytes.toString()))
        t.is(
          accepts(() => decode(schema, bytes)),
          valid,
          `byte ${byte} in ${JSON.stringify(bytes.toString('latin1'))}`,
        )
      }
    }
  }
})

test('numbers of any length are rounded as JSON.parse rounds them', (t) => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: 1, maxLength: 20 })
  const decoder = jsonDecoder(parseSchema({ a: 'number' }))
  fc.assert(
    fc.property(digits, fc.option(digits), (whole, decimals) => {
      const text = `${whole.replace(/^0+(?=\d)/, '')}${decimals === null ? '' : `.${decimals}`}`
      const bytes = Buffer.from(`{"a":${text}}`)
      return Object.is((decoder.decode(bytes, 0, bytes.length) as { a: number }).a, JSON.parse(text))
    }),
    { numRuns: 5000 },
  )
  t.pass()
})

test.serial('ordinary records are read without JSON.parse', (t) => {
  const { parse } = JSON
  const texts = [
    '{"customer":"ann","amount":2.5,"tags":["a"],"count":7,"at":"2026-11-22T10:30Z"}',
    ' { "x" : [ { "y" : null } , 1e3 , "\\n" ] , "customer" : "größe" , "count" : 0 , "amount" : -12345678901234567890 , "at" : null } ',
  ]
  const decoder = jsonDecoder(parseSchema({ customer: 'string', amount: 'number?', count: 'integer', at: 'timestamp?', tags: 'list<string>?' }))
  JSON.parse = () => t.fail('JSON.parse was called') as never
  try {
    for (const text of texts) decoder.decode(Buffer.from(text), 0, Buffer.byteLength(text))
  } finally {
    JSON.parse = parse
  }
  t.pass()
})
