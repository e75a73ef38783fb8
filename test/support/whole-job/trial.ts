/** A program as a whole job on virtual brokers, whose workers are cut off again and again. */
import type { Plan } from '../../../runtime/plan/nodes.ts'
import type { PrintedRecord } from '../../e2e/oracle.ts'
import { virtualGround } from './ground.ts'
import { WholeJob } from './whole-job.ts'
import type { SentRecord } from './whole-job.ts'

export interface Trial {
  readonly plan: Plan
  readonly records: readonly SentRecord[]
  readonly partitions: number
  readonly parallelism: number
  /** In how many parts the records are sent, with a crash behind each. */
  readonly parts: number
  /** How long nothing is sent between them; ms of virtual time. @default 0 */
  readonly pauseMs?: number
}

export interface TrialOutput {
  readonly results: readonly PrintedRecord[]
  /** Late records and dead letters. */
  readonly dropped: readonly PrintedRecord[]
}

/** What comes out when every window has closed. */
export async function tried({ plan, records, partitions, parallelism, parts, pauseMs = 0 }: Trial): Promise<TrialOutput> {
  const ground = virtualGround(parallelism)
  return ground.run(async () => {
    await using job = await new WholeJob(ground, { plan, name: 'trial', partitions }).start(parallelism)
    const size = Math.ceil(records.length / parts)
    for (let from = 0; from < records.length; from += size) {
      await job.send(records.slice(from, from + size))
      await job.crash()
      await ground.timing.sleep(pauseMs)
    }
    await job.settle()
    await job.end()
    return { results: await job.read(job.output), dropped: [...(await job.read(job.late)), ...(await job.read(job.deadLetters))] }
  })
}

/** One row of an output: key, value, timestamp. */
export type Row = readonly [key: string | null, value: unknown, timestamp: number]

/** Rows by key, or by partition where they have none, each in the order in which they come: what may not change. */
export function lanesOf(partitions: readonly (readonly Row[])[]): ReadonlyMap<string, readonly unknown[]> {
  const named = partitions.flatMap((rows, partition) =>
    rows.map(([key, value, timestamp]) => ({ lane: key ?? `without key, partition ${partition}`, row: [value, timestamp] })),
  )
  const lanes = Map.groupBy(named, ({ lane }) => lane)
  return new Map([...lanes].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([lane, all]) => [lane, all.map(({ row }) => row)]))
}

/** The records of an output by partition. */
export function rowsOf(records: readonly PrintedRecord[], partitions: number): readonly (readonly Row[])[] {
  return Array.from({ length: partitions }, (_, partition) =>
    records
      .filter((record) => record.partition === partition)
      .map(({ key, value, timestamp }): Row => [key, value === null ? null : JSON.parse(value), timestamp]),
  )
}
