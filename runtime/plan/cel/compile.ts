/**
 * CEL over records: the one place that knows the expression library. Declared fields are typed; integers and timestamps are CEL `int`,
 * which the library computes as BigInt, so numbers are converted when a field is read and when a result leaves.
 */
import { Environment } from '@marcbachmann/cel-js'
import type { RecordContext } from '../nodes.ts'
import { registerRecord, rawOf, type ToCel } from './record.ts'
import type { Shape } from '../structure/shape.ts'

/** A parsed and checked expression. */
export interface CompiledCel {
  /** CEL's name of the result's type: `bool`, `double`, `map<string, dyn>`; `dyn` where it is only known at run time. */
  readonly type: string
  /** Throws an Error with a readable message when the record does not fit. */
  readonly evaluate: (value: unknown, record: RecordContext) => unknown
}

/** What is wrong with an expression; `message` names the column. */
export interface CelFault {
  readonly message: string
}

/** Parses and type-checks once; what comes back is called per record. */
export function compileCel(text: string, input: Shape): CompiledCel | CelFault {
  const { environment, toCel } = environmentOf(input)
  try {
    const parsed = environment.parse(text)
    const check = parsed.check()
    if (!check.valid) return { message: faultMessage(check.error, text, input) }
    const variables = new Variables(toCel)
    const evaluate = (value: unknown, record: RecordContext): unknown => {
      variables.raw = value
      variables.record = record
      try {
        return fromCel(parsed(variables))
      } catch (error) {
        throw new Error(faultMessage(error, text, input), { cause: error })
      }
    }
    return { type: check.type ?? 'dyn', evaluate }
  } catch (error) {
    return { message: faultMessage(error, text, input) }
  }
}

/** The CEL type of an expression; null when it is wrong or only known at run time. */
export function celTypeOf(text: string, input: Shape): string | null {
  const compiled = compileCel(text, input)
  return 'type' in compiled && compiled.type !== 'dyn' ? compiled.type : null
}

/** Names that an expression may use, with what they are; the order is that of the documentation. */
export const celVariables = {
  value: 'the record',
  key: 'record key as text, or null',
  timestamp: 'event time, epoch ms',
  topic: 'source topic',
  partition: 'source partition',
  offset: 'source offset',
} as const

/** One per expression, reused for every record; the library reads what it needs from it by name. */
class Variables {
  raw: unknown
  record!: RecordContext
  readonly #toCel: ToCel | null

  constructor(toCel: ToCel | null) {
    this.#toCel = toCel
  }

  get value(): unknown {
    return this.#toCel === null ? this.raw : this.#toCel(this.raw)
  }
  get key(): string | null {
    return this.record.key
  }
  get timestamp(): bigint {
    return BigInt(Math.trunc(this.record.timestamp))
  }
  get topic(): string {
    return this.record.topic
  }
  get partition(): bigint {
    return BigInt(this.record.partition)
  }
  get offset(): bigint {
    return BigInt(this.record.offset)
  }
}

function environmentOf(input: Shape): { environment: Environment; toCel: ToCel | null } {
  const environment = new Environment({ homogeneousAggregateLiterals: false })
  const record = input === null ? null : registerRecord(environment, 'value', input.fields)
  environment
    .registerVariable('value', record?.type ?? 'dyn')
    .registerVariable('key', 'dyn')
    .registerVariable('timestamp', 'int')
    .registerVariable('topic', 'string')
    .registerVariable('partition', 'int')
    .registerVariable('offset', 'int')
  return { environment, toCel: record?.toCel ?? null }
}

/** A CEL result as a JSON-like value. */
function fromCel(result: unknown): unknown {
  switch (typeof result) {
    case 'bigint': {
      const number = Number(result)
      if (!Number.isSafeInteger(number)) throw new Error(`the integer ${result} is beyond 53 bits`)
      return number
    }
    case 'string':
    case 'number':
    case 'boolean':
      return result
    case 'object':
      return objectFromCel(result)
    case 'undefined':
    case 'function':
    case 'symbol':
      throw new Error('the result is not a JSON value')
  }
}

function objectFromCel(result: object | null): unknown {
  if (result === null || result instanceof Uint8Array) return result
  const raw = rawOf(result)
  if (raw !== undefined) return raw
  if (Array.isArray(result)) return result.map(fromCel)
  if (result instanceof Set) return [...result].map(fromCel)
  if (result instanceof Date) return result.getTime()
  if (result instanceof Map) return objectOf(result)
  const prototype: unknown = Object.getPrototypeOf(result)
  if (prototype === Object.prototype || prototype === null) return objectOf(Object.entries(result))
  const unwrapped: unknown = result.valueOf()
  if (typeof unwrapped === 'bigint') return fromCel(unwrapped)
  throw new Error('the result is not a JSON value')
}

function objectOf(entries: Iterable<readonly [unknown, unknown]>): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [name, value] of entries) {
    Object.defineProperty(object, String(name), { value: fromCel(value), enumerable: true, configurable: true, writable: true })
  }
  return object
}

interface LibraryError {
  readonly code?: string
  readonly summary?: string
  readonly message?: string
  readonly range?: { readonly start: number }
  readonly node?: { readonly args?: unknown }
}

function faultMessage(error: unknown, text: string, input: Shape): string {
  const fault = error as LibraryError
  const summary = (fault.summary ?? fault.message ?? String(error)).replace(/\.$/, '')
  const where = fault.range ? ` ${position(text, fault.range.start)}` : ''
  return `${summary}${where} of ${JSON.stringify(text)}${hint(fault, input)}`
}

function position(text: string, start: number): string {
  const before = text.slice(0, start).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  return before.length > 1 ? `at line ${before.length}, column ${column}` : `at column ${column}`
}

function hint(fault: LibraryError, input: Shape): string {
  if (fault.code === 'unknown_variable') return `; there are ${Object.keys(celVariables).join(', ')}`
  if (fault.code === 'no_such_key' && input !== null && isFieldOfValue(fault.node)) {
    return `; value has ${Object.keys(input.fields).join(', ')}`
  }
  if (fault.code === 'no_such_overload' && /double.*int|int.*double/.test(fault.summary ?? '')) {
    return '; CEL does not mix number and integer: write 2.0 for a number, or double(x) for an integer'
  }
  return ''
}

function isFieldOfValue(node: LibraryError['node']): boolean {
  const target: unknown = Array.isArray(node?.args) ? node.args[0] : null
  return typeof target === 'object' && target !== null && 'args' in target && target.args === 'value'
}
