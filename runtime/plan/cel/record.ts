/** Declared records as CEL values: views that convert a field when an expression reads it, and none that it does not read. */
import type { Environment } from '@marcbachmann/cel-js'
import type { FieldSchema } from '../../formats/schema.ts'

/** Turns a decoded value into what CEL computes with. */
export type ToCel = (value: unknown) => unknown

/** Declares the type of a record; `toCel` wraps a decoded value of it. A field without a known type is dynamic. */
export function registerRecord(
  environment: Environment,
  name: string,
  fields: Readonly<Record<string, FieldSchema | null>>,
): { readonly type: string; readonly toCel: ToCel } {
  const types: Record<string, string> = {}
  const conversions = new Map<string, ToCel | null>()
  for (const [index, [field, schema]] of Object.entries(fields).entries()) {
    const nested = /^\w+$/.test(field) ? `${name}.${field}` : `${name}.field${index}`
    const mapped = schema === null ? dynamic : mapField(environment, nested, schema)
    types[field] = mapped.type
    conversions.set(field, mapped.toCel)
  }
  const View = viewClass(conversions)
  environment.registerType(name, { ctor: View, fields: types })
  return { type: name, toCel: (value) => (isObject(value) ? new View(value) : value) }
}

/** The decoded value that a view shows; undefined for anything else. */
export function rawOf(value: object): object | undefined {
  return value instanceof RecordView ? value.raw : undefined
}

interface MappedField {
  readonly type: string
  /** null: the value is the same in CEL. */
  readonly toCel: ToCel | null
}

const dynamic: MappedField = { type: 'dyn', toCel: null }

/** An optional field may be null, which CEL allows in dynamic types only; its operations are then checked when they run. */
function mapField(environment: Environment, name: string, schema: FieldSchema): MappedField {
  const mapped = mapType(environment, name, schema.type)
  if (!schema.optional || schema.default !== undefined) return mapped
  const toCel = mapped.toCel
  return { type: 'dyn', toCel: (value) => (value === undefined || value === null ? null : toCel === null ? value : toCel(value)) }
}

function mapType(environment: Environment, name: string, type: FieldSchema['type']): MappedField {
  switch (type.kind) {
    case 'string':
    case 'decimal':
      return { type: 'string', toCel: null }
    case 'number':
      return { type: 'double', toCel: null }
    case 'boolean':
      return { type: 'bool', toCel: null }
    case 'bytes':
      return { type: 'bytes', toCel: null }
    case 'integer':
    case 'timestamp':
      return { type: 'int', toCel: toInteger }
    case 'list': {
      const items = mapField(environment, `${name}.item`, type.items)
      const toCel = items.toCel
      return { type: `list<${items.type}>`, toCel: toCel && ((value) => (Array.isArray(value) ? value.map(toCel) : value)) }
    }
    case 'map': {
      const values = mapField(environment, `${name}.entry`, type.values)
      const toCel = values.toCel
      return { type: `map<string, ${values.type}>`, toCel: toCel && ((value) => mapEntries(value, toCel)) }
    }
    case 'object':
      return registerRecord(environment, name, type.fields)
  }
}

function toInteger(value: unknown): unknown {
  return typeof value === 'number' && Number.isFinite(value) ? BigInt(Math.trunc(value)) : value
}

function mapEntries(value: unknown, toCel: ToCel): unknown {
  if (!isObject(value)) return value
  return new Map(Object.entries(value).map(([key, entry]) => [key, toCel(entry)]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** The library reads the fields of a Map by `get`. One class per record type: it finds the type by the constructor. */
class RecordView extends Map<string, unknown> {
  readonly raw: Record<string, unknown>

  constructor(raw: Record<string, unknown>) {
    super()
    this.raw = raw
  }
}

function viewClass(conversions: ReadonlyMap<string, ToCel | null>): new (raw: Record<string, unknown>) => RecordView {
  return class extends RecordView {
    override get(field: string): unknown {
      const convert = conversions.get(field)
      if (convert === undefined) return undefined
      const value = this.raw[field]
      return convert === null ? value : convert(value)
    }
  }
}
