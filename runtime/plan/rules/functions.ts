/** What must hold for the author's functions and expressions. */
import { checkExpression, type Expected } from '../expression.ts'
import type { Expression } from '../nodes.ts'
import type { Finding } from './findings.ts'
import type { Shape } from '../structure/shape.ts'

/** A function, or an expression that fits its input. */
export function checkFunction(
  expression: Expression | { readonly kind: 'lambda'; readonly call: unknown },
  input: Shape,
  expected: Expected,
): readonly Finding[] {
  if (expression.kind === 'cel') {
    const checked = checkExpression(expression.text, input, expected)
    return 'message' in checked ? [{ kind: 'invalid', message: checked.message }] : []
  }
  if (typeof expression.call !== 'function') return [{ kind: 'invalid', message: 'must be a function' }]
  const kind = Object.prototype.toString.call(expression.call)
  if (kind === '[object AsyncFunction]') {
    return [{ kind: 'not-supported-yet', message: 'async functions are not supported yet; functions return their result at once' }]
  }
  const works = kind === '[object Function]' || (kind === '[object GeneratorFunction]' && expected === 'list')
  return works ? [] : [{ kind: 'invalid', message: 'generator functions work in flatMap only' }]
}
