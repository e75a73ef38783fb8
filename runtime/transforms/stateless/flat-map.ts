import type { Shape } from '../../plan/structure/shape.ts'
import { abandonPromise, compileExpression } from '../../plan/expression.ts'
import type { FlatMapNode } from '../../plan/nodes.ts'
import { processingFailure, RecordRejected, requireValue } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'

/**
 * Replaces each value by the values of an iterable, in order, each with the key and the timestamp of the record. They stand or fall together: when one
 * of them fails further down, none has an effect.
 */
export function flatMap(node: FlatMapNode, input: Shape, context: ChainContext, next: Push): Push {
  const mapper = compileExpression(node.mapper, input, 'list')
  const { record } = context
  const name = `flatMap "${node.uid}"`
  return (value) => {
    const timestamp = record.timestamp
    let results: readonly unknown[]
    try {
      results = collect(mapper(value, record))
    } catch (error) {
      throw processingFailure(name, error)
    }
    try {
      for (const result of results) {
        requireValue(name, result)
        record.timestamp = timestamp
        next(result)
      }
    } catch (error) {
      for (const result of results) abandonPromise(result)
      throw error
    }
  }
}

function collect(result: unknown): readonly unknown[] {
  if (Array.isArray(result)) return result
  if (typeof result === 'object' && result !== null && Symbol.iterator in result) return [...(result as Iterable<unknown>)]
  abandonPromise(result)
  throw new RecordRejected('processing', `it gave ${result === null ? 'null' : typeof result}, not a list`)
}
