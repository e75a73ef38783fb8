import { z } from 'zod'
import { Values } from './values.ts'

/** A value of the chart, or a group of them. */
export interface ValueField {
  /** With dots: `image.tag`. */
  readonly path: string
  readonly meaning: string
  readonly fallback: unknown
  /** Of a group. */
  readonly children: readonly ValueField[]
}

/** JSON Schema of the values as users write them, in the draft that every version of helm reads. */
export function valuesSchema(): Schema {
  const { $schema = '', properties, ...rest } = z.toJSONSchema(Values, { target: 'draft-7', io: 'input' }) as Schema
  // What a parent chart passes to all its children.
  const global = { type: 'object', description: 'Values that a parent chart shares; not used here.' }
  return { $schema, title: 'Values of streamjob-operator', ...rest, properties: { ...properties, global } }
}

/** All values, in the order of the schema. */
export function valueFields(): readonly ValueField[] {
  const { global: _shared, ...own } = valuesSchema().properties ?? {}
  return fieldsOf(own, '', Values.parse({}))
}

/** As much of a JSON Schema as is looked at. */
export interface Schema {
  readonly $schema?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly [keyword: string]: unknown
}

function fieldsOf(properties: Readonly<Record<string, Schema>>, prefix: string, fallbacks: object): readonly ValueField[] {
  return Object.entries(properties).map(([name, schema]) => {
    const fallback: unknown = Reflect.get(fallbacks, name)
    const path = `${prefix}${name}`
    const isGroup = schema.properties !== undefined && typeof fallback === 'object' && fallback !== null
    return { path, meaning: schema.description ?? '', fallback, children: isGroup ? fieldsOf(schema.properties, `${path}.`, fallback) : [] }
  })
}
