/** What a verb of the command is: a file of its own, with its help and its options in one table. */
import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'
import { BadInput } from '../../runtime/dev/bad-input.ts'
import type { Terminal } from './terminal.ts'

export interface Verb {
  /** Below the usage; every verb has `--help`. */
  readonly help: string
  /** The exit code: 0, 1 when it failed, 2 for what was given wrong, 130 when it was interrupted. Throws BadInput for the latter but one. */
  run(args: readonly string[], terminal: Terminal): Promise<number>
}

/** An option: `--name VALUE` or `--name`. */
export interface Option {
  readonly type: 'string' | 'boolean'
  /** What stands for its value in the help. */
  readonly value?: string
  readonly multiple?: boolean
  readonly help: string
}

type Options = Readonly<Record<string, Option>>

/** Values as given: a list where the option may come several times, undefined where it is absent. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]:
    (O[Name]['type'] extends 'boolean' ? boolean : O[Name]['multiple'] extends true ? readonly string[] : string) | undefined
}

export interface VerbDefinition<O extends Options> {
  /** Such as `dev FILE`; one word in capitals for each positional argument. */
  readonly usage: string
  /** What it does, in a paragraph or two. */
  readonly description: string
  readonly options: O
  readonly run: (given: { readonly values: Values<O>; readonly positionals: readonly string[] }, terminal: Terminal) => Promise<number>
}

export function defineVerb<const O extends Options>({ usage, description, options, run }: VerbDefinition<O>): Verb {
  const [name = '', ...positionals] = usage.split(' ')
  return {
    help: helpOf(usage, description, options),
    async run(args, terminal) {
      const given = parse(name, args, options)
      if (given.positionals.length < positionals.length) throw usageError(name, `${positionals[given.positionals.length]} is missing`)
      if (given.positionals.length > positionals.length) throw usageError(name, `unexpected ${given.positionals.slice(positionals.length).join(' ')}`)
      // parseArgs has checked them against the same table.
      return run({ values: given.values as Values<O>, positionals: given.positionals }, terminal)
    },
  }
}

/** Something about the arguments of a verb. */
export function usageError(verb: string, problem: string): BadInput {
  return new BadInput(`streamjob ${verb}: ${problem}\nSee: streamjob ${verb} --help`)
}

/** A whole number of at least 1. */
export function countOf(verb: string, option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw usageError(verb, `--${option} must be a whole number from 1, not ${JSON.stringify(text)}`)
}

function parse(name: string, args: readonly string[], options: Options): { readonly values: object; readonly positionals: readonly string[] } {
  const config: ParseArgsConfig['options'] = Object.fromEntries(
    Object.entries(options).map(([option, { type, multiple = false }]) => [option, { type, multiple }]),
  )
  try {
    return parseArgs({ args: [...args], options: config, allowPositionals: true, allowNegative: true, strict: true })
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error)) throw error
    throw usageError(name, error.message.split('. ')[0] ?? error.message)
  }
}

function helpOf(usage: string, description: string, options: Options): string {
  const rows = Object.entries(options).map(([name, { value, help }]) => [`  --${name}${value === undefined ? '' : ` ${value}`}`, help] as const)
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 2
  const table = rows.map(([left, help]) => left.padEnd(width) + help.replaceAll('\n', `\n${' '.repeat(width)}`))
  return [
    `usage: streamjob ${usage}${rows.length === 0 ? '' : ' [OPTIONS]'}`,
    '',
    description,
    ...(rows.length === 0 ? [] : ['', ...table]),
    '',
  ].join('\n')
}
