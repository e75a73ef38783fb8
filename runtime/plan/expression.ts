/** Expressions of a plan as functions: what transforms call per record. */
import { compileCel, type CelFault } from './cel/compile.ts'
import type { Expression, MapNode, RecordContext } from './nodes.ts'
import { programError } from './problems.ts'
import type { Shape } from './structure/shape.ts'

/** Computes a value from a record. Throws what the author's function throws, or an Error that says why CEL could not be evaluated. */
export type Evaluate = (value: unknown, record: RecordContext) => unknown

/** What the place of an expression asks of its result. */
export type Expected = 'any' | 'boolean' | 'object' | 'list'

/** The function of an expression. Throws `program-invalid` when CEL does not fit `input`. */
export function compileExpression(expression: Expression, input: Shape, expected: Expected = 'any'): Evaluate {
  if (expression.kind === 'lambda') {
    // The builder has checked the function's parameter against the type of the stream.
    return expression.call as Evaluate
  }
  const compiled = checkExpression(expression.text, input, expected)
  if ('message' in compiled) throw programError([{ kind: 'invalid', path: 'expression', message: compiled.message }])
  return compiled.evaluate
}

/** As `compileExpression`, for filters: any result but true and false throws. */
export function compilePredicate(expression: Expression, input: Shape): (value: unknown, record: RecordContext) => boolean {
  const evaluate = compileExpression(expression, input, 'boolean')
  return (value, record) => {
    const result = evaluate(value, record)
    if (typeof result !== 'boolean') {
      abandonPromise(result)
      throw new TypeError(`a filter must give true or false, not ${describe(result)}`)
    }
    return result
  }
}

/** To be called with what an author's function gave and is refused: a promise that fails later on, with nobody waiting for it, would end the process. */
export function abandonPromise(refused: unknown): void {
  if (refused instanceof Promise) refused.catch(() => undefined)
}

/** The function of a map node: one expression, or one for each field of the new value. */
export function compileMapper(mapper: MapNode['mapper'], input: Shape): Evaluate {
  if (mapper.kind !== 'fields') return compileExpression(mapper, input, mapper.kind === 'cel' ? 'object' : 'any')
  const fields = Object.entries(mapper.fields).map(([name, expression]) => ({ name, evaluate: compileExpression(expression, input) }))
  return (value, record) => {
    const result: Record<string, unknown> = {}
    for (const field of fields) result[field.name] = field.evaluate(value, record)
    return result
  }
}

/** A CEL expression, checked against the fields it may use and the place it stands in. */
export function checkExpression(text: string, input: Shape, expected: Expected): { readonly evaluate: Evaluate } | CelFault {
  const compiled = compileCel(text, input)
  if ('message' in compiled || fits(compiled.type, expected)) return compiled
  return { message: `${JSON.stringify(text)} gives ${compiled.type}, but must give ${wanted[expected]}` }
}

const wanted: Readonly<Record<Expected, string>> = { any: 'a value', boolean: 'bool', object: 'a map', list: 'a list' }

function fits(type: string, expected: Expected): boolean {
  if (type === 'type') return false
  if (expected === 'any' || type.startsWith('dyn')) return true
  if (expected === 'boolean') return type === 'bool'
  if (expected === 'list') return type.startsWith('list')
  return type.startsWith('map') || type.startsWith('value')
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `${typeof value} ${JSON.stringify(value)}`
}
