/** Inputs and results of windows in a few letters. */
import type { TestRecord } from './blocks.ts'
import { StageRun } from './stage-run.ts'
import type { RunOptions } from './stage-run.ts'
import { schemaOf, stageOf } from './stages.ts'
import type { Step } from './stages.ts'

/** Of the records below: key `k`, event time `at`, a value `v` that may be absent. */
export const schema = schemaOf({ k: 'string', at: 'timestamp', v: 'number?' })

/** `a12`: key a, event time 12; `a12=5`: with value 5. */
export function records(...words: readonly string[]): readonly TestRecord[] {
  return words.map((word) => {
    const [, key = '', at, v] = /^([a-z]+)(\d+)(?:=(.+))?$/.exec(word)!
    return { key, value: { k: key, at: Number(at), ...(v !== undefined && { v: Number(v) }) } }
  })
}

/** Runs the records through the steps, up to what their watermark closes. */
export function run(steps: readonly Step[], input: readonly TestRecord[], options: RunOptions = {}): StageRun {
  return new StageRun(stageOf(steps, { schema }), input, options).process()
}

/** Results as `a[0,10)=2`. */
export function shown(made: StageRun, field = 'n'): readonly string[] {
  return made.results.map(({ value }) => {
    // Only results of windows are shown.
    const result = value as Record<string, unknown>
    return `${String(result['key'])}[${String(result['windowStart'])},${String(result['windowEnd'])})=${JSON.stringify(result[field])}`
  })
}
