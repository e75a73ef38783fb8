/** Reads JSON records. */
import { isUtf8 } from 'node:buffer'
import { DecodeError } from '../codec.ts'
import type { Decoder } from '../codec.ts'
import type { FieldType, RecordSchema } from '../schema.ts'
import { utf8Text } from '../text.ts'
import { generateReader } from './generate.ts'
import { Cursor, nonAscii, skipSpace } from './scan.ts'
import { NumberText, readRecord } from './walk.ts'

/**
 * A decoder of JSON values. With a schema it gives plain objects of the declared fields, all of one hidden class; what is not valid JSON as a whole, not
 * valid UTF-8 or does not fit the schema is undecodable. Of a name that occurs twice the last counts. Without a schema it gives whatever the JSON holds.
 */
export function jsonDecoder(schema: RecordSchema | null): Decoder {
  return schema === null ? { decode: parseText } : new SchemaDecoder(schema)
}

class SchemaDecoder implements Decoder {
  readonly #schema: RecordSchema
  readonly #read: ReturnType<typeof generateReader>
  readonly #cursor = new Cursor()
  readonly #hasDecimals: boolean

  constructor(schema: RecordSchema) {
    this.#schema = schema
    this.#read = generateReader(schema)
    this.#hasDecimals = hasDecimals(schema)
  }

  decode(bytes: Buffer, start: number, end: number): unknown {
    const cursor = this.#cursor
    let last = end
    while (last > start && isSpace(bytes[last - 1]!)) last--
    if (last > start && bytes[last - 1] === 0x7d) {
      cursor.reset(bytes, last)
      const value = this.#read(cursor, bytes, skipSpace(bytes, start))
      if (cursor.at === last && ((cursor.marks & nonAscii) === 0 || isUtf8(bytes.subarray(start, last)))) return value
    }
    return this.#readPlainly(bytes, start, end)
  }

  /** Has the last word on everything that the scanner is not sure of, and finds the words for what is wrong. */
  #readPlainly(bytes: Buffer, start: number, end: number): unknown {
    return readRecord(this.#schema, parseText(bytes, start, end, this.#hasDecimals ? keepDigits : undefined))
  }
}

function parseText(bytes: Buffer, start: number, end: number, reviver?: typeof keepDigits): unknown {
  if (start === end) throw new DecodeError('value: is empty')
  const text = utf8Text(bytes, start, end)
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) throw new DecodeError('value: is not valid UTF-8')
  try {
    return JSON.parse(text, reviver)
  } catch (error) {
    throw new DecodeError(`value: is not valid JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function keepDigits(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? new NumberText(value, context?.source ?? String(value)) : value
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function hasDecimals(type: FieldType): boolean {
  switch (type.kind) {
    case 'decimal':
      return true
    case 'list':
      return hasDecimals(type.items.type)
    case 'map':
      return hasDecimals(type.values.type)
    case 'object':
      return Object.values(type.fields).some((field) => hasDecimals(field.type))
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'timestamp':
    case 'bytes':
      return false
  }
}
