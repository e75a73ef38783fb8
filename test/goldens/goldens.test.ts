/** Goldens of one stage and one partition, without a worker: every place of every interruption. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { Plan, Stage } from '../../runtime/plan/nodes.ts'
import { problemsOf } from '../../runtime/plan/problems.ts'
import { stagesOf } from '../../runtime/plan/structure/stages.ts'
import { StageRun } from '../support/stage-run.ts'
import type { MadeResult } from '../support/stage-run.ts'
import { byKey, goldens, isRecord, outputsOf, planOf, refusals } from './golden.ts'
import type { Golden, GoldenResult } from './golden.ts'

const interruptions = {
  'no interruption': (): void => {},
  'a commit': (run: StageRun): void => void run.commit(),
  'a lost transaction': (run: StageRun): void => void run.rollback(),
  'a crash': (run: StageRun): void => void run.crash(),
  'a commit and a lost transaction': (run: StageRun): void => void run.commit().rollback(),
  'a commit and a crash': (run: StageRun): void => void run.commit().crash(),
} as const

const maxFutureTimestampMs = 3_600_000

for (const [name, golden] of goldens) {
  const plan = await planOf(golden)
  const stage = onlyStageOf(plan)
  if (stage === null || golden.partitions > 1) continue

  test(`${name}: ${golden.title}`, (t) => {
    const run = perform(stage, golden, { blockSize: Infinity, sliceBytes: 1 << 20, interrupt: interruptions['no interruption'] })
    for (const [topic, expected] of outputsOf(golden, plan)) t.deepEqual(resultsOf(run, stage, topic), expected, topic)
    compareOthers(t, run, golden)
  })

  for (const [what, interrupt] of Object.entries(interruptions)) {
    test(`${name}: the output is the same in small blocks and slices, with ${what} at every mark`, (t) => {
      for (const blockSize of [1, 2, 3, Infinity]) {
        for (const sliceBytes of [1, 150, 1 << 20]) {
          const run = perform(stage, golden, { blockSize, sliceBytes, interrupt })
          for (const [topic, expected] of outputsOf(golden, plan)) t.deepEqual(byKey(resultsOf(run, stage, topic)), byKey(expected), topic)
          compareOthers(t, run, golden)
        }
      }
    })
  }
}

for (const [name, golden] of refusals) {
  test(`${name}: ${golden.title}`, async (t) => {
    const problems = problemsOf(await t.throwsAsync(planOf(golden))) ?? []
    t.deepEqual(
      problems.map(({ path }) => path),
      golden.refused.map(([path]) => path),
    )
    for (const [i, { message }] of problems.entries()) t.true(message.includes(golden.refused[i]![1]), message)
  })
}

interface Performance {
  readonly blockSize: number
  readonly sliceBytes: number
  readonly interrupt: (run: StageRun) => void
}

function perform(stage: Stage, golden: Golden, { blockSize, sliceBytes, interrupt }: Performance): StageRun {
  const records = golden.input.filter(isRecord).map(([key, value, timestamp = 0]) => ({ key, value, timestamp }))
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

/** Numbers of the records in front of which there is a mark of either kind. */
function marksOf({ input }: Golden): readonly number[] {
  let records = 0
  return input.flatMap((item) => (isRecord(item) ? (records++, []) : [records]))
}

/** Null: there are several. */
function onlyStageOf(plan: Plan): Stage | null {
  const [stage, ...more] = stagesOf(plan)
  return more.length > 0 ? null : (stage ?? null)
}

function resultsOf(run: StageRun, { sinks }: Stage, topic: string): readonly GoldenResult[] {
  const made = run.results.filter(({ sink: index = 0 }) => {
    const sink = sinks[index]
    return sink?.kind === 'sink' && sink.topic === topic
  })
  return made.map(({ key, value, timestamp }: MadeResult) => [key, value, timestamp])
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
