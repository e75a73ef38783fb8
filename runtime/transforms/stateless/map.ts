import type { Shape } from '../../plan/structure/shape.ts'
import { compileMapper } from '../../plan/expression.ts'
import type { MapNode } from '../../plan/nodes.ts'
import { processingFailure, requireValue } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'

/** Replaces each value. Null is a value (a sink writes a tombstone for it); undefined fails the record, because dropping is a filter's work. */
export function map(node: MapNode, input: Shape, context: ChainContext, next: Push): Push {
  const mapper = compileMapper(node.mapper, input)
  const { record } = context
  const name = `map "${node.uid}"`
  return (value) => {
    let result: unknown
    try {
      result = mapper(value, record)
    } catch (error) {
      throw processingFailure(name, error)
    }
    requireValue(name, result)
    next(result)
  }
}
