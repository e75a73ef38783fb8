import test from 'ava'
import type { WindowSpec } from '../../../../runtime/plan/nodes.ts'
import type { TestRecord } from '../../../support/blocks.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, keyBy, schemaOf, sliding, stageOf, tumbling } from '../../../support/stages.ts'

/** More than a batch of results has, and no multiple of it. */
const many = 1_000

/** A record of each key within the first ten milliseconds, then one of key 0 at each of these times. */
function input(...later: readonly number[]): readonly TestRecord[] {
  const first = Array.from({ length: many }, (_, i) => ({ key: String(i), value: { k: String(i), at: i % 10 } }))
  return [...first, ...later.map((at) => ({ key: '0', value: { k: '0', at } }))]
}

function runOf(window: WindowSpec, records: readonly TestRecord[], sliceBytes: number): StageRun {
  const steps = [eventTime('at', 10), keyBy(), aggregate('w', window, { n: { kind: 'count' } })]
  return new StageRun(stageOf(steps, { schema: schemaOf({ k: 'string', at: 'timestamp' }) }), records, { sliceBytes })
}

/** How often each key but 0 has fired. */
function timesOf(run: StageRun): readonly number[] {
  const times = new Map([...Map.groupBy(run.results, ({ key }) => key)].map(([key, results]) => [key, results.length]))
  return [...new Set(Array.from({ length: many - 1 }, (_, i) => times.get(String(i + 1)) ?? 0))]
}

const cases: readonly (readonly [title: string, window: WindowSpec, times: number])[] = [
  ['on time', tumbling(10, { emit: { then: 'updates', earlyMs: null }, lateness: 50 }), 1],
  ['early and at the end', tumbling(30, { emit: { then: 'final', earlyMs: 20 } }), 2],
  ['of a global window', { kind: 'global', trigger: { kind: 'every', everyMs: 20 }, purge: false }, 1],
  ['of a global window that begins anew', { kind: 'global', trigger: { kind: 'every', everyMs: 20 }, purge: true }, 1],
  ['of windows in panes', sliding(20, 5), 4],
]

for (const [title, window, times] of cases) {
  for (const sliceBytes of [700, 1 << 20]) {
    test(`a firing of many keys, ${title}, gives each its result once, in slices of ${sliceBytes} bytes, with a crash in the middle`, (t) => {
      const made = runOf(window, input(31, 41, 61, 81), sliceBytes)
      let crashes = 0
      for (let slices = 1; made.position < many + 4 || made.stage.closing; slices++) {
        made.slice(50)
        if (slices % 37 > 0) continue
        made.commit()
        made.slice(50)
        if (crashes++ < 3) made.crash()
      }
      t.deepEqual(timesOf(made), [times])
    })
  }
}
