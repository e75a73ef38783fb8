/** From zod to the structural schemas of Kubernetes; what Kubernetes would refuse, or drop without a word, is refused here with its path. */
import { z } from 'zod'
import { type CelRule, validationsKey } from './rules.ts'
import { problemsOf, type JsonSchema, unfaithfulTypes } from './structural-limits.ts'

/** The structural schema of a zod schema's input; throws UnfitSchema. */
export function structuralSchema(schema: z.ZodType, path = ''): StructuralSchema {
  const unfaithful = new Set<string>()
  const root: unknown = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'any',
    cycles: 'throw',
    override: (context) => unfaithfulTypes(context.zodSchema, formatPath(path, context.path)).forEach((problem) => unfaithful.add(problem)),
  })
  if (unfaithful.size > 0) throw new UnfitSchema([...unfaithful])
  return convert(root as JsonSchema, path)
}

/** An OpenAPI v3 schema as `apiextensions.k8s.io/v1` takes it. */
export interface StructuralSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly description?: string
  readonly default?: unknown
  readonly nullable?: boolean
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, StructuralSchema>>
  readonly additionalProperties?: StructuralSchema
  readonly items?: StructuralSchema
  readonly 'x-kubernetes-preserve-unknown-fields'?: true
  readonly 'x-kubernetes-int-or-string'?: true
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly [validationsKey]?: readonly CelRule[]
}

/** A zod schema that can't stand in a CRD; the message has a line per place. */
export class UnfitSchema extends Error {
  override readonly name = 'UnfitSchema'

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
  }
}

/** What is copied as it is, in the order in which it is written. */
const plainKeys = [
  'type',
  'description',
  'default',
  'nullable',
  'enum',
  'pattern',
  'format',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  validationsKey,
] as const

function convert(node: JsonSchema, path: string): StructuralSchema {
  const problems = problemsOf(node)
  if (problems.length > 0) throw new UnfitSchema(problems.map((problem) => `${path === '' ? 'the root' : path}: ${problem}`))
  const plain = Object.fromEntries(plainKeys.filter((key) => node[key] !== undefined).map((key) => [key, node[key]]))
  if (node['x-kubernetes-int-or-string'] === true) delete plain['type']
  const extra = node.additionalProperties
  const open = typeof extra === 'object' && Object.keys(extra).length === 0
  if (node.default !== undefined) plain['default'] = withDefaults(node, node.default)
  return {
    ...plain,
    ...(node.required === undefined || node.required.length === 0 ? {} : { required: node.required }),
    ...(node.properties === undefined || Object.keys(node.properties).length === 0
      ? {}
      : { properties: Object.fromEntries(Object.entries(node.properties).map(([name, child]) => [name, convert(child, join(path, name))])) }),
    ...(open ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(typeof extra === 'object' && !open ? { additionalProperties: convert(extra, `${path}.*`) } : {}),
    ...(node.items === undefined ? {} : { items: convert(node.items as JsonSchema, `${path}[]`) }),
  }
}

/** A default with the defaults of its fields filled in: the API server checks rules on it as it stands. */
function withDefaults(node: JsonSchema, value: unknown): unknown {
  if (node.properties === undefined || typeof value !== 'object' || value === null) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, child] of Object.entries(node.properties)) {
    const given = filled[name] ?? child.default
    if (given !== undefined) filled[name] = withDefaults(child, given)
  }
  return filled
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** A path of zod's converter, such as properties, kafka, properties, brokers, items. */
function formatPath(root: string, path: readonly (string | number)[]): string {
  let formatted = root
  for (let index = 0; index < path.length; index++) {
    const part = path[index]
    if (part === 'properties') formatted = join(formatted, String(path[++index]))
    else if (part === 'items') formatted += '[]'
    else if (part === 'additionalProperties') formatted += '.*'
    else if (part === 'anyOf' || part === 'oneOf' || part === 'allOf' || part === 'prefixItems') index++
  }
  return formatted === '' ? 'the root' : formatted
}
