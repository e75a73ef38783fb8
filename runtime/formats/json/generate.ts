/**
 * Makes the reader of a schema: JavaScript text with one function per object, list and map that the schema declares, which walks the bytes once and keeps
 * the declared fields in local variables until it makes the object.
 */
import type { FieldSchema, FieldType, RecordSchema } from '../schema.ts'
import * as scan from './scan.ts'
import type { Cursor } from './scan.ts'
import * as scanValues from './scan-values.ts'
import { RecentTexts } from '../text.ts'
import { objectLiteral } from './shape.ts'
import { putEntry, readField } from './walk.ts'

/** Reads the value at `p`; leaves the position behind it in `c.at`, -1 where it is not sure. */
export type Reader = (c: Cursor, b: Buffer, p: number) => unknown

/** Compiles the reader of a schema. */
export function generateReader(schema: RecordSchema): Reader {
  const helpers = { ...scan, ...scanValues, putEntry, RecentTexts }
  const source = new ReaderSource()
  const entry = source.reader(schema)
  const text = `'use strict'\nconst { ${Object.keys(helpers).join(', ')} } = helpers\n${source.text()}\nreturn ${entry}`
  // oxlint-disable-next-line typescript/no-implied-eval -- made of the schema alone; names are quoted or compared as numbers
  return new Function('helpers', 'defaults', text)(helpers, source.defaults) as Reader
}

const scalarReaders = {
  string: 'readString',
  number: 'readNumber',
  integer: 'readInteger',
  boolean: 'readBoolean',
  timestamp: 'readTimestamp',
  decimal: 'readDecimal',
  bytes: 'readBytes',
} as const

class ReaderSource {
  /** Each gives a fresh value: lists and objects must not be shared between records. */
  readonly defaults: (() => unknown)[] = []
  readonly #functions: string[] = []
  #names = 0

  text(): string {
    return ['function fail(c) { c.at = -1 }', ...this.#functions].join('\n')
  }

  /** The name of the function that reads a type. */
  reader(type: FieldType): string {
    switch (type.kind) {
      case 'object':
        return this.#define((name) => this.#record(name, type))
      case 'list':
        return this.#define((name) => this.#list(name, type.items))
      case 'map':
        return this.#define((name) => this.#map(name, type.values))
      case 'string':
      case 'number':
      case 'integer':
      case 'boolean':
      case 'timestamp':
      case 'decimal':
      case 'bytes':
        return scalarReaders[type.kind]
    }
  }

  #define(write: (name: string) => string): string {
    const name = `read${this.#names++}`
    this.#functions.push(write(name))
    return name
  }

