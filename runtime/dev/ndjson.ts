/**
 * Records as lines of text, in and out alike:
 *
 *     {"key": "ann", "value": {"amount": 3}, "timestamp": 1700000000000, "partition": 2, "headers": {"trace": "7f"}}
 *
 * Only `value` must be there. A value is any JSON, which becomes the record's value as it is written, null, which is a tombstone, or raw bytes as
 * `{"base64": "..."}`. Keys and headers are text, null or raw bytes; a header that comes several times has a list.
 */
import { encodeKey } from '../formats/key.ts'
import type { RecordHeader } from '../kafka/records.ts'

/** A line of input. */
export interface InputRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Epoch ms; null: the time at which it is sent. */
  readonly timestamp: number | null
  /** Null: where the key belongs, or in turn when there is no key. */
  readonly partition: number | null
  readonly headers: readonly RecordHeader[]
}

/** A record of a topic. */
export interface OutputRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/** Throws an Error that says what is wrong with the line. */
export function parseRecord(line: string): InputRecord {
  const fields = parseObject(line)
  const unknown = Object.keys(fields).filter((name) => !known.has(name))
  if (unknown.length > 0)
    throw new Error(`${unknownFields(unknown)}${fields['value'] === undefined ? `; what the record holds is its value: ${example}` : ''}`)
  const { key = null, value, timestamp = null, partition = null, headers = {} } = fields
  if (value === undefined) throw new Error('value is missing; null is a tombstone')
  return {
    key: key === null ? null : keyBytes(key),
    value: value === null ? null : (rawBytes(value) ?? Buffer.from(JSON.stringify(exactValue(line)))),
    timestamp: timestamp === null ? null : wholeNumber('timestamp', timestamp),
    partition: partition === null ? null : wholeNumber('partition', partition),
    headers: headersOf(headers),
  }
}

/** The line of a record, without its end. */
export function printRecord({ partition, offset, timestamp, key, value, headers }: OutputRecord): string {
  const named = new Map<string, unknown[]>()
  for (const header of headers) named.set(header.key, [...(named.get(header.key) ?? []), printText(header.value)])
  const fields = [
    `"partition":${partition}`,
    `"offset":${offset}`,
    `"timestamp":${timestamp}`,
    `"key":${JSON.stringify(printText(key))}`,
    `"value":${printValue(value)}`,
    `"headers":${JSON.stringify(Object.fromEntries([...named].map(([name, all]) => [name, all.length === 1 ? all[0] : all])))}`,
  ]
  return `{${fields.join(',')}}`
}

const example = '{"key": "ada", "value": {"customer": "ada"}}'
const unknownFields = (names: readonly string[]) => `unknown field ${names.join(', ')}: a record has value, key, timestamp, partition and headers`

/** `offset` is what output has more. */
const known = new Set(['key', 'value', 'timestamp', 'partition', 'headers', 'offset'])

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch (error) {
    throw new Error(`no JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error('a record is an object, such as {"key": "a", "value": 1}')
  // An object that JSON.parse made.
  return parsed as Readonly<Record<string, unknown>>
}

/** The value with its numbers as they are written: 1.0 stays 1.0, and one with twenty digits keeps them. */
function exactValue(line: string): unknown {
  const exact: unknown = parseWithSource(line, (_name, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value,
  )
  return typeof exact === 'object' && exact !== null && 'value' in exact ? exact.value : undefined
}

// Both are in Node 24; the compiler's library does not know them yet.
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

function keyBytes(key: unknown): Buffer {
  try {
    return rawBytes(key) ?? encodeKey(key)
  } catch (error) {
    throw new Error(`key: ${error instanceof Error ? error.message : String(error)}, null, or {"base64": "..."}`, { cause: error })
  }
}

/** The bytes of `{"base64": "..."}`; null for anything else. */
function rawBytes(value: unknown): Buffer | null {
  if (typeof value !== 'object' || value === null || !('base64' in value) || Object.keys(value).length !== 1) return null
  const { base64 } = value
  if (typeof base64 !== 'string') throw new Error('base64 must be text')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64').replaceAll('=', '') !== base64.replaceAll('=', '')) throw new Error(`${JSON.stringify(base64)} is no base64`)
  return bytes
}

function wholeNumber(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value)
  const example = name === 'timestamp' ? ', epoch milliseconds' : ''
  throw new Error(`${name} must be a whole number from 0${example}, not ${JSON.stringify(value)}`)
}

function headersOf(headers: unknown): readonly RecordHeader[] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) throw new Error('headers must be an object of names and values')
  return Object.entries(headers).flatMap(([key, value]: [string, unknown]) => (Array.isArray(value) ? value : [value]).map((one) => header(key, one)))
}

function header(key: string, value: unknown): RecordHeader {
  if (value === null) return { key, value: null }
  const bytes = typeof value === 'string' ? Buffer.from(value) : rawBytes(value)
  if (bytes === null) throw new Error(`the header ${key} must be text, null, {"base64": "..."} or a list of them`)
  return { key, value: bytes }
}

/** Text where the bytes are UTF-8. */
function printText(bytes: Uint8Array | null): unknown {
  if (bytes === null) return null
  return textOf(bytes) ?? { base64: Buffer.from(bytes).toString('base64') }
}

/** JSON where the bytes are JSON, as they are written there. */
function printValue(bytes: Buffer | null): string {
  if (bytes === null) return 'null'
  const text = textOf(bytes)
  if (text !== null && isPlainJson(text)) return /[\r\n\u2028\u2029]/.test(text) ? onOneLine(text) : text
  return JSON.stringify({ base64: bytes.toString('base64') })
}

/** Line breaks stand between the parts of JSON, or as these two characters in its strings. */
function onOneLine(json: string): string {
  return json
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}

/** JSON that reads back as the same value: neither null, which would be a tombstone, nor what looks like raw bytes. */
function isPlainJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && !(typeof value === 'object' && 'base64' in value && Object.keys(value).length === 1)
  } catch {
    return false
  }
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return null
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
