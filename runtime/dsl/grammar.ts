/** The grammar of `steps`: what each step of a StreamJob may hold. Strict: a word that is not known is a problem, not ignored. */
import { z } from 'zod'
import { durationHint } from '../../crds/durations.ts'
import type { Problem } from '../plan/problems.ts'
import { notSupportedYet } from '../plan/unsupported.ts'
import { aggregateGrammar } from './aggregate-steps.ts'
import { windowGrammar } from './window-steps.ts'

const duration = z.string({ error: durationHint })
const expression = z.string({ error: 'write a CEL expression as text' }).min(1, 'write a CEL expression')
const fieldName = z.string({ error: 'write the name of a field' })

/** What stands behind each word of a step. `eventTime` and `processingTime` stand beside `from`. */
export const grammar = {
  from: z.strictObject({
    topic: z.string(),
    key: fieldName.optional(),
    format: z.string().optional(),
    /** Parsed by formats/. */
    schema: z.record(z.string(), z.unknown()).optional(),
    startFrom: z.enum(['Earliest', 'Latest', 'Timestamp']).optional(),
    startTimestamp: z.iso.datetime({ offset: true, error: 'write an ISO 8601 time, such as 2026-01-31T12:00:00Z' }).optional(),
    idleTimeout: duration.optional(),
  }),
  eventTime: z.strictObject({
    field: fieldName.optional(),
    from: z.literal('record', { error: 'from can be record only: the timestamp of the Kafka record' }).optional(),
    header: z.string({ error: 'write the name of a header' }).optional(),
    /** Asked for where the node is made, as of the builder. */
    outOfOrderness: duration.optional(),
    monotonous: z.literal(true, { error: 'monotonous can be true only; without it, give outOfOrderness' }).optional(),
    maxDrift: duration.optional(),
  }),
  processingTime: z.strictObject({}, { error: 'processingTime has no options: write processingTime: {}' }),
  filter: expression,
  map: z.union([expression, z.strictObject({ fields: z.record(z.string(), expression) })], {
    error: 'write a CEL expression that gives a map, or fields: { NAME: EXPRESSION }',
  }),
  flatMap: expression,
  keyBy: z.union([fieldName, z.strictObject({ field: fieldName, name: z.string() })], {
    error: 'write the name of a field, or field: FIELD with the name: NAME of what is behind it',
  }),
  window: windowGrammar,
  dedup: z.strictObject({ name: z.string(), by: fieldName.optional(), within: duration.optional() }),
  aggregate: z.strictObject({
    name: z.string(),
    fields: z.record(z.string(), aggregateGrammar),
  }),
  to: z.strictObject({
    topic: z.string(),
    format: z.string().optional(),
    create: z.strictObject({ partitions: z.number(), replicationFactor: z.number().optional() }).optional(),
  }),
} as const

/** A word that a step may begin with. */
export type Verb = keyof typeof grammar
export type Step<V extends Verb> = z.infer<(typeof grammar)[V]>

/** Parses what stands behind a word; null when it cannot be used. Unknown fields are reported and left out. */
export function parseStep<V extends Verb>(verb: V, json: unknown, path: string, problems: Problem[]): Step<V> | null {
  const schema: z.ZodType = grammar[verb]
  const first = schema.safeParse(json)
  // The schema of a verb gives that verb's step; the compiler cannot follow the index.
  if (first.success) return first.data as Step<V>
  const found = first.error.issues.flatMap((issue) => issueProblems(issue, path, wordsOf(schema)))
  const unsupported = found.some((problem) => problem.kind === 'not-supported-yet')
  problems.push(...found.filter((problem) => !unsupported || problem.message !== missingMessage))
  const known = structuredClone(json)
  for (const issue of first.error.issues) if (issue.code === 'unrecognized_keys') dropKeys(known, issue.path, issue.keys)
  const second = schema.safeParse(known)
  return second.success ? (second.data as Step<V>) : null
}

/** What to say about a word that the grammar does not know. */
export function unknownWord(word: string, path: string, known: readonly string[]): Problem {
  const planned = notSupportedYet(word)
  if (planned !== undefined) return { kind: 'not-supported-yet', path, message: planned }
  return { kind: 'invalid', path, message: `unknown: ${JSON.stringify(word)}${known.length > 0 ? `; known are ${known.join(', ')}` : ''}` }
}

/** The words that may stand right behind a verb; none where it takes an expression or a name. */
function wordsOf(schema: z.ZodType): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape).filter((word) => notSupportedYet(word) === undefined) : []
}

function issueProblems(issue: z.core.$ZodIssue, path: string, words: readonly string[]): readonly Problem[] {
  const full = issue.path.reduce<string>((parent, part) => (typeof part === 'number' ? `${parent}[${part}]` : `${parent}.${String(part)}`), path)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownWord(key, `${full}.${key}`, issue.path.length === 0 ? words : []))
  const missing = issue.code === 'invalid_type' && issue.input === undefined && /received undefined/.test(issue.message)
  return [{ kind: 'invalid', path: full, message: missing ? missingMessage : issue.message }]
}

/** Left out beside something unsupported: `to: { postgres: ... }` does not lack a topic. */
const missingMessage = 'is missing'

function dropKeys(json: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  const target = path.reduce<unknown>((value, part) => (isObject(value) ? value[part] : undefined), json)
  if (isObject(target)) for (const key of keys) delete target[key]
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null
}
