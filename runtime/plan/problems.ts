/** What is wrong with a program: every finding has a place and says what to do, and all are reported at once. */
import { StreamJobError } from '../errors.ts'

export interface Problem {
  /** `not-supported-yet`: well-formed, but this version does not carry it out. */
  readonly kind: 'invalid' | 'not-supported-yet'
  /** Where in the program: `steps[2].filter`, `aggregate('revenue').fields.total`. */
  readonly path: string
  readonly message: string
  /** Where in the author's file, when that is known. */
  readonly place?: Place
}

/** A position in the author's source. `line` counts from 1. */
export interface Place {
  readonly file: string
  readonly line: number
}

/** Thrown with all problems in `fields.problems`; `not-supported-yet` only when nothing worse was found. */
export function programError(problems: readonly Problem[]): StreamJobError {
  const code = problems.every((problem) => problem.kind === 'not-supported-yet') ? 'not-supported-yet' : 'program-invalid'
  return new StreamJobError(code, problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'), { fields: { problems } })
}

/** The problems that `programError` put into an error; null for every other error. */
export function problemsOf(error: unknown): readonly Problem[] | null {
  if (!(error instanceof StreamJobError)) return null
  const problems = error.fields['problems']
  return Array.isArray(problems) ? (problems as readonly Problem[]) : null
}
