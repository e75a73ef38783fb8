import test from 'ava'
import { z } from 'zod'
import { withRules } from '../../crds/schema/rules.ts'
import { list, listByKey, map, openObject, quantityOrNumber, text } from '../../crds/schema/scalars.ts'
import { structuralSchema, UnfitSchema } from '../../crds/schema/structural.ts'

const short = text({ max: 9 })

const accepted: readonly [title: string, schema: z.ZodType, expected: unknown][] = [
  ['a bounded string', text({ max: 9 }), { type: 'string', minLength: 1, maxLength: 9 }],
  ['a string that may be empty', text({ min: 0, max: 9 }), { type: 'string', maxLength: 9 }],
  ['an enum needs no length', z.enum(['A', 'B']), { type: 'string', enum: ['A', 'B'] }],
  ['a bounded integer', z.int().min(-1).max(7), { type: 'integer', minimum: -1, maximum: 7 }],
  [
    'a format is a rule with words, not a pattern',
    text({ max: 9 }, { pattern: '^[a-z]+$', message: 'write letters' }),
    { type: 'string', minLength: 1, maxLength: 9, 'x-kubernetes-validations': [{ rule: "self.matches('^[a-z]+$')", message: 'write letters' }] },
  ],
  [
    'a field with a default is not required',
    z.object({ a: short, b: short.default('x') }),
    {
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'string', minLength: 1, maxLength: 9 }, b: { type: 'string', default: 'x', minLength: 1, maxLength: 9 } },
    },
  ],
  [
    'the default of an object holds the defaults of its fields',
    z.object({ a: z.object({ b: z.boolean().default(true), c: z.object({ d: z.boolean().default(false) }).prefault({}) }).prefault({}) }),
    {
      type: 'object',
      properties: {
        a: {
          type: 'object',
          default: { b: true, c: { d: false } },
          properties: {
            b: { type: 'boolean', default: true },
            c: { type: 'object', default: { d: false }, properties: { d: { type: 'boolean', default: false } } },
          },
        },
      },
    },
  ],
  [
    'a strict object is pruned like any other',
    z.strictObject({ a: z.boolean() }),
    { type: 'object', required: ['a'], properties: { a: { type: 'boolean' } } },
  ],
  [
    'an object with further fields keeps them',
    z.looseObject({ a: z.boolean().exactOptional() }),
    { type: 'object', properties: { a: { type: 'boolean' } }, 'x-kubernetes-preserve-unknown-fields': true },
  ],
  ['an open object', openObject({ max: 3 }), { type: 'object', maxProperties: 3, 'x-kubernetes-preserve-unknown-fields': true }],
  ['a map', map(z.boolean(), { max: 3 }), { type: 'object', maxProperties: 3, additionalProperties: { type: 'boolean' } }],
  [
    'a list',
    list(z.boolean(), { min: 1, max: 3 }),
    { type: 'array', minItems: 1, maxItems: 3, 'x-kubernetes-list-type': 'atomic', items: { type: 'boolean' } },
  ],
  [
    'a list of named things',
    listByKey(z.object({ name: short }), 'name', { max: 3 }),
    {
      type: 'array',
      maxItems: 3,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1, maxLength: 9 } } },
    },
  ],
  ['a quantity has no type', quantityOrNumber(), { 'x-kubernetes-int-or-string': true, maxLength: 32 }],
  [
    'rules add up, inner ones first',
    withRules(withRules(z.boolean(), [{ cel: 'self', check: (value) => value, message: 'one' }]), [
      { transition: 'self == oldSelf', message: 'two', fieldPath: '.a' },
    ]),
    {
      type: 'boolean',
      'x-kubernetes-validations': [
        { rule: 'self', message: 'one' },
        { rule: 'self == oldSelf', message: 'two', fieldPath: '.a' },
      ],
    },
  ],
]

for (const [title, schema, expected] of accepted) {
  test(`to a structural schema: ${title}`, (t) => {
    t.deepEqual(structuralSchema(schema) as unknown, expected)
  })
}

