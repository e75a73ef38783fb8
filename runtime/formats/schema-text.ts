/**
 * Schemas as text, as in the steps of a StreamJob and in explain:
 *
 *     { customer: string, amount: "number?", tags: "list<string>", count: "integer = 0", address: { city: string } }
 *
 * A type is a scalar's name, `list<TYPE>`, `map<TYPE>` or `{ name: TYPE, ... }`; `?` behind it: optional; `= JSON`: the default.
 */
import { StreamJobError } from '../errors.ts'
import { describeValue, fieldPath } from './codec.ts'
import type { FieldSchema, FieldType, RecordSchema } from './schema.ts'
import { fieldSchema, recordSchema } from './types.ts'

/** The schema that steps declare: an object of field name to type text, or to a nested such object. Throws `program-invalid` naming the field. */
export function parseSchema(json: unknown, path = 'schema', depth = 0): RecordSchema {
  if (depth > maxDepth) throw invalid(path, `objects are nested more than ${maxDepth} deep`, 'declare a flatter schema')
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid(
      path,
      `expected an object of field name to type, found ${describeValue(json)}`,
      'for example { customer: string, amount: "number?" }',
    )
  }
  return recordSchema(
    Object.entries(json).map(([name, value]) => [name, parseField(value, fieldPath(path, name), depth)]),
    path,
  )
}

/** The text of a schema on one line; `parseType` of it gives the schema back. */
export function describeSchema(schema: RecordSchema): string {
  return describeType(schema)
}

/** The field that a type text declares, such as `list<number?>? = []`. Throws `program-invalid`. */
export function parseType(text: string, path = 'schema'): FieldSchema {
  const reader = new TypeReader(text, path)
  const field = reader.field()
  reader.finish()
  return field
}

function parseField(json: unknown, path: string, depth: number): FieldSchema {
  if (typeof json === 'string') return parseType(json, path)
  return fieldSchema(parseSchema(json, path, depth + 1), false, undefined, path)
}

const maxDepth = 32

const scalars = ['string', 'number', 'integer', 'boolean', 'timestamp', 'decimal', 'bytes'] as const
const hint = `a type is ${scalars.join(', ')}, list<TYPE>, map<TYPE> or { name: TYPE }; ? behind it: optional, = JSON: the default`
const identifier = /[\p{L}_$][\p{L}\p{N}_$]*/uy

class TypeReader {
  readonly #text: string
  readonly #path: string
  #at = 0
  #depth = 0

  constructor(text: string, path: string) {
    this.#text = text
    this.#path = path
  }

  field(): FieldSchema {
    if (this.#depth === maxDepth) this.#fail(`types are nested more than ${maxDepth} deep`)
    this.#depth++
    const type = this.#type()
    this.#depth--
    const optional = this.#take('?')
    return fieldSchema(type, optional, this.#take('=') ? this.#json() : undefined, this.#path)
  }

  finish(): void {
    if (this.#peek() !== '') this.#fail(`${JSON.stringify(this.#text.slice(this.#at))} stands behind the type`)
  }

  #type(): FieldType {
    if (this.#take('{')) return this.#object()
    const word = this.#match(identifier)
    if (word === 'list') return { kind: 'list', items: this.#argument() }
    if (word === 'map') return { kind: 'map', values: this.#argument() }
    const kind = scalars.find((scalar) => scalar === word)
    return kind === undefined ? this.#fail(word === null ? 'a type is missing' : `${JSON.stringify(word)} is no type`) : { kind }
  }

  #argument(): FieldSchema {
    this.#expect('<')
    const field = this.field()
    this.#expect('>')
    return field
  }

  #object(): RecordSchema {
    const fields: [string, FieldSchema][] = []
    if (this.#take('}')) return recordSchema(fields, this.#path)
    do {
      const name = this.#peek() === '"' ? String(this.#json()) : this.#match(identifier)
      if (name === null) this.#fail('a field name is missing')
      if (fields.some(([other]) => other === name)) this.#fail(`the field ${JSON.stringify(name)} is declared twice`)
      this.#expect(':')
      fields.push([name, this.field()])
    } while (this.#take(','))
    this.#expect('}')
    return recordSchema(fields, this.#path)
  }

  /** The JSON value from here; its end is found by trying each character that may follow a value: none is the beginning of another. */
  #json(): unknown {
    this.#peek()
    const rest = this.#text.slice(this.#at)
    for (const end of [...rest.matchAll(/[,}>:]|$/g)].map((match) => match.index)) {
      const value = tryJson(rest.slice(0, end))
      if (value === undefined) continue
      this.#at += end
      return value.json
    }
    return this.#fail(`${JSON.stringify(rest)} is no JSON value (texts stand in double quotes)`)
  }

  #peek(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text[this.#at] ?? ''
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#at++
    return true
  }

  #expect(character: string): void {
    if (!this.#take(character)) this.#fail(`${JSON.stringify(character)} is missing at ${JSON.stringify(this.#text.slice(this.#at))}`)
  }

  #match(pattern: RegExp): string | null {
    this.#peek()
    pattern.lastIndex = this.#at
    const word = pattern.exec(this.#text)?.[0] ?? null
    this.#at += word?.length ?? 0
    return word
  }

  #fail(what: string): never {
    const text = JSON.stringify(this.#text)
    throw invalid(this.#path, what.startsWith(text) ? what : `${what} in ${text}`, hint)
  }
}

function tryJson(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function describeField(field: FieldSchema): string {
  const fallback = field.default === undefined ? '' : ` = ${JSON.stringify(field.default)}`
  return `${describeType(field.type)}${field.optional ? '?' : ''}${fallback}`
}

function describeType(type: FieldType): string {
  switch (type.kind) {
    case 'list':
      return `list<${describeField(type.items)}>`
    case 'map':
      return `map<${describeField(type.values)}>`
    case 'object': {
      const fields = Object.entries(type.fields).map(([name, field]) => `${describeName(name)}: ${describeField(field)}`)
      return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
    }
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'timestamp':
    case 'decimal':
    case 'bytes':
      return type.kind
  }
}

function describeName(name: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : JSON.stringify(name)
}

function invalid(path: string, what: string, how: string): StreamJobError {
  return new StreamJobError('program-invalid', `${path}: ${what}; ${how}`, { fields: { path, what, hint: how } })
}
