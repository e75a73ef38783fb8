import test from 'ava'
import fc from 'fast-check'
import { StreamJobError } from '../../../runtime/errors.ts'
import { describeSchema, parseSchema, parseType } from '../../../runtime/formats/schema-text.ts'
import { fieldSchema, recordSchema } from '../../../runtime/formats/types.ts'
import type { FieldSchema, FieldType, RecordSchema } from '../../../runtime/formats/schema.ts'

function problem(schema: unknown): string {
  try {
    return `was accepted: ${describeSchema(parseSchema(schema))}`
  } catch (error) {
    return error instanceof StreamJobError && error.code === 'program-invalid' ? error.message : `not a program error: ${String(error)}`
  }
}

test('a type text names a scalar, a list, a map or an object, with ? and a default', (t) => {
  t.deepEqual(parseType('string'), { type: { kind: 'string' }, optional: false })
  t.deepEqual(parseType(' number ? '), { type: { kind: 'number' }, optional: true })
  t.deepEqual(parseType('integer = 0'), { type: { kind: 'integer' }, optional: false, default: 0 })
  t.deepEqual(parseType('string? = "a,}>"'), { type: { kind: 'string' }, optional: true, default: 'a,}>' })
  t.deepEqual(parseType('list<map<number = 1>?> = [null]'), {
    type: { kind: 'list', items: { type: { kind: 'map', values: { type: { kind: 'number' }, optional: false, default: 1 } }, optional: true } },
    optional: false,
    default: [null],
  })
  t.deepEqual(parseType('{ a: string, "b c": { d: boolean } }?').optional, true)
})

test('objects nest, as YAML or within a text', (t) => {
  t.deepEqual(parseSchema({ a: { b: 'number' } }), parseSchema({ a: '{ b: number }' }))
})

const name = fc.oneof(fc.constantFrom('a', 'b_1', 'größe', 'x y', '"', '$'), fc.string({ minLength: 1 })).filter((n) => n !== '__proto__')
const { record } = fc.letrec<{ field: FieldSchema; type: FieldType; record: RecordSchema }>((tie) => ({
  field: fc.oneof(
    fc.tuple(tie('type'), fc.boolean()).map(([type, optional]) => fieldSchema(type, optional, undefined)),
    fc.tuple(fc.string(), fc.boolean()).map(([text, optional]) => fieldSchema({ kind: 'string' }, optional, text)),
    fc
      .tuple(fc.jsonValue({ maxDepth: 0 }), fc.boolean())
      .map(([json]) =>
        fieldSchema(
          { kind: 'list', items: fieldSchema({ kind: 'number' }, true, undefined) },
          false,
          typeof json === 'number' ? [json + 0, null] : [],
        ),
      ),
  ),
  type: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('string', 'number', 'integer', 'boolean', 'timestamp', 'decimal', 'bytes').map((kind) => ({ kind }) as FieldType),
    tie('field').map((items) => ({ kind: 'list' as const, items })),
    tie('field').map((values) => ({ kind: 'map' as const, values })),
    tie('record'),
  ),
  record: fc.uniqueArray(fc.tuple(name, tie('field')), { maxLength: 4, selector: ([n]) => n }).map((fields) => recordSchema(fields)),
}))

test('the description of a schema parses to the schema', (t) => {
  fc.assert(
    fc.property(record, (schema) => {
      t.deepEqual(parseType(describeSchema(schema)), { type: schema, optional: false })
    }),
    { numRuns: 500 },
  )
  t.is(describeSchema(parseSchema({ a: 'list< string ?>', 'b c': { d: 'integer=1' } })), '{ a: list<string?>, "b c": { d: integer = 1 } }')
})

test('an error names the field, what is wrong and what a type looks like', (t) => {
  t.is(
    problem({ order: { amount: 'numbr' } }),
    'schema.order.amount: "numbr" is no type; a type is string, number, integer, boolean, timestamp, decimal, bytes, list<TYPE>, map<TYPE> or { name: TYPE }; ? behind it: optional, = JSON: the default',
  )
  t.regex(problem({ a: 'list<numbr>' }), /^schema\.a: "numbr" is no type in "list<numbr>"; a type is string, number/)
  t.regex(problem({ a: 'list<number' }), /^schema\.a: ">" is missing at "" in "list<number"/)
  t.regex(problem({ a: 'list' }), /^schema\.a: "<" is missing/)
  t.regex(problem({ a: 'number ! x' }), /^schema\.a: "! x" stands behind the type/)
  t.regex(problem({ a: 'string = x' }), /^schema\.a: "x" is no JSON value \(texts stand in double quotes\)/)
  t.regex(
    problem({ a: 'integer = 1.5' }),
    /^schema\.a\.default: expected a whole number of at most 53 bits, found 1\.5; the default must be a value of the field's type/,
  )
  t.regex(problem({ a: '{ b: string, b: number }' }), /^schema\.a: the field "b" is declared twice/)
  t.regex(problem({ a: 3 }), /^schema\.a: expected an object of field name to type, found 3/)
  t.regex(problem({ a: '' }), /^schema\.a: a type is missing in ""/)
  t.regex(problem('string'), /^schema: expected an object/)
  t.regex(problem(null), /^schema: expected an object of field name to type, found null/)
})

test('a schema nested without end is refused', (t) => {
  t.regex(problem({ a: 'list<'.repeat(100_000) }), /nested more than 32 deep/)
  let deep: unknown = 'string'
  for (let i = 0; i < 100_000; i++) deep = { a: deep }
  t.regex(problem(deep), /nested more than 32 deep/)
})
