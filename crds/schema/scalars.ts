/** The scalar, list and map types of the resources. Each has bounds that mean the same in zod and in Kubernetes. */
import { z } from 'zod'
import { durationHint, parseDuration } from '../durations.ts'
import { carried, celText, validationsKey, withRules } from './rules.ts'

/** A string of `min` (1) to `max` characters; characters are code points, as Kubernetes counts them. */
export function text(bounds: { readonly max: number; readonly min?: number }, format?: Format): z.ZodString {
  const { max, min = 1 } = bounds
  const bounded = z
    .string()
    .refine((value) => codePoints(value) >= min, `should be at least ${min} characters long`)
    .refine((value) => codePoints(value) <= max, `should be at most ${max} characters long`)
    .meta({ ...(min > 0 ? { minLength: min } : {}), maxLength: max })
  return format === undefined ? carried(bounded) : matching(bounded, format)
}

/** What a string looks like. The pattern must mean the same in JavaScript and RE2: no look-around, no `.`, `\w`, `\s`. */
export interface Format {
  readonly pattern: string
  /** Tells the author what to write; shown instead of the pattern. */
  readonly message: string
}

/** A string as part of the standard types of Kubernetes, whose pattern stands in the schema. */
export function patternText(bounds: { readonly max: number; readonly min?: number }, pattern: string): z.ZodString {
  return text(bounds).regex(new RegExp(pattern, 'u'))
}

/** A list of at most `max` items. Atomic: who applies it owns all of it. */
export function list<T extends z.ZodType>(items: T, bounds: { readonly max: number; readonly min?: number }): z.ZodArray<T> {
  const bounded = z.array(items).max(bounds.max)
  return (bounds.min === undefined ? bounded : bounded.min(bounds.min)).meta({ 'x-kubernetes-list-type': 'atomic' })
}

/** A list whose items are told apart by one of their fields. */
export function listByKey<T extends z.ZodType<Record<K, string>>, K extends string>(
  items: T,
  key: K,
  bounds: { readonly max: number },
): z.ZodArray<T> {
  const unique = z
    .array(items)
    .max(bounds.max)
    .refine((values) => new Set(values.map((value) => value[key])).size === values.length, `should not hold the same ${key} twice`)
  return carried(unique).meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] })
}

/** A map of at most `max` entries. */
export function map<T extends z.ZodType>(values: T, bounds: { readonly max: number }): z.ZodRecord<z.ZodString, T> {
  const bounded = z
    .record(z.string(), values)
    .refine((entries) => Object.keys(entries).length <= bounds.max, `should have at most ${bounds.max} entries`)
  return carried(bounded).meta({ maxProperties: bounds.max })
}

/** An object whose fields the schema does not know; Kubernetes keeps them as they are. */
export function openObject(bounds: { readonly max: number }): z.ZodRecord<z.ZodString, z.ZodUnknown> {
  return map(z.unknown(), bounds)
}

/** A quantity, which YAML may write as a number: `cpu: 2`, `memory: 512Mi`. */
export function quantityOrNumber(): z.ZodUnion<readonly [z.ZodInt, z.ZodString]> {
  return z.union([z.int().min(0).max(1_000_000_000), text({ max: 32 })]).meta({ 'x-kubernetes-int-or-string': true, maxLength: 32 })
}

/** A duration longer than zero, or also zero: any unit. */
export function duration(options: { readonly zero?: boolean } = {}): z.ZodString {
  const pattern = `^(${options.zero === true ? '0|' : ''}[1-9][0-9]{0,7})(ms|s|m|h|d)$`
  return text({ max: durationRoom }, { pattern, message: options.zero === true ? durationHint : `${durationHint}, longer than zero` })
}

/** A duration that CEL rules compute with, so without days. */
export function celDuration(min: string, max: string): z.ZodString {
  return withRules(text({ max: durationRoom }), [
    {
      cel: `${isCelDuration('self')} && duration(self) >= duration('${min}') && duration(self) <= duration('${max}')`,
      check: (value) => celDurationRegExp.test(value) && parseDuration(value) >= parseDuration(min) && parseDuration(value) <= parseDuration(max),
      message: `write a duration from ${min} to ${max} as a whole number and a unit: ms, s, m or h`,
    },
  ])
}

/** CEL: whether `duration(FIELD)` will not fail. A rule that computes with a field asks first, so that a typo gives one message. */
export function isCelDuration(field: string): string {
  return `${field}.matches(${celText(celDurationPattern)})`
}

/** Whether a text is a duration that CEL knows. */
export function isCelDurationText(value: string): boolean {
  return celDurationRegExp.test(value)
}

function matching<S extends z.ZodType<string>>(schema: S, format: Format): S {
  const regExp = new RegExp(format.pattern, 'u')
  const rule = { rule: `self.matches(${celText(format.pattern)})`, message: format.message }
  return carried(schema.refine((value) => regExp.test(value), format.message)).meta({ ...schema.meta(), [validationsKey]: [rule] })
}

function codePoints(value: string): number {
  let count = 0
  for (const _ of value) count++
  return count
}

/** More than a duration needs, so that `30 seconds` is answered by the rule and not by a length. */
const durationRoom = 32

const celDurationPattern = '^[1-9][0-9]{0,5}(ms|s|m|h)$'
const celDurationRegExp = new RegExp(celDurationPattern)
