/** What must hold for deduplication. */
import type { DedupNode } from '../nodes/process.ts'
import { checkRange, unknownField, type Finding, type Surroundings } from './findings.ts'
import { checkKeyedTime } from './windows.ts'

/** Its field and its time, and what must stand before it. */
export function checkDedup(node: DedupNode, around: Surroundings): readonly Finding[] {
  return [...checkKeyedTime(undefined, 'dedup', around), ...checkRange('within', node.withinMs, 1), ...checkId(node.by, around)]
}

function checkId(by: string | null, around: Surroundings): readonly Finding[] {
  if (by === null) return []
  const unknown = unknownField(by, around.input)
  if (unknown !== null) return [{ kind: 'invalid', at: 'by', message: unknown }]
  const kind = around.input?.fields[by]?.type.kind
  if (kind !== 'list' && kind !== 'map' && kind !== 'object' && kind !== 'bytes') return []
  return [{ kind: 'invalid', at: 'by', message: `${by} is ${kind}; an id is a string, number, integer, boolean, timestamp or decimal` }]
}
