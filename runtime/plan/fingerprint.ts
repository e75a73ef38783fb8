/** A plan as data and as one hash: equal programs have equal fingerprints, whatever the order of their keys. */
import { createHash } from 'node:crypto'
import type { Plan } from './nodes.ts'

/** SHA-256 of the canonical plan, in hex. Functions count by their text. */
export function fingerprint(plan: Plan): string {
  return createHash('sha256').update(canonicalPlan(plan)).digest('hex')
}

/** The plan as JSON with sorted keys; functions are left out, their text stays. */
export function canonicalPlan(plan: Plan): string {
  return canonical({ formatVersion: plan.formatVersion, nodes: plan.nodes })
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, part]) => part !== undefined && typeof part !== 'function')
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`).join(',')}}`
}
