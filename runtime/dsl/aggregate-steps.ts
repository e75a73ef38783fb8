/** The aggregates of `steps`: their grammar, and what they stand for. */
import { z } from 'zod'
import type { Aggregate } from '../plan/nodes/aggregates.ts'
import { defaultLimit } from './aggregates.ts'

const fieldName = z.string({ error: 'write the name of a field' })
const spread = z.union([fieldName, z.strictObject({ field: fieldName, of: z.enum(['sample', 'population']).optional() })], {
  error: 'write the name of a field, or field with of: sample or of: population',
})

/** What may stand behind the name of a field of an aggregate: one of these. */
export const aggregateGrammar = z.strictObject({
  count: z.strictObject({}).optional(),
  sum: fieldName.optional(),
  min: fieldName.optional(),
  max: fieldName.optional(),
  avg: fieldName.optional(),
  variance: spread.optional(),
  stddev: spread.optional(),
  first: fieldName.optional(),
  last: fieldName.optional(),
  collect: z
    .union([fieldName, z.strictObject({ field: fieldName, limit: z.number().optional() })], {
      error: 'write the name of a field, or field with limit: NUMBER',
    })
    .optional(),
  topN: z.strictObject({ by: fieldName, n: z.number(), field: fieldName.optional() }).optional(),
  quantiles: z.strictObject({ field: fieldName, at: z.array(z.number()) }).optional(),
  approxDistinct: fieldName.optional(),
})
type AggregateStep = z.infer<typeof aggregateGrammar>

/** What to write where there is none, or more than one. */
export const aggregateHint = `give one of count: {}, ${Object.keys(aggregateGrammar.shape).slice(1).join(', ')}`

/** The aggregate of a field; null: none, or several. */
export function aggregateOf(step: AggregateStep): Aggregate | null {
  const { variance, stddev, collect, topN, quantiles } = step
  const kinds = Object.entries(step).filter(([, operand]) => operand !== undefined)
  const [kind, operand] = kinds[0] ?? []
  if (kind === undefined || kinds.length > 1) return null
  if (variance !== undefined) return { kind: 'variance', of: 'sample', ...fielded(variance) }
  if (stddev !== undefined) return { kind: 'stddev', of: 'sample', ...fielded(stddev) }
  if (collect !== undefined) return { kind: 'collect', limit: defaultLimit, ...fielded(collect) }
  if (topN !== undefined) return { kind: 'topN', by: topN.by, n: topN.n, field: topN.field ?? null }
  if (quantiles !== undefined) return { kind: 'quantiles', ...quantiles }
  // The others take a field, by the grammar; count takes nothing.
  return typeof operand === 'string' ? { kind: kind as 'sum', field: operand } : { kind: 'count' }
}

/** A field by itself, or with options that are given; what is not given is left to a default. */
function fielded<T extends { readonly field: string }>(step: string | T): { readonly field: string } & Defined<T> {
  const given = typeof step === 'string' ? { field: step } : Object.fromEntries(Object.entries(step).filter(([, value]) => value !== undefined))
  // Absent options are left out, which the compiler cannot see in entries.
  return given as { readonly field: string } & Defined<T>
}

type Defined<T> = { readonly [N in keyof T]?: Exclude<T[N], undefined> }
