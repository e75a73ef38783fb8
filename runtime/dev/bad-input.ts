/** What a person gave us and we can't use: files, programs, arguments. */

/** One thing that is wrong, and where. */
export interface InputProblem {
  readonly file: string
  /** From 1. */
  readonly line: number | null
  readonly message: string
}

/** Something that was given cannot be used; nothing was done yet. The message has a line per problem: `FILE:LINE: MESSAGE`. */
export class BadInput extends Error {
  override readonly name = 'BadInput'

  constructor(problems: string | readonly InputProblem[]) {
    super(typeof problems === 'string' ? problems : problems.map(printProblem).join('\n'))
  }
}

function printProblem({ file, line, message }: InputProblem): string {
  return `${file}${line === null ? '' : `:${line}`}: ${message}`
}
