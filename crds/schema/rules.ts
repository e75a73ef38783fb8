/** Rules that hold twice: as CEL in the API server and as a check in zod. Writing them in one place keeps the two equal. */
import type { z } from 'zod'

/** The schema with its rules: zod runs the checks, the CRD carries the CEL. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly (Rule<z.output<S>> | TransitionRule)[]): S {
  if (rules.length === 0) return schema
  const checked = schema.superRefine((value, context) => {
    for (const rule of rules) {
      if ('check' in rule && !rule.check(value)) context.addIssue({ code: 'custom', message: rule.message, path: pathOf(rule), continue: true })
    }
  })
  return carried(checked).meta({ ...schema.meta(), [validationsKey]: [...rulesOf(schema), ...rules.map(celRule)] })
}

/** A rule about one value. */
export interface Rule<T> {
  /** CEL over `self`; it may rely on defaults having been filled in. */
  readonly cel: string
  /** The same as `cel`; gets the value with defaults. */
  readonly check: (value: T) => boolean
  /** What is wrong and what to do, for the author of the manifest. */
  readonly message: string
  /** The field to blame, relative to the value, such as `.sessionTimeout`. */
  readonly fieldPath?: string
}

/** A rule about a change: CEL over `self` and `oldSelf`. Only the API server sees both. */
export interface TransitionRule {
  readonly transition: string
  readonly message: string
  readonly fieldPath?: string
}

/** A rule as it stands in the CRD. */
export interface CelRule {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
}

export const validationsKey = 'x-kubernetes-validations'

/** The CRD's form of a rule. */
export function celRule(rule: Rule<never> | TransitionRule): CelRule {
  const cel = 'transition' in rule ? rule.transition : rule.cel
  return { rule: cel, message: rule.message, ...(rule.fieldPath === undefined ? {} : { fieldPath: rule.fieldPath }) }
}

/** Says that what the schema's refinements check so far stands in the CRD too; others are refused there. */
export function carried<S extends z.ZodType>(schema: S): S {
  for (const check of schema._zod.def.checks ?? []) carriedChecks.add(check)
  return schema
}

/** Whether the CRD has what this check of zod does. */
export function isCarried(check: object): boolean {
  return carriedChecks.has(check)
}

const carriedChecks = new WeakSet<object>()

/** A text as a CEL literal: raw, so that backslashes of a pattern stay as they are. */
export function celText(text: string): string {
  if (text.includes("'") || text.includes('\n')) throw new Error(`${JSON.stringify(text)} can't stand in a raw CEL string`)
  return text.includes('\\') ? `r'${text}'` : `'${text}'`
}

/** A list of texts as a CEL literal. */
export function celList(texts: readonly string[]): string {
  return `[${texts.map(celText).join(', ')}]`
}

function rulesOf(schema: z.ZodType): readonly CelRule[] {
  return (schema.meta()?.[validationsKey] as readonly CelRule[] | undefined) ?? []
}

function pathOf(rule: { readonly fieldPath?: string }): string[] {
  return rule.fieldPath === undefined ? [] : rule.fieldPath.split('.').slice(1)
}
