/** What the rules of a plan speak in: findings of a node, and what surrounds it. */
import type { KeyByNode } from '../nodes.ts'
import type { Shape } from '../structure/shape.ts'

/** A problem of one node; `at` is the part of it that is meant. */
export interface Finding {
  readonly kind: 'invalid' | 'not-supported-yet'
  readonly at?: string
  readonly message: string
}

/** What a node may rely on. */
export interface Surroundings {
  readonly input: Shape
  /** The key in force; null behind a transform that may have changed the value. */
  readonly keyedBy: KeyByNode | null
  /** Its records have a time. */
  readonly hasEventTime: boolean
  /** That is when they are worked on. */
  readonly byProcessingTime: boolean
  readonly behindWindow: boolean
  /** Uid of the keyBy before it that sent records to other partitions last; null: there is none. */
  readonly behindRepartition: string | null
}

/** Why a field cannot be used; null when it can, or when nothing is known of the fields. */
export function unknownField(name: string, input: Shape): string | null {
  if (input === null || Object.hasOwn(input.fields, name)) return null
  return `there is no field ${JSON.stringify(name)}; the fields are ${Object.keys(input.fields).join(', ')}`
}

/** A span of time must be whole milliseconds, from `least` to a year. */
export function checkRange(at: string, duration: number, least: number): readonly Finding[] {
  if (Number.isInteger(duration) && duration >= least && duration <= longest) return []
  return [{ kind: 'invalid', at, message: `must be from ${least === 0 ? '0s' : `${least}ms`} to 366d` }]
}

const longest = 366 * 86_400_000
