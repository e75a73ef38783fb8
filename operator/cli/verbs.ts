/** The verbs of the command, each loaded when it is wanted. A new one is a file and a line here. */
import type { Verb } from './verb.ts'

export interface VerbEntry {
  readonly summary: string
  readonly load: () => Promise<Verb>
}

export const verbs: Readonly<Record<string, VerbEntry>> = {
  dev: { summary: 'run a job here, in one process', load: async () => (await import('./dev.ts')).dev },
  plan: { summary: 'print the stages, topics and state of a job', load: async () => (await import('./plan.ts')).plan },
}
