/** Writes JSON records. */
import { fieldPath } from '../codec.ts'
import type { Encoder } from '../codec.ts'
import { collection, maxDepth, nestedTooDeep, refused, refusedKind, unsettled } from '../refusals.ts'
import type { FieldSchema, FieldType, RecordSchema } from '../schema.ts'
import { isDecimal, maxTimestamp } from '../text-values.ts'
import { JsonWriter } from './write.ts'

/**
 * An encoder of JSON values. With a schema it writes the declared fields and refuses what does not fit them. Without one it writes what JSON.stringify
 * does, but dates as epoch ms and bytes as base64, and it refuses what JSON would silently change: NaN, infinities, maps, sets, promises.
 */
export function jsonEncoder(schema: RecordSchema | null): Encoder {
  const writer = new JsonWriter()
  const write = schema === null ? writeAny : typeWriter(schema)
  return {
    encode: (value) => {
      writer.begin()
      write(writer, value, '', 0)
      return writer.finish()
    },
  }
}

/** Writes a value that stands at `path`. Throws EncodeError. */
type WriteValue = (writer: JsonWriter, value: unknown, path: string, depth: number) => void

const writeAny: WriteValue = (writer, value, path, depth) => {
  if (typeof value === 'string') writer.string(value)
  else if (typeof value === 'number') writeNumber(writer, value, path)
  else if (typeof value === 'boolean') writer.ascii(value ? 'true' : 'false')
  else if (value === null) writer.ascii('null')
  else if (typeof value !== 'object') throw refusedKind(path, value)
  else if (depth > maxDepth) throw nestedTooDeep(path)
  else if (Array.isArray(value)) writeArray(writer, value, path, depth)
  else if (value instanceof Date) writeNumber(writer, value.getTime(), path)
  else if (value instanceof Uint8Array) writer.base64(value)
  else if (value instanceof Map || value instanceof Set) throw collection(path)
  else if ('toJSON' in value && typeof value.toJSON === 'function') writeAny(writer, value.toJSON(), path, depth + 1)
  else writeObject(writer, value as Record<string, unknown>, path, depth)
}

function writeArray(writer: JsonWriter, items: readonly unknown[], path: string, depth: number): void {
  writer.byte(0x5b)
  for (let i = 0; i < items.length; i++) {
    if (i > 0) writer.byte(0x2c)
    const item = items[i]
    writeAny(writer, item === undefined ? null : item, fieldPath(path, i), depth + 1)
  }
  writer.byte(0x5d)
}

function writeObject(writer: JsonWriter, object: Record<string, unknown>, path: string, depth: number): void {
  let separator = 0x7b
  for (const name of Object.keys(object)) {
    const value = object[name]
    if (value === undefined) continue
    writer.byte(separator)
    separator = 0x2c
    writeName(writer, name)
    if (typeof value === 'string') writer.string(value)
    else if (typeof value === 'number' && Number.isFinite(value)) writer.number(value)
    else writeAny(writer, value, fieldPath(path, name), depth + 1)
  }
  if (separator === 0x7b) {
    if (object instanceof Promise) throw unsettled(object, path)
    writer.byte(0x7b)
  }
  writer.byte(0x7d)
}

/** `"name":` of names seen before; bounded, because the keys of maps have no end. */
const names = new Map<string, Uint8Array>()

function writeName(writer: JsonWriter, name: string): void {
  let bytes = names.get(name)
  if (bytes === undefined) {
    bytes = namePrefix('', name)
    if (names.size < 1024) names.set(name, bytes)
  }
  writer.bytes(bytes)
}

function namePrefix(before: string, name: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${before}${JSON.stringify(name)}:`))
}

function writeNumber(writer: JsonWriter, value: number, path: string): void {
  if (!Number.isFinite(value)) throw refusedKind(path, value)
  writer.number(value)
}

function typeWriter(type: FieldType): WriteValue {
  switch (type.kind) {
    case 'object':
      return recordWriter(type)
    case 'list': {
      const writeItem = fieldWriter(type.items)
      return (writer, value, path, depth) => {
        if (!Array.isArray(value)) throw refused(path, 'a list', value)
        writer.byte(0x5b)
        value.forEach((item: unknown, i) => {
          if (i > 0) writer.byte(0x2c)
          writeItem(writer, item, fieldPath(path, i), depth)
        })
        writer.byte(0x5d)
      }
    }
    case 'map': {
      const writeItem = fieldWriter(type.values)
      return (writer, value, path, depth) => {
        if (!isObject(value)) throw refused(path, 'a map', value)
        Object.entries(value).forEach(([name, item], i) => {
          writer.byte(i > 0 ? 0x2c : 0x7b)
          writeName(writer, name)
          writeItem(writer, item, fieldPath(path, name), depth)
        })
        writer.ascii(Object.keys(value).length > 0 ? '}' : '{}')
      }
    }
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'timestamp':
    case 'decimal':
    case 'bytes':
      return scalarWriters[type.kind]
  }
}

function recordWriter(schema: RecordSchema): WriteValue {
  const fields = Object.entries(schema.fields).map(([name, field], i) => ({
    name,
    prefix: namePrefix(i > 0 ? ',' : '{', name),
    write: fieldWriter(field),
  }))
  return (writer, value, path, depth) => {
    if (!isObject(value)) throw refused(path, 'an object', value)
    for (const { name, prefix, write } of fields) {
      writer.bytes(prefix)
      write(writer, Object.hasOwn(value, name) ? value[name] : undefined, path === '' ? name : fieldPath(path, name), depth)
    }
    writer.ascii(fields.length > 0 ? '}' : '{}')
  }
}

/** A default stands in for null and absence, as it does when the field is read. */
function fieldWriter(field: FieldSchema): WriteValue {
  const write = typeWriter(field.type)
  const fallback = field.default === undefined ? (field.optional ? 'null' : null) : JSON.stringify(field.default)
  return (writer, value, path, depth) => {
    if (value !== undefined && value !== null) write(writer, value, path, depth)
    else if (fallback === null) throw refused(path, `${field.type.kind}, as declared`, value)
    else writer.bytes(Buffer.from(fallback))
  }
}

type ScalarKind = Exclude<FieldType['kind'], 'list' | 'map' | 'object'>

const scalarWriters: Readonly<Record<ScalarKind, WriteValue>> = {
  string: (writer, value, path) => {
    if (typeof value !== 'string') throw refused(path, 'a string', value)
    writer.string(value)
  },
  number: (writer, value, path) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw refused(path, 'a number', value)
    writer.number(value)
  },
  integer: (writer, value, path) => {
    if (!Number.isSafeInteger(value)) throw refused(path, 'a whole number of at most 53 bits', value)
    writer.number(value as number)
  },
  boolean: (writer, value, path) => {
    if (typeof value !== 'boolean') throw refused(path, 'true or false', value)
    writer.ascii(value ? 'true' : 'false')
  },
  timestamp: (writer, value, path) => {
    const time = value instanceof Date ? value.getTime() : value
    if (!Number.isSafeInteger(time) || Math.abs(time as number) > maxTimestamp) throw refused(path, 'whole epoch ms', value)
    writer.number(time as number)
  },
  decimal: (writer, value, path) => {
    if (typeof value !== 'string' || !isDecimal(value)) throw refused(path, 'a decimal number as text', value)
    writer.string(value)
  },
  bytes: (writer, value, path) => {
    if (!(value instanceof Uint8Array)) throw refused(path, 'bytes', value)
    writer.base64(value)
  },
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