  #record(name: string, { fields }: RecordSchema): string {
    const names = Object.keys(fields)
    const list = Object.values(fields)
    const masks = list.map((field) => (isNullable(field) ? 0 : 1))
    const words = Math.ceil(list.length / 31)
    const bit = (i: number): string => `seen${Math.floor(i / 31)} |= ${2 ** (i % 31)}`
    const required = Array.from({ length: words }, (_, w) => masks.slice(w * 31, w * 31 + 31).reduce<number>((sum, m, i) => sum + m * 2 ** i, 0))
    const absent = list.map((field) => this.#absent(field))
    return `function ${name}(c, b, p) {
  if (b[p] !== 0x7b) return fail(c)
  const end = c.end
  ${list.map((field, i) => `let f${i} = ${isNullable(field) ? 'undefined' : blank(field.type)}`).join('; ')}
  ${required.map((_, w) => `let seen${w} = 0`).join('; ')}
  p = skipSpace(b, p + 1)
  if (b[p] === 0x7d) p++
  else for (;;) {
    ${readName}
    let field = -1
    ${matchName(names)}
    switch (field) {
      ${list.map((field, i) => `case ${i}: ${this.#value(field, `f${i}`)}; ${masks[i] === 1 ? bit(i) : ''}; break`).join('\n      ')}
      default: p = skipValue(c, b, p, 0); if (p < 0) return fail(c)
    }
    ${nextOr(0x7d)}
  }
  ${required.map((mask, w) => `if ((seen${w} & ${mask}) !== ${mask}) return fail(c)`).join('; ')}
  c.at = p
  return ${objectLiteral(
    names,
    list.map((field, i) => (isNullable(field) ? `f${i} === undefined ? ${absent[i]} : f${i}` : `f${i}`)),
  )}
}`
  }

  #list(name: string, items: FieldSchema): string {
    return `function ${name}(c, b, p) {
  if (b[p] !== 0x5b) return fail(c)
  const end = c.end
  const list = []
  p = skipSpace(b, p + 1)
  if (b[p] === 0x5d) p++
  else for (;;) {
    let item
    ${this.#value(items, 'item')}
    list.push(${this.#settled(items, 'item')})
    ${nextOr(0x5d)}
  }
  c.at = p
  return list
}`
  }

  #map(name: string, values: FieldSchema): string {
    return `function ${name}(c, b, p) {
  if (b[p] !== 0x7b) return fail(c)
  const end = c.end
  const map = {}
  p = skipSpace(b, p + 1)
  if (b[p] === 0x7d) p++
  else for (;;) {
    const key = readString(c, b, p, ${this.#recentTexts()})
    p = c.at
    if (p < 0) return fail(c)
    p = skipSpace(b, p)
    if (b[p] !== 0x3a) return fail(c)
    p = skipSpace(b, p + 1)
    let item
    ${this.#value(values, 'item')}
    putEntry(map, key, ${this.#settled(values, 'item')})
    ${nextOr(0x7d)}
  }
  c.at = p
  return map
}`
  }

  /** The name of a table for the texts of one place in the schema. */
  #recentTexts(): string {
    const name = `recent${this.#names++}`
    this.#functions.push(`const ${name} = new RecentTexts()`)
    return name
  }

  /** Statements that read a field's value at `p` into a variable; undefined stands for null. */
  #value(field: FieldSchema, variable: string): string {
    const recent = field.type.kind === 'string' ? `, ${this.#recentTexts()}` : ''
    const read = `${variable} = ${this.reader(field.type)}(c, b, p${recent}); p = c.at; if (p < 0) return fail(c)`
    return isNullable(field) ? `if (b[p] === 0x6e) { p = skipWord(b, p); if (p < 0) return fail(c); ${variable} = undefined } else { ${read} }` : read
  }

  #settled(field: FieldSchema, variable: string): string {
    return isNullable(field) ? `${variable} === undefined ? ${this.#absent(field)} : ${variable}` : variable
  }

  /** What a field holds that is absent or null. */
  #absent(field: FieldSchema): string {
    if (field.default === undefined) return 'null'
    return `defaults[${this.defaults.push(() => readField(field, null, '')) - 1}]()`
  }
}

function isNullable(field: FieldSchema): boolean {
  return field.optional || field.default !== undefined
}

/** Gives a variable its type from the start, which keeps numbers unboxed. */
function blank(type: FieldType): string {
  if (type.kind === 'number' || type.kind === 'integer' || type.kind === 'timestamp') return '0'
  if (type.kind === 'boolean') return 'false'
  return type.kind === 'string' || type.kind === 'decimal' ? "''" : 'null'
}

/** Name at [s, s + length), then the colon; leaves `p` at the value. */
const readName = `if (b[p] !== 0x22) return fail(c)
    const s = p + 1
    p = nameEnd(c, b, s)
    if (p < 0) return fail(c)
    const length = p - s
    if (b[++p] !== 0x3a) { p = skipSpace(b, p); if (b[p] !== 0x3a) return fail(c) }
    if (b[++p] <= 0x20) p = skipSpace(b, p)`

/** Sets `field` to the index of the name. Compares the UTF-8 bytes of names of that length; names that JSON must escape never match. */
function matchName(names: readonly string[]): string {
  const lengths = new Map<number, string[]>()
  names.forEach((name, index) => {
    const bytes = Buffer.from(name)
    const test = [...bytes].map((byte, i) => `b[s + ${i}] === ${byte}`).join(' && ') || 'true'
    lengths.set(bytes.length, [...(lengths.get(bytes.length) ?? []), `if (${test}) field = ${index}`])
  })
  const cases = [...lengths].map(([length, tests]) => `case ${length}: ${tests.join('; else ')}; break`)
  return `switch (length) {\n      ${cases.join('\n      ')}\n    }`
}

/** Behind a value: on to the next one after a comma, out of the loop after the closing byte. */
function nextOr(close: number): string {
  return `if (p >= end) return fail(c)
    if (b[p] <= 0x20) p = skipSpace(b, p)
    if (b[p] === 0x2c) { if (b[++p] <= 0x20) p = skipSpace(b, p); continue }
    if (b[p] !== ${close}) return fail(c)
    p++
    break`
}