const tree: z.ZodType = z.object({
  get children() {
    return z.array(tree).max(3)
  },
})

const refused: readonly [title: string, schema: z.ZodType, message: string][] = [
  [
    'a union',
    z.union([z.boolean(), short]),
    'spec.a: anyOf is not possible: use one object with an optional field per variant and a rule that one is set',
  ],
  [
    'a union told apart by a field',
    z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b') })]),
    'spec.a: oneOf is not possible: use one object with an optional field per variant and a rule that one is set',
  ],
  [
    'an intersection',
    z.intersection(z.object({ a: z.boolean() }), z.object({ b: z.boolean() })),
    'spec.a: intersection has no counterpart in Kubernetes',
  ],
  ['a tuple', z.tuple([z.boolean()]), 'spec.a: tuple has no counterpart in Kubernetes'],
  ['a date', z.date(), 'spec.a: date has no counterpart in Kubernetes'],
  ['a bigint', z.bigint(), 'spec.a: bigint has no counterpart in Kubernetes'],
  ['a map object', z.map(short, short), 'spec.a: map has no counterpart in Kubernetes'],
  ['a set', z.set(short), 'spec.a: set has no counterpart in Kubernetes'],
  ['a transform', short.transform((value) => value.length), 'spec.a: transform has no counterpart in Kubernetes'],
  ['anything', z.unknown(), 'spec.a: has no type: use openObject, or quantityOrNumber'],
  ['a reference', z.object({ b: short.meta({ id: 'named' }) }), 'spec.a.b: a reference, made by recursion or by .meta({ id }), is not possible'],
  ['a string without a length', z.string(), 'spec.a: needs maxLength'],
  ['a list without a length', z.array(short), 'spec.a: needs maxItems'],
  ['a string in a list without a length', list(z.string(), { max: 3 }), 'spec.a[]: needs maxLength'],
  ['a map without a size', z.record(z.string(), z.boolean()), 'spec.a: needs maxProperties'],
  ['a string in a map without a length', map(z.string(), { max: 3 }), 'spec.a.*: needs maxLength'],
  ['an integer without bounds', z.int(), 'spec.a: needs a minimum and a maximum'],
  ['a number without a maximum', z.number().min(0), 'spec.a: needs a minimum and a maximum'],
  [
    'a record of an enum',
    z.record(z.enum(['a', 'b']), z.boolean()).meta({ maxProperties: 2 }),
    'spec.a: requires a, b, which it does not declare: use an object instead of a record of an enum',
  ],
  [
    'declared fields beside others of a type',
    z.object({ a: z.boolean() }).catchall(z.boolean()),
    'spec.a: has declared fields and others of a type: use one or the other',
  ],
  [
    'a format that zod and Kubernetes read differently',
    z.email().max(9),
    'spec.a: format email means one thing to zod and another to Kubernetes: use text with a pattern',
  ],
  ['a pattern that looks ahead', text({ max: 9 }).regex(/^(?=a)/), 'spec.a: pattern ^(?=a) is not RE2'],
  [
    'a refinement that would be lost',
    short.refine((value) => value !== 'x'),
    'spec.a: a refinement without a rule would be lost; write it with withRules',
  ],
  [
    'a list whose key may be missing',
    listByKey(z.object({ name: short.exactOptional() }) as unknown as z.ZodType<{ name: string }>, 'name', { max: 3 }),
    'spec.a: the key name of its items must be required or have a default',
  ],
]

for (const [title, schema, message] of refused) {
  test(`refused, with its path: ${title}`, (t) => {
    const error = t.throws(() => structuralSchema(z.object({ a: schema }), 'spec'), { instanceOf: UnfitSchema })
    t.true(error.message.split('\n').includes(message), error.message)
  })
}

test('refused: recursion', (t) => {
  t.throws(() => structuralSchema(tree, 'spec'))
})
