import type { Shape } from '../../plan/structure/shape.ts'
import { compilePredicate } from '../../plan/expression.ts'
import type { FilterNode } from '../../plan/nodes.ts'
import { processingFailure } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'

/** Lets those values through for which the predicate gives true. A predicate that gives neither true nor false fails the record. */
export function filter(node: FilterNode, input: Shape, context: ChainContext, next: Push): Push {
  const predicate = compilePredicate(node.predicate, input)
  const { record } = context
  const name = `filter "${node.uid}"`
  return (value) => {
    let passes: boolean
    try {
      passes = predicate(value, record)
    } catch (error) {
      throw processingFailure(name, error)
    }
    if (passes) next(value)
  }
}
