/**
 * What a job of several stages comes to in the end: partition after partition of its input is taken as a whole, then everything that is sent, window by
 * window. There are no tasks, no markers and no order between partitions in this.
 */
import type { ModelInput, StageRecord, WholeResults } from '../../runtime/testing/simulation/job.ts'
import { PlainTime, valueOf } from './input.ts'
import { leaving, taskModel } from './stage-models.ts'
import type { Sending, StageModel, Windowing } from './stage-models.ts'
import { startsOf } from './window-model.ts'

interface Passed {
  readonly sent: readonly StageRecord[]
  /** That everything after it has come to. */
  readonly watermark: number
}

/** `late`: values that were late behind the first stage. Those that must not be are punctual. */
export function wholeOf(stages: readonly StageModel[], input: readonly (readonly ModelInput[])[], late: ReadonlySet<string>): WholeResults {
  const [first, ...later] = stages as readonly [StageModel, ...Windowing<never>[]]
  const partitions = input.map((records) => passedThrough(first, records))
  let passed: Passed = {
    sent: partitions.flatMap(({ sent }) => sent),
    watermark: Math.min(...partitions.map(({ watermark }) => watermark)),
  }
  const results = new Map<string, readonly string[]>()
  const [second] = later
  const tardy = first.kind === 'sending' && second !== undefined ? input.flatMap((records) => tardyOf(first, second, records)) : []
  const punctual = new Set(passed.sent.map(({ value }) => value)).difference(new Set(tardy))
  for (const stage of later) {
    const sent: StageRecord[] = []
    for (const { key, start, values } of closedWindows(stage, passed, late)) {
      const output = leaving(stage, key, start, values)
      if (output.to === 'stage') sent.push(output)
      else results.set(key, [...(results.get(key) ?? []), output.value])
    }
    for (const { value } of sent) punctual.add(value)
    passed = { sent, watermark: passed.watermark - stage.lateness }
  }
  return { results, punctual }
}

/** Within a partition there is an order, and a first stage goes by it. */
function passedThrough(stage: StageModel, records: readonly ModelInput[]): Passed {
  const model = taskModel(stage)
  const sent = records.flatMap((record) => model.advance(record)).filter((output) => output.to === 'stage')
  return { sent, watermark: model.promised ?? -Infinity }
}

/** What is so late in its own partition already that its window may have closed. */
function tardyOf({ bound, sent }: Sending, { size, slide, lateness }: Windowing<never>, records: readonly ModelInput[]): readonly string[] {
  const time = new PlainTime(bound)
  return records.flatMap((record) => {
    const value = valueOf(record)
    if (value === null) return []
    const closed = startsOf(value.at, { size, slide }).every((start) => time.watermark >= start + size - 1 + lateness)
    time.accept(value.at)
    const next = sent(value, record)
    return closed && next !== null ? [JSON.stringify(next.value)] : []
  })
}

function closedWindows(
  { size, slide, lateness }: Windowing<never>,
  { sent, watermark }: Passed,
  late: ReadonlySet<string>,
): readonly { readonly key: string; readonly start: number; readonly values: readonly unknown[] }[] {
  const windows = new Map<string, { readonly key: string; readonly start: number; readonly values: unknown[] }>()
  for (const { key, value, timestamp } of sent) {
    if (late.has(value)) continue
    for (const start of startsOf(timestamp, { size, slide })) {
      const window = windows.get(`${start} ${key}`) ?? { key, start, values: [] }
      windows.set(`${start} ${key}`, window)
      window.values.push(JSON.parse(value))
    }
  }
  return [...windows.values()].filter(({ start }) => watermark >= start + size - 1 + lateness).toSorted((a, b) => a.start - b.start)
}
