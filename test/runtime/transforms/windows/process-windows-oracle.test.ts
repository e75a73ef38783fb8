import test from 'ava'
import fc from 'fast-check'
import { emissionOracle, type OracleEmission } from '../../../support/emission-oracle.ts'
import { interrupt, interruptions, wandering } from '../../../support/interruptions.ts'
import { sessionOracle } from '../../../support/session-oracle.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { eventTime, keyBy, schemaOf, sessionProcess, sliding, stageOf, windowProcess } from '../../../support/stages.ts'
import type { Step } from '../../../support/stages.ts'
import type { OracleRecord, OracleWindow } from '../../../support/window-oracle.ts'

/** A window as its function has emitted it, in two parts so that they must stay together. */
interface Listed {
  readonly key: string
  readonly windowStart: number
  readonly windowEnd: number
  readonly firing?: string
  readonly amounts: readonly (number | null)[]
}

const onWindow: Parameters<typeof windowProcess>[2] = (values: Iterable<{ amount: number | null }>, { emit, ...bounds }) => {
  const amounts = Array.from(values, ({ amount }) => amount)
  emit({ ...bounds, amounts })
  emit({ ...bounds, amounts: amounts.length })
}

interface Job {
  readonly records: readonly OracleRecord[]
  readonly bound: number
  readonly sliceBytes: number
}

const jobs = {
  // Each amount occurs once, so that their order can be seen.
  records: wandering(['a', 'b', 'ö'], fc.integer({ min: 0, max: 9 }), 60).map((all) => all.map((record, amount) => ({ ...record, amount }))),
  bound: fc.nat(12),
  sliceBytes: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constant(1 << 20)),
}

function runOf({ records, bound, sliceBytes }: Job, step: Step): StageRun {
  const stage = stageOf([eventTime('at', bound), keyBy('k'), step], { schema: schemaOf({ k: 'string', at: 'timestamp', amount: 'integer?' }) })
  const input = records.map(({ key, timestamp, amount }) => ({ key, value: { k: key, at: timestamp, amount } }))
  return new StageRun(stage, input, { sliceBytes })
}

/** What was emitted for each key, in its order: what neither slices nor crashes may change. */
function byKey(values: readonly unknown[]): ReadonlyMap<string, readonly unknown[]> {
  // All of them bear a key.
  const keyed = values as readonly { readonly key: string }[]
  return new Map([...Map.groupBy(keyed, ({ key }) => key)].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function emitted(windows: readonly Listed[]): readonly unknown[] {
  return windows.flatMap((window) => [window, { ...window, amounts: window.amounts.length }])
}

const alignedJobs = fc.record({
  ...jobs,
  window: fc
    .record({ slide: fc.integer({ min: 1, max: 12 }), extra: fc.integer({ min: 0, max: 25 }), offset: fc.nat(11), lateness: fc.nat(30) })
    .map(({ slide, extra, offset, lateness }): OracleWindow => ({ slide, size: slide + extra, offset: offset % slide, lateness })),
  // Null: the window says nothing of when it gives results.
  emission: fc.option(
    fc.record({
      then: fc.constantFrom('final', 'updates'),
      early: fc.option(fc.integer({ min: 1, max: 20 })),
    }) satisfies fc.Arbitrary<OracleEmission>,
  ),
})

test('the function of a window in time gets the values of the plain model in their order at each firing, whatever happens in between', (t) => {
  fc.assert(
    fc.property(alignedJobs, interruptions, ({ window, emission, ...job }, between) => {
      const options = { offset: window.offset, lateness: window.lateness }
      const emit = emission === null ? {} : { emit: { then: emission.then, earlyMs: emission.early } }
      const run = runOf(job, windowProcess('w', sliding(window.size, window.slide, { ...options, ...emit }), onWindow))
      interrupt(run, between)
      run.process().endOfInput().commit()
      const firings = emissionOracle(job.records, window, emission ?? { then: 'final', early: null }, job.bound)
      const expected = firings.map(({ key, windowStart, windowEnd, firing, amounts }): Listed => ({
        key,
        windowStart,
        windowEnd,
        ...(emission !== null && { firing }),
        amounts,
      }))
      t.deepEqual(byKey(run.results.map(({ value }) => value)), byKey(emitted(expected)))
      t.deepEqual(run.dead, [])
      t.is(run.store.rows, 0)
    }),
    { numRuns: 400 },
  )
})

test('the function of a session gets all values of that, whatever happens in between', (t) => {
  const sessions = fc.record({ ...jobs, gap: fc.integer({ min: 1, max: 15 }), lateness: fc.nat(20) })
  fc.assert(
    fc.property(sessions, interruptions, ({ gap, lateness, ...job }, between) => {
      const run = runOf(job, sessionProcess('w', gap, onWindow, lateness))
      interrupt(run, between)
      run.process().endOfInput().commit()
      // Where parts were joined, the order is theirs, and not that of arrival.
      const inOrder = (value: unknown): unknown => {
        const listed = value as Listed
        return Array.isArray(listed.amounts) ? { ...listed, amounts: listed.amounts.toSorted((a, b) => a - b) } : listed
      }
      const { results } = sessionOracle(job.records, { gap, lateness }, job.bound, true)
      t.deepEqual(byKey(run.results.map(({ value }) => inOrder(value))), byKey(emitted(results).map(inOrder)))
      t.is(run.store.rows, 0)
    }),
    { numRuns: 300 },
  )
})
