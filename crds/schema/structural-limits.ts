/** What may not stand in a CRD, and what may but should not: a string, list, map or number without bounds. */
import type { z } from 'zod'
import { isCarried } from './rules.ts'

/** What zod's converter gives, as far as we look at it. */
export interface JsonSchema {
  readonly type?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema | readonly JsonSchema[]
  readonly [key: string]: unknown
}

/** Everything that is wrong with this node, its children left aside. */
export function problemsOf(node: JsonSchema): string[] {
  if (node['$ref'] !== undefined) return ['a reference, made by recursion or by .meta({ id }), is not possible']
  if (node['x-kubernetes-int-or-string'] === true) return node.maxLength === undefined ? ['needs maxLength'] : []
  return [...forbidden(node), ...forbiddenCombinations(node), ...unbounded(node), ...listKeys(node)]
}

/** Types of zod whose meaning is lost on the way to a JSON schema. */
export function unfaithfulTypes(schema: z.core.$ZodTypes, path: string): string[] {
  const { def } = schema._zod
  if (lostTypes.has(def.type)) return [`${path}: ${def.type === 'pipe' ? 'transform' : def.type} has no counterpart in Kubernetes`]
  const lost = (def.checks ?? []).some((check) => check._zod.def.check === 'custom' && !isCarried(check))
  return lost ? [`${path}: a refinement without a rule would be lost; write it with withRules`] : []
}

const lostTypes: ReadonlySet<string> = new Set([
  'bigint',
  'custom',
  'date',
  'file',
  'function',
  'intersection',
  'lazy',
  'map',
  'nan',
  'never',
  'pipe',
  'promise',
  'set',
  'success',
  'symbol',
  'template_literal',
  'transform',
  'tuple',
  'undefined',
  'void',
])

function forbidden(node: JsonSchema): string[] {
  const problems: string[] = []
  for (const key of ['anyOf', 'oneOf', 'allOf', 'not']) {
    if (node[key] !== undefined) problems.push(`${key} is not possible: use one object with an optional field per variant and a rule that one is set`)
  }
  if (problems.length > 0) return problems
  if (node.type === undefined) return ['has no type: use openObject, or quantityOrNumber']
  if (node.format !== undefined && node.format !== 'date-time')
    problems.push(`format ${node.format} means one thing to zod and another to Kubernetes: use text with a pattern`)
  if (node.pattern !== undefined && /\(\?[=!<]|\\[1-9]/.test(node.pattern)) problems.push(`pattern ${node.pattern} is not RE2`)
  return problems
}

function forbiddenCombinations(node: JsonSchema): string[] {
  const problems: string[] = []
  const fields = Object.keys(node.properties ?? {})
  if (fields.length > 0 && typeof node.additionalProperties === 'object' && Object.keys(node.additionalProperties).length > 0) {
    problems.push('has declared fields and others of a type: use one or the other')
  }
  const undeclared = (node.required ?? []).filter((name) => !fields.includes(name))
  if (undeclared.length > 0)
    problems.push(`requires ${undeclared.join(', ')}, which it does not declare: use an object instead of a record of an enum`)
  return problems
}

function unbounded(node: JsonSchema): string[] {
  if (node.enum !== undefined) return []
  const isOpen = typeof node.additionalProperties === 'object' && node.properties === undefined
  if (node.type === 'string' && node.maxLength === undefined) return ['needs maxLength']
  if (node.type === 'array' && node.maxItems === undefined) return ['needs maxItems']
  if (node.type === 'object' && isOpen && node.maxProperties === undefined) return ['needs maxProperties']
  if (node.type === 'integer' || node.type === 'number') {
    const bounds = [node.minimum, node.maximum]
    if (bounds.includes(undefined) || bounds.some((bound) => Math.abs(bound ?? 0) === Number.MAX_SAFE_INTEGER))
      return ['needs a minimum and a maximum']
  }
  return []
}

function listKeys(node: JsonSchema): string[] {
  const keys = (node['x-kubernetes-list-map-keys'] ?? []) as readonly string[]
  const items = node.items as JsonSchema | undefined
  const missing = keys.filter((key) => !(items?.required ?? []).includes(key) && items?.properties?.[key]?.default === undefined)
  return missing.map((key) => `the key ${key} of its items must be required or have a default`)
}
