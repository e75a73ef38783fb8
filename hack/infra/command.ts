import { MissingComponent } from './machine/missing.ts'
import { say } from './progress.ts'
import { CommandFailed } from './machine/shell.ts'

/** One verb of a command: gets the words behind it. */
export type Verb = (args: readonly string[]) => Promise<void>

/** Runs the verb that the first word names. Without or with another one: prints the usage and exits 2. */
export async function runCommand(usage: string, verbs: Readonly<Record<string, Verb>>): Promise<void> {
  const [name = '', ...args] = process.argv.slice(2)
  const verb = verbs[name]
  if (!verb) {
    say(usage)
    process.exitCode = 2
    return
  }
  await runMain(() => verb(args))
}

/** Runs a command's main function. What cannot be had here ends with exit code 2, another failure with 1; neither shows a stack. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    say(explain(error))
    process.exitCode = error instanceof MissingComponent ? 2 : 1
  }
}

/** A failure for the user: a stack only where the message does not say it. */
export function explain(error: unknown): string {
  if (error instanceof MissingComponent || error instanceof CommandFailed) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
