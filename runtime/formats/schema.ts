/** Declared record schemas: what `schema: { customer: string, amount: "number?" }` in steps and `t.object({...})` in programs both mean. */

/** The type of one field. `optional` fields may be absent or null; a default replaces absence and null. */
export interface FieldSchema {
  readonly type: FieldType
  readonly optional: boolean
  /** A JSON value of the field's type; absent: no default. */
  readonly default?: unknown
}

export type FieldType =
  | { readonly kind: 'string' | 'number' | 'integer' | 'boolean' | 'timestamp' | 'decimal' | 'bytes' }
  | { readonly kind: 'list'; readonly items: FieldSchema }
  | { readonly kind: 'map'; readonly values: FieldSchema }
  | RecordSchema

/** An object with declared fields; others are ignored when read. */
export interface RecordSchema {
  readonly kind: 'object'
  readonly fields: Readonly<Record<string, FieldSchema>>
}
