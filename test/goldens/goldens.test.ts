import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { z } from 'zod'
import { parseSteps } from '../../runtime/dsl/steps.ts'
import type { Plan, Stage } from '../../runtime/plan/nodes.ts'
import { stagesOf } from '../../runtime/plan/stages.ts'
import { StageRun } from '../support/stage-run.ts'
import type { MadeResult } from '../support/stage-run.ts'

const mark = '---'

const Golden = z.strictObject({
  title: z.string(),
  program: z.union([z.string(), z.array(z.unknown())]),
  clock: z.number().default(0),
  input: z.array(z.union([z.literal(mark), z.tuple([z.string().nullable(), z.unknown()]).rest(z.number())])),
  end: z.boolean().default(false),
  results: z.array(z.tuple([z.string().nullable(), z.unknown(), z.number()])),
  late: z.array(z.tuple([z.number(), z.unknown(), z.number(), z.number(), z.number()])).default([]),
  dead: z.array(z.tuple([z.number(), z.string(), z.string()])).default([]),
})
type Golden = z.infer<typeof Golden>

const interruptions = {
  'no interruption': (): void => {},
  'a commit': (run: StageRun): void => void run.commit(),
  'a lost transaction': (run: StageRun): void => void run.rollback(),
  'a crash': (run: StageRun): void => void run.crash(),
  'a commit and a lost transaction': (run: StageRun): void => void run.commit().rollback(),
  'a commit and a crash': (run: StageRun): void => void run.commit().crash(),
} as const

const maxFutureTimestampMs = 3_600_000

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'))) {
  const golden = Golden.parse(JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')))
  const name = file.replace('.json', '')

  test(`${name}: ${golden.title}`, async (t) => {
    const run = perform(await stageOf(golden), golden, { blockSize: Infinity, sliceBytes: 1 << 20, interrupt: interruptions['no interruption'] })
    t.deepEqual(resultsOf(run), golden.results)
    compareOthers(t, run, golden)
  })

  for (const [what, interrupt] of Object.entries(interruptions)) {
    test(`${name}: the output is the same in small blocks and slices, with ${what} at every mark`, async (t) => {
      const stage = await stageOf(golden)
      for (const blockSize of [1, 2, 3, Infinity]) {
        for (const sliceBytes of [1, 150, 1 << 20]) {
          const run = perform(stage, golden, { blockSize, sliceBytes, interrupt })
          t.deepEqual(byKey(resultsOf(run)), byKey(golden.results))
          compareOthers(t, run, golden)
        }
      }
    })
  }
}

interface Performance {
  readonly blockSize: number
  readonly sliceBytes: number
  readonly interrupt: (run: StageRun) => void
}

function perform(stage: Stage, golden: Golden, { blockSize, sliceBytes, interrupt }: Performance): StageRun {
  const records = golden.input.filter((one) => one !== mark).map(([key, value, timestamp = 0]) => ({ key, value, timestamp }))
  const run = new StageRun(stage, records, { clock: () => golden.clock, maxFutureTimestampMs, sliceBytes })
  for (const place of marksOf(golden)) {
    // Without settling: a window may be half closed when it happens.
    while (run.position < place) run.slice(Math.min(blockSize, place - run.position))
    interrupt(run)
  }
  while (run.position < records.length) run.slice(Math.min(blockSize, records.length - run.position))
  run.settle()
  if (golden.end) run.endOfInput()
  return run.commit()
}

/** Numbers of the records in front of which there is a mark. */
function marksOf({ input }: Golden): readonly number[] {
  let records = 0
  return input.flatMap((one) => (one === mark ? [records] : (records++, [])))
}

async function stageOf({ program }: Golden): Promise<Stage> {
  // A job module's default export is its plan.
  const plan = typeof program === 'string' ? ((await import(`../${program}`)) as { default: Plan }).default : parseSteps(program)
  const [stage] = stagesOf(plan)
  if (stage === undefined) throw new Error('the program has no stage')
  return stage
}

function resultsOf(run: StageRun): readonly Golden['results'][number][] {
  return run.results.map(({ key, value, timestamp }: MadeResult) => [key, value, timestamp])
}

function compareOthers(t: ExecutionContext, run: StageRun, golden: Golden): void {
  t.deepEqual(
    run.late.map(({ offset, value, window, watermark }) => [offset, value, ...window, watermark]),
    golden.late,
  )
  t.deepEqual(
    run.dead.map(({ offset, reason }) => [offset ?? -1, reason]),
    golden.dead.map(([offset, reason]) => [offset, reason]),
  )
  for (const [i, { message }] of run.dead.entries()) t.true(message.includes(golden.dead[i]![2]), message)
}

/** The sequence of each key: what interruptions may not change. */
function byKey(results: readonly Golden['results'][number][]): ReadonlyMap<string | null, readonly unknown[]> {
  return new Map([...Map.groupBy(results, ([key]) => key)].toSorted(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1)))
}
