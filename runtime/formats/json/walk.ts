/**
 * Fits a parsed JSON value to a schema: the plain meaning of a schema, which the generated scanner must agree with. Slow, and it explains: every error
 * names the field and what was found there.
 */
import { DecodeError, describeValue, fieldPath } from '../codec.ts'
import type { FieldSchema, FieldType, RecordSchema } from '../schema.ts'
import { isDecimal, maxTimestamp, parseBase64, parseTimestamp } from '../text-values.ts'
import { recordMaker } from './shape.ts'

/** A JSON number with the digits it was written with; stands for numbers where a decimal is declared. */
export class NumberText {
  readonly value: number
  readonly text: string
  constructor(value: number, text: string) {
    this.value = value
    this.text = text
  }
}

/** The declared fields of a parsed JSON object. Throws DecodeError. */
export function readRecord(schema: RecordSchema, json: unknown, path = ''): unknown {
  if (!isObject(json)) throw mismatch(path, 'an object', json)
  const values: unknown[] = []
  for (const [name, field] of Object.entries(schema.fields)) {
    values.push(readField(field, Object.hasOwn(json, name) ? json[name] : undefined, fieldPath(path, name)))
  }
  return recordMaker(schema)(values)
}

/** A field's value, absence and null settled. Throws DecodeError. */
export function readField(field: FieldSchema, json: unknown, path: string): unknown {
  if (json !== undefined && json !== null) return readType(field.type, json, path)
  if (field.default !== undefined) return readType(field.type, field.default, path)
  if (field.optional) return null
  throw new DecodeError(`${path || 'value'}: ${json === null ? 'is null' : 'is missing'}, but it is declared ${described(field.type)}`)
}

function readType(type: FieldType, found: unknown, path: string): unknown {
  const json = found instanceof NumberText && type.kind !== 'decimal' ? found.value : found
  switch (type.kind) {
    case 'string':
    case 'boolean':
      if (typeof json !== type.kind) break
      return json
    case 'number':
      if (typeof json !== 'number' || !Number.isFinite(json)) break
      return json
    case 'integer':
      if (!Number.isSafeInteger(json)) break
      return json
    case 'timestamp': {
      const time = typeof json === 'string' ? parseTimestamp(Buffer.from(json), 0, Buffer.byteLength(json)) : json
      if (!Number.isSafeInteger(time) || Math.abs(time as number) > maxTimestamp) break
      return time
    }
    case 'decimal':
      if (json instanceof NumberText) return json.text
      if (typeof json !== 'string' || !isDecimal(json)) break
      return json
    case 'bytes': {
      const bytes = typeof json === 'string' ? parseBase64(json) : null
      if (bytes === null) break
      return bytes
    }
    case 'list':
      if (!Array.isArray(json)) break
      return json.map((item: unknown, i) => readField(type.items, item, fieldPath(path, i)))
    case 'map': {
      if (!isObject(json)) break
      const map: Record<string, unknown> = {}
      for (const key of Object.keys(json)) putEntry(map, key, readField(type.values, json[key], fieldPath(path, key)))
      return map
    }
    case 'object':
      return readRecord(type, json, path)
  }
  throw mismatch(path, described(type), json)
}

/** Sets an own property, `__proto__` too, as JSON.parse does. */
export function putEntry(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
  else map[key] = value
}

function mismatch(path: string, expected: string, found: unknown): DecodeError {
  return new DecodeError(`${path || 'value'}: expected ${expected}, found ${describeValue(found instanceof NumberText ? found.value : found)}`)
}

const descriptions = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number of at most 53 bits',
  boolean: 'true or false',
  timestamp: 'a timestamp (whole epoch ms, or ISO 8601 with a time zone)',
  decimal: 'a decimal number',
  bytes: 'bytes as base64',
  list: 'a list',
  map: 'a map',
  object: 'an object',
} as const satisfies Record<FieldType['kind'], string>

function described(type: FieldType): string {
  return descriptions[type.kind]
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof NumberText)
}
