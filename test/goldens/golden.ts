/** Goldens as they are written down: README.md says what stands in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { parseSteps } from '../../runtime/dsl/steps.ts'
import type { Plan } from '../../runtime/plan/nodes.ts'

export const mark = '---'

const InputRecord = z.tuple([z.string().nullable(), z.unknown()]).rest(z.number())
const Settled = z.strictObject({ settled: z.number() })

const Result = z.tuple([z.string().nullable(), z.unknown(), z.number()])

const Golden = z.strictObject({
  title: z.string(),
  program: z.union([z.string(), z.array(z.unknown())]),
  clock: z.number().default(0),
  partitions: z.number().default(1),
  input: z.array(z.union([z.literal(mark), Settled, InputRecord])).default([]),
  end: z.boolean().default(false),
  results: z.array(Result).default([]),
  outputs: z.record(z.string(), z.array(Result)).optional(),
  late: z.array(z.tuple([z.number(), z.unknown(), z.number(), z.number(), z.number()])).default([]),
  dead: z.array(z.tuple([z.number(), z.string(), z.string()])).default([]),
  refused: z.array(z.tuple([z.string(), z.string()])).default([]),
})
export type Golden = z.infer<typeof Golden>
export type GoldenItem = Golden['input'][number]
export type GoldenResult = Golden['results'][number]

const all = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file.replace('.json', ''), Golden.parse(JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')))] as const)

/** Goldens of programs that run, by their name. */
export const goldens: ReadonlyMap<string, Golden> = new Map(all.filter(([, { refused }]) => refused.length === 0))

/** Those of programs that are refused. */
export const refusals: ReadonlyMap<string, Golden> = new Map(all.filter(([, { refused }]) => refused.length > 0))

export async function planOf({ program }: Golden): Promise<Plan> {
  // A job module's default export is its plan.
  return typeof program === 'string' ? ((await import(`../${program}`)) as { default: Plan }).default : parseSteps(program)
}

/** What must be in each output, by topic. */
export function outputsOf({ results, outputs }: Golden, { nodes }: Plan): ReadonlyMap<string, readonly GoldenResult[]> {
  if (outputs !== undefined) return new Map(Object.entries(outputs))
  return new Map(nodes.flatMap((node) => (node.kind === 'sink' ? [[node.topic, results]] : [])))
}

/** Whether an item of the input is a record. */
export function isRecord(item: GoldenItem): item is z.infer<typeof InputRecord> {
  return Array.isArray(item)
}

/** The sequence of each key: what interruptions may not change. */
export function byKey(results: readonly GoldenResult[]): ReadonlyMap<string | null, readonly unknown[]> {
  return new Map([...Map.groupBy(results, ([key]) => key)].toSorted(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1)))
}
