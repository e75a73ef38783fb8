import { parseArgs } from 'node:util'
import { suites, type Suite } from './table.ts'

export interface Selection {
  readonly suites: readonly Suite[]
  /** Of all property tests, so that a failed run can be repeated. */
  readonly seed: number
  /** Every case of every matrix, where otherwise the seed picks one. */
  readonly all: boolean
}

/** What the command line asks for, in the order of the table; no name means all but the rare ones. Throws UsageError. */
export function select(args: readonly string[], randomSeed: () => number): Selection {
  const { values, positionals } = parse(args)
  const unknown = positionals.filter((name) => !suites.some((suite) => suite.name === name))
  if (unknown.length > 0) throw new UsageError(`unknown suite: ${unknown.join(', ')}`)
  if (values.all && positionals.length > 0) throw new UsageError('--all and names of suites exclude each other')
  const seed = values.seed === undefined ? randomSeed() : Number(values.seed)
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed takes an integer, not ${values.seed}`)
  const wanted = (suite: Suite): boolean => (positionals.length === 0 ? values.all === true || suite.rare !== true : positionals.includes(suite.name))
  return { suites: suites.filter(wanted), seed, all: values.all === true }
}

/** A command line that asks for nothing that there is. */
export class UsageError extends Error {
  override readonly name = 'UsageError'

  constructor(problem: string) {
    super(`${problem}\nusage: hack/test [--seed N] [--all | ${suites.map((suite) => suite.name).join(' | ')} ...]`)
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { seed: { type: 'string' }, all: { type: 'boolean' } } })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
