/** A structural schema as a flat list of fields and rules, for documentation. */
import { validationsKey } from './rules.ts'
import type { StructuralSchema } from './structural.ts'

/** The fields below this object, each parent before its children. */
export function fieldsOf(schema: StructuralSchema, path: string): Field[] {
  const changing = new Set(rulesUnder(schema, path).flatMap((rule) => (rule.isTransition ? [rule.path] : [])))
  const visit = (node: StructuralSchema, at: string): Field[] =>
    Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
      const childPath = `${at}.${name}`
      const inner = innermost(child, childPath)
      return [
        {
          path: childPath,
          type: typeOf(child),
          required: (node.required ?? []).includes(name),
          ...(child.default === undefined || child.properties !== undefined ? {} : { fallback: child.default }),
          meaning: child.description ?? '',
          ...formatOf(child),
          isImmutable: changing.has(childPath),
        },
        ...visit(inner.schema, inner.path),
      ]
    })
  return visit(schema, path)
}

/** One field. */
export interface Field {
  /** Such as `spec.kafka.brokers`; `[]` and `.*` stand for any item of a list or map. */
  readonly path: string
  /** Type and bounds in words. */
  readonly type: string
  readonly required: boolean
  /** Its default; absent too where the defaults of its own fields make it up. */
  readonly fallback?: unknown
  readonly meaning: string
  /** What to write. */
  readonly format?: string
  /** Whether a rule limits how it may change. */
  readonly isImmutable: boolean
}

/** Every rule in and below this schema. */
export function rulesUnder(schema: StructuralSchema, path: string): SchemaRule[] {
  const own = (schema[validationsKey] ?? []).map((rule) => ({
    path: `${path}${rule.fieldPath ?? ''}`.replace(/^[.]/, ''),
    message: rule.message,
    isTransition: /\boldSelf\b/.test(rule.rule),
    isFormat: isFormat(schema),
  }))
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => rulesUnder(child, `${path}.${name}`))
  const extra = schema.additionalProperties === undefined ? [] : rulesUnder(schema.additionalProperties, `${path}.*`)
  return [...own, ...below, ...extra, ...(schema.items === undefined ? [] : rulesUnder(schema.items, `${path}[]`))]
}

/** One rule. */
export interface SchemaRule {
  readonly path: string
  readonly message: string
  readonly isTransition: boolean
  /** Whether it says how a single value is written, rather than how fields go together. */
  readonly isFormat: boolean
}

function isFormat(schema: StructuralSchema): boolean {
  return schema.type !== undefined && ['string', 'integer', 'number'].includes(schema.type)
}

/** What to write, from the rules of the value or of the items of a list. */
function formatOf(schema: StructuralSchema): { format?: string } {
  const node = schema.items ?? schema
  if (!isFormat(node)) return {}
  const messages = (node[validationsKey] ?? []).filter((rule) => !/\boldSelf\b/.test(rule.rule)).map((rule) => rule.message)
  return messages.length === 0 ? {} : { format: messages.join('; ') }
}

function innermost(schema: StructuralSchema, path: string): { schema: StructuralSchema; path: string } {
  if (schema.items !== undefined) return innermost(schema.items, `${path}[]`)
  if (schema.additionalProperties !== undefined) return innermost(schema.additionalProperties, `${path}.*`)
  return { schema, path }
}

function typeOf(schema: StructuralSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'number or string'
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  const { type } = schema
  if (type === undefined) return 'anything'
  switch (type) {
    case 'array':
      return `list, ${range(schema.minItems, schema.maxItems)}, of ${schema.items === undefined ? 'anything' : typeOf(schema.items)}`
    case 'object':
      if (schema.additionalProperties !== undefined)
        return `map, ${range(undefined, schema.maxProperties)}, of ${typeOf(schema.additionalProperties)}`
      return schema['x-kubernetes-preserve-unknown-fields'] === true ? 'object, kept as it is' : 'object'
    case 'string':
      if (schema.format === 'date-time') return 'time, RFC 3339'
      return `string, ${range(schema.minLength, schema.maxLength)} characters`
    case 'integer':
    case 'number':
      return `${type}, ${schema.minimum} to ${schema.maximum === Number.MAX_SAFE_INTEGER - 1 ? '2^53 - 2' : schema.maximum}`
    case 'boolean':
      return 'boolean'
  }
}

function range(min: number | undefined, max: number | undefined): string {
  return min === undefined || min === 0 ? `at most ${max}` : `${min} to ${max}`
}
