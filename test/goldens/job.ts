/** Carries a golden out as a whole job, with an interruption at each of its marks. */
import type { ExecutionContext } from 'ava'
import { header } from '../../runtime/worker/tasks/outputs.ts'
import type { Ground } from '../support/whole-job/ground.ts'
import type { Plan } from '../../runtime/plan/nodes.ts'
import { WholeJob } from '../support/whole-job/whole-job.ts'
import { byKey, isRecord, outputsOf, planOf } from './golden.ts'
import type { Golden, GoldenResult } from './golden.ts'

/** What happens at a mark; the parallelism is that of the beginning. */
export const interruptions = {
  'a crash': (job: WholeJob): Promise<void> => job.crash(),
  'a commit and a crash': async (job: WholeJob): Promise<void> => {
    await job.settle()
    await job.crash()
  },
  'a restart': (job: WholeJob): Promise<void> => job.restart(),
  'a change of the number of workers': (job: WholeJob, parallelism: number, mark: number): Promise<void> => job.scale(1 + ((parallelism + mark) % 3)),
} as const

export type Interruption = keyof typeof interruptions

export interface Performance {
  readonly ground: Ground
  /** Unique on the ground. */
  readonly name: string
  readonly parallelism: number
  readonly interrupt: (job: WholeJob, parallelism: number, mark: number) => Promise<void>
}

/** Asserts that the output is that of the golden. */
export async function perform(t: ExecutionContext, golden: Golden, { ground, name, parallelism, interrupt }: Performance): Promise<void> {
  const { partitions, clock } = golden
  const plan = await planOf(golden)
  await using job = await new WholeJob(ground, { plan, name, partitions, clock: () => clock }).start(parallelism)
  let marks = 0
  for (const block of blocksOf(golden)) {
    await job.send(block.filter(isRecord).map(([key, value, timestamp = 0, partition]) => ({ key, value, timestamp, partition })))
    const place = block.at(-1)
    if (place === undefined || isRecord(place)) continue
    if (place === '---') await interrupt(job, parallelism, marks++)
    else {
      await job.settle()
      // What a partition that goes idle lets go comes a while later.
      await job.resulted(place.settled)
      t.is((await job.read(job.output)).length, place.settled)
    }
  }
  await job.settle()
  if (golden.end) await job.end()
  await compare(t, golden, plan, job)
}

/** Records up to each mark, with it; then the rest. */
function blocksOf({ input }: Golden): readonly Golden['input'][] {
  const blocks: Golden['input'][] = [[]]
  for (const item of input) {
    blocks.at(-1)?.push(item)
    if (!isRecord(item)) blocks.push([])
  }
  return blocks
}

async function compare(t: ExecutionContext, golden: Golden, plan: Plan, job: WholeJob): Promise<void> {
  for (const [topic, expected] of outputsOf(golden, plan)) {
    const results = (await job.read(job.topic(topic))).map(({ key, value, timestamp }): GoldenResult => [key, parsed(value), timestamp])
    t.deepEqual(byKey(results), byKey(expected), topic)
  }
  const late = (await job.read(job.late)).map(({ value, headers }) => [
    offsetOf(headers, job),
    parsed(value),
    ...[header.windowStart, header.windowEnd, header.watermark].map((name) => Number(headers[name])),
  ])
  t.deepEqual(inOrder(late), inOrder(golden.late))
  const dead = (await job.read(job.deadLetters)).map(
    ({ headers }) => [offsetOf(headers, job), headers[header.reason], headers[header.message]] as const,
  )
  const found = inOrder(dead)
  const expected = inOrder(golden.dead)
  t.deepEqual(
    found.map(([offset, reason]) => [offset, reason]),
    expected.map(([offset, reason]) => [offset, reason]),
  )
  for (const [i, [, , message = '']] of found.entries()) t.true(message.includes(expected[i]![2]), message)
}

/** -1: it is no record of the source. */
function offsetOf(headers: Readonly<Record<string, string>>, job: WholeJob): number {
  return headers[header.topic] === job.input ? Number(headers[header.offset] ?? -1) : -1
}

function parsed(value: string | null): unknown {
  return value === null ? null : JSON.parse(value)
}

function inOrder<T>(rows: readonly T[]): readonly T[] {
  return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
