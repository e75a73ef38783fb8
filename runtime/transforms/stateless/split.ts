import type { Shape } from '../../plan/structure/shape.ts'
import { compilePredicate } from '../../plan/expression.ts'
import type { SplitNode } from '../../plan/nodes.ts'
import { processingFailure } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'
import { joint, type Onwards } from '../running/fork.ts'

/** Sends each value to the first branch whose predicate holds, or to the one of the rest. A predicate that gives neither true nor false fails the record. */
export function split(node: SplitNode, input: Shape, context: ChainContext, branches: ReadonlyMap<string, Onwards>): Onwards {
  const ways = node.branches.map(({ name, predicate }) => ({ name, holds: compilePredicate(predicate, input), push: branches.get(name)?.push }))
  const otherwise = node.otherwise === null ? undefined : branches.get(node.otherwise)?.push
  const { record } = context
  const push: Push = (value) => {
    for (const { name, holds, push: next } of ways) {
      let chosen: boolean
      try {
        chosen = holds(value, record)
      } catch (error) {
        throw processingFailure(`branch "${name}" of split "${node.uid}"`, error)
      }
      if (chosen) return next?.(value)
    }
    otherwise?.(value)
  }
  return joint(push, [...branches.values()], context)
}
