/** Parsing at the edge: from an unknown object to a resource, or an error that a user can act on. */
import type { z } from 'zod'

/** The object as the schema describes it, defaults filled in; throws InvalidResource. */
export function parseResource<S extends z.ZodType>(
  schema: S,
  object: unknown,
  options: { readonly unknownFields: 'prune' | 'refuse' } = pruning,
): z.output<S> {
  const result = schema.safeParse(object, { error: messageOf })
  const problems = result.success ? [] : result.error.issues.map((issue) => ({ path: formatPath(issue.path), message: issue.message }))
  if (result.success && options.unknownFields === 'refuse') {
    problems.push(...lostFields(object, result.data, []).map((path) => ({ path, message: 'unknown field' })))
  }
  if (!result.success || problems.length > 0) throw new InvalidResource(problems)
  return result.data
}

/** One thing that is wrong with a resource. */
export interface Problem {
  /** Such as `spec.kafka.brokers[0]`; empty for the object itself. */
  readonly path: string
  readonly message: string
}

/** A resource that its schema refuses; the message has a line per problem. */
export class InvalidResource extends Error {
  override readonly name = 'InvalidResource'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => (problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`)).join('\n'))
    this.problems = problems
  }
}

/** The words of Kubernetes for what zod says in words of its own. */
function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return issue.input === undefined ? 'required value' : `should be of type ${issue.expected}`
  if (issue.code === 'invalid_value') return `supported values: ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
  if (issue.code === 'too_small') return `should be at least ${issue.minimum}${issue.origin === 'array' ? ' items long' : ''}`
  if (issue.code === 'too_big') return `should be at most ${issue.maximum}${issue.origin === 'array' ? ' items long' : ''}`
  return undefined
}

const pruning = { unknownFields: 'prune' } as const

/** Paths of what parsing left out of the input. */
function lostFields(input: unknown, output: unknown, path: readonly PropertyKey[]): string[] {
  if (Array.isArray(input) && Array.isArray(output)) return input.flatMap((item, index) => lostFields(item, output[index], [...path, index]))
  if (!isObject(input) || !isObject(output)) return []
  return Object.entries(input).flatMap(([field, value]) =>
    Object.hasOwn(output, field) ? lostFields(value, output[field], [...path, field]) : [formatPath([...path, field])],
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^[.]/, '')
}
