/** What must hold for windows and the aggregates in them. */
import type { Aggregate, WindowSpec } from '../nodes.ts'
import { checkRange, unknownField, type Finding, type Surroundings } from './findings.ts'
import type { Shape } from '../shape.ts'

/** Fields of a window's result that are not the author's to name. */
export const reservedFields: readonly string[] = ['key', 'windowStart', 'windowEnd']

/** A record is kept once in each window it belongs to. */
const mostWindowsPerRecord = 1_000

/** A window, and what must stand before it. */
export function checkWindow(window: WindowSpec, around: Surroundings): readonly Finding[] {
  const findings: Finding[] = []
  if (!around.hasEventTime) findings.push({ kind: 'invalid', at: 'window', message: 'a window needs event time: add eventTime behind the source' })
  if (around.byProcessingTime && window.latenessMs > 0) {
    findings.push({ kind: 'invalid', at: 'window.lateness', message: 'by processing time no record is late: leave lateness out, or use eventTime' })
  }
  if (around.keyedBy === null) {
    findings.push({
      kind: 'invalid',
      at: 'window',
      message: 'a window needs a key: put keyBy before it, with nothing between that changes the record',
    })
  }
  const sizes = [...checkRange(`window.${window.kind}`, window.sizeMs, 1), ...checkRange('window.slide', window.slideMs, 1)]
  findings.push(...sizes, ...checkRange('window.lateness', window.latenessMs, 0))
  if (sizes.length > 0) return findings
  if (window.slideMs > window.sizeMs) {
    findings.push({ kind: 'invalid', at: 'window.slide', message: 'a slide longer than the size would leave records out: make it at most the size' })
  }
  if (window.sizeMs / window.slideMs > mostWindowsPerRecord) {
    findings.push({
      kind: 'invalid',
      at: 'window.slide',
      message: `a record would be in more than ${mostWindowsPerRecord} windows: make the slide longer`,
    })
  }
  if (!Number.isInteger(window.offsetMs) || window.offsetMs < 0 || window.offsetMs >= window.slideMs) {
    findings.push({ kind: 'invalid', at: 'window.offset', message: 'must be at least 0s and less than the distance of two windows' })
  }
  return findings
}

/** The fields of an aggregate. */
export function checkAggregates(fields: Readonly<Record<string, Aggregate>>, input: Shape): readonly Finding[] {
  const entries = Object.entries(fields)
  if (entries.length === 0) return [{ kind: 'invalid', at: 'fields', message: 'name at least one aggregate, such as count' }]
  return entries.flatMap(([name, aggregate]) => [...checkFieldName(name), ...checkAggregate(name, aggregate, input)])
}

function checkFieldName(name: string): readonly Finding[] {
  const at = `fields.${name}`
  if (reservedFields.includes(name)) {
    return [{ kind: 'invalid', at, message: `${name} is a field of every window result: choose another name` }]
  }
  if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return []
  return [{ kind: 'invalid', at, message: 'a field name begins with a letter and has letters, digits and underscores only' }]
}

function checkAggregate(name: string, aggregate: Aggregate, input: Shape): readonly Finding[] {
  if (aggregate.kind === 'count') return []
  const at = `fields.${name}`
  const unknown = unknownField(aggregate.field, input)
  if (unknown !== null) return [{ kind: 'invalid', at, message: unknown }]
  const field = input?.fields[aggregate.field]
  if (!field) return []
  const type = field.type.kind
  const numeric = type === 'number' || type === 'integer' || (type === 'timestamp' && (aggregate.kind === 'min' || aggregate.kind === 'max'))
  if (!numeric) return [{ kind: 'invalid', at, message: `${aggregate.kind} needs a number, but ${aggregate.field} is ${type}` }]
  if (!field.optional || field.default !== undefined) return []
  const message = `${aggregate.kind} of an optional field is not supported yet; give ${aggregate.field} a default, or filter and map it before`
  return [{ kind: 'not-supported-yet', at, message }]
}
