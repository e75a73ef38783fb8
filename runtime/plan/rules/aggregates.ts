/** What must hold for the aggregates of a window. */
import type { FieldSchema, FieldType } from '../../formats/schema.ts'
import { fieldsOf, mostCollected, mostQuantiles, mostTop, type Aggregate } from '../nodes/aggregates.ts'
import type { WindowAggregateNode } from '../nodes.ts'
import { emissionOf, type WindowSpec } from '../nodes/windows.ts'
import { unknownField, type Finding } from './findings.ts'
import type { Shape } from '../structure/shape.ts'

/** The fields of an aggregate. */
export function checkAggregates({ fields, window }: WindowAggregateNode, input: Shape): readonly Finding[] {
  const entries = Object.entries(fields)
  if (entries.length === 0) return [{ kind: 'invalid', at: 'fields', message: 'name at least one aggregate, such as count' }]
  return entries.flatMap(([name, aggregate]) => {
    const at = `fields.${name}`
    return [...checkFieldName(name, at, window), ...checkOptions(aggregate, at), ...checkFields(aggregate, at, input)]
  })
}

function checkFieldName(name: string, at: string, window: WindowSpec): readonly Finding[] {
  const reserved = ['key', 'windowStart', 'windowEnd', ...(emissionOf(window) === null ? [] : ['firing'])]
  if (reserved.includes(name)) {
    return [{ kind: 'invalid', at, message: `${name} is a field of every window result: choose another name` }]
  }
  if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return []
  return [{ kind: 'invalid', at, message: 'a field name begins with a letter and has letters, digits and underscores only' }]
}

function checkOptions(aggregate: Aggregate, at: string): readonly Finding[] {
  const invalid = (part: string, message: string): readonly Finding[] => [{ kind: 'invalid', at: `${at}.${part}`, message }]
  switch (aggregate.kind) {
    case 'collect':
      return isWhole(aggregate.limit, mostCollected) ? [] : invalid('limit', `must be a whole number from 1 to ${mostCollected}`)
    case 'topN':
      return isWhole(aggregate.n, mostTop) ? [] : invalid('n', `must be a whole number from 1 to ${mostTop}`)
    case 'quantiles': {
      const { at: ranks } = aggregate
      const right = Array.isArray(ranks) && ranks.length >= 1 && ranks.length <= mostQuantiles && ranks.every((q) => q >= 0 && q <= 1)
      return right ? [] : invalid('at', `give 1 to ${mostQuantiles} numbers from 0 to 1, such as [0.5, 0.99]`)
    }
    case 'variance':
    case 'stddev':
      return ['sample', 'population'].includes(aggregate.of) ? [] : invalid('of', 'must be sample or population')
    case 'count':
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'first':
    case 'last':
    case 'approxDistinct':
      return []
  }
}

function checkFields(aggregate: Aggregate, at: string, input: Shape): readonly Finding[] {
  const { numbers, others } = fieldsOf(aggregate)
  const findings: Finding[] = []
  for (const name of [...numbers, ...others]) {
    const unknown = unknownField(name, input)
    if (unknown !== null) findings.push({ kind: 'invalid', at, message: unknown })
  }
  if (input === null) return findings
  for (const name of numbers) findings.push(...checkNumber(aggregate, name, at, input.fields[name]))
  for (const name of others) findings.push(...checkKept(aggregate, name, at, input.fields[name]))
  if (aggregate.kind === 'topN' && aggregate.field === null) {
    for (const [name, field] of Object.entries(input.fields)) findings.push(...checkKept(aggregate, name, at, field))
  }
  return findings
}

function checkNumber({ kind }: Aggregate, name: string, at: string, field: FieldSchema | null | undefined): readonly Finding[] {
  if (!field) return []
  const type = field.type.kind
  const numeric = type === 'number' || type === 'integer' || (type === 'timestamp' && ['min', 'max', 'topN', 'quantiles'].includes(kind))
  if (!numeric) return [{ kind: 'invalid', at, message: `${kind} needs a number, but ${name} is ${type}` }]
  if (!field.optional || field.default !== undefined) return []
  const message = `${kind} of an optional field is not supported yet; give ${name} a default, or filter and map it before`
  return [{ kind: 'not-supported-yet', at, message }]
}

function checkKept({ kind }: Aggregate, name: string, at: string, field: FieldSchema | null | undefined): readonly Finding[] {
  if (!field) return []
  const type = field.type.kind
  if (kind === 'approxDistinct') {
    if (type !== 'list' && type !== 'map' && type !== 'object') return []
    return [{ kind: 'invalid', at, message: `approxDistinct counts texts, numbers, truths and bytes, but ${name} is ${type}` }]
  }
  if (!holdsBytes(field.type)) return []
  // Values are kept as JSON, where bytes are text.
  return [{ kind: 'not-supported-yet', at, message: `${kind} of a field that holds bytes is not supported yet; map ${name} to base64 text before` }]
}

function holdsBytes(type: FieldType): boolean {
  switch (type.kind) {
    case 'bytes':
      return true
    case 'list':
      return holdsBytes(type.items.type)
    case 'map':
      return holdsBytes(type.values.type)
    case 'object':
      return Object.values(type.fields).some((field) => holdsBytes(field.type))
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'timestamp':
    case 'decimal':
      return false
  }
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most
}
