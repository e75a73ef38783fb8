/** The author's way to declare a schema: `t.object({ customer: t.string, amount: t.number.optional() })`. TypeScript infers the record's type. */
import { StreamJobError } from '../errors.ts'
import { DecodeError, fieldPath } from './codec.ts'
import { readField } from './json/walk.ts'
import type { FieldSchema, FieldType, RecordSchema } from './schema.ts'

/** What a field may hold; `T` is what functions of the program see. Immutable: `optional` and `default` give a new one. */
export interface Type<T> {
  /** The plain data that a plan holds. */
  readonly field: FieldSchema
  /** May be absent or null; the program sees null. */
  optional(): Type<T | null>
  /** Stands in where the field is absent or null. */
  default(value: NonNullable<T>): Type<NonNullable<T>>
  /** Never there; carries T for inference. */
  readonly inferred?: T
}

/** An object with declared fields: what a source or sink takes as its schema, and a field of another object. */
export interface ObjectType<T> extends Type<T> {
  readonly schema: RecordSchema
}

/** The TypeScript type of a schema's records: `Infer<typeof Order>`. */
export type Infer<S> = S extends Type<infer T> ? T : never

/** The fields of an object as the program sees them. */
export type InferFields<F extends Readonly<Record<string, Type<unknown>>>> = { [K in keyof F]: Infer<F[K]> }

/** The types of declared fields. Timestamps are epoch ms, decimals exact as text; in JSON, bytes are base64. */
export const t = {
  string: scalar<string>('string'),
  /** A double. */
  number: scalar<number>('number'),
  /** A whole number of at most 53 bits; a record with a larger one is undecodable. */
  integer: scalar<number>('integer'),
  boolean: scalar<boolean>('boolean'),
  timestamp: scalar<number>('timestamp'),
  decimal: scalar<string>('decimal'),
  bytes: scalar<Uint8Array>('bytes'),
  list: <T>(items: Type<T>): Type<T[]> => type({ kind: 'list', items: items.field }),
  map: <T>(values: Type<T>): Type<Record<string, T>> => type({ kind: 'map', values: values.field }),
  object: <F extends Readonly<Record<string, Type<unknown>>>>(fields: F): ObjectType<InferFields<F>> => {
    const schema = recordSchema(Object.entries(fields).map(([name, { field }]) => [name, field]))
    return Object.freeze({ ...type<InferFields<F>>(schema), schema })
  },
} as const

/** A frozen record schema; checks what no type can express. Throws `program-invalid`. */
export function recordSchema(fields: readonly (readonly [string, FieldSchema])[], path = ''): RecordSchema {
  for (const [name] of fields) {
    if (name === '' || name === '__proto__') {
      throw new StreamJobError('program-invalid', `${path || 'schema'}: a field can't be named ${JSON.stringify(name)}; choose another name`)
    }
  }
  return deepFreeze({ kind: 'object', fields: Object.fromEntries(fields) })
}

/** A frozen field schema; `fallback` is a JSON value of the type, undefined: none. Throws `program-invalid` when it does not fit. */
export function fieldSchema(fieldType: FieldType, optional: boolean, fallback: unknown, path = ''): FieldSchema {
  if (fallback === undefined) return deepFreeze({ type: fieldType, optional })
  try {
    readField({ type: fieldType, optional: false }, fallback, fieldPath(path, 'default'))
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new StreamJobError('program-invalid', `${error.message}; the default must be a value of the field's type`, { cause: error })
  }
  return deepFreeze({ type: fieldType, optional, default: fallback })
}

function scalar<T>(kind: Exclude<FieldType['kind'], 'list' | 'map' | 'object'>): Type<T> {
  return type<T>({ kind })
}

function type<T>(fieldType: FieldType, optional = false, fallback?: unknown): Type<T> {
  return Object.freeze({
    field: fieldSchema(fieldType, optional, fallback),
    optional: () => type<T | null>(fieldType, true, fallback),
    default: (value: NonNullable<T>) => type<NonNullable<T>>(fieldType, optional, jsonForm(value)),
  })
}

/** A program's value as JSON holds it. */
function jsonForm(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(jsonForm)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, jsonForm(item)]))
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const item of Object.values(value)) deepFreeze(item)
  return Object.freeze(value)
}
