/** Types of values and names that the stages of a program share. */

/** `500ms`, `10s`, `1m`, `6h`, `7d`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [field: string]: JsonValue }

/** A record of a topic without a declared schema: any field, of any type. */
export interface JsonObject {
  readonly [field: string]: JsonValue
}

/** Names of V's fields that hold a T; any name where the fields are not known. */
export type FieldOf<V, T> = string extends keyof V ? string : { [K in keyof V & string]: V[K] extends T ? K : never }[keyof V & string]

/** Fields that hold event time, epoch ms. */
export type TimestampField<V> = FieldOf<V, number | null>

/** Fields that can be a key. */
export type KeyField<V> = FieldOf<V, string | number | boolean | null>

/** The type of a key: text where fields are not declared, and never null, for such records are dead letters. */
export type KeyOf<V, F extends string> = string extends keyof V ? string : F extends keyof V ? NonNullable<V[F]> : never

/** Fields that aggregates compute with. */
export type NumberField<V> = FieldOf<V, number>
