import test from 'ava'
import fc from 'fast-check'
import type { Aggregate } from '../../../../runtime/plan/nodes.ts'
import { emissionOracle } from '../../../support/emission-oracle.ts'
import type { OracleEmission, OracleFiring } from '../../../support/emission-oracle.ts'
import { interrupt, interruptions, wandering } from '../../../support/interruptions.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, keyBy, schemaOf, sliding, stageOf } from '../../../support/stages.ts'
import type { OracleRecord, OracleWindow } from '../../../support/window-oracle.ts'

const numbers: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' }, total: { kind: 'sum', field: 'amount' } }
const summaries: Readonly<Record<string, Aggregate>> = { ...numbers, any: { kind: 'last', field: 'k' } }

const windows = fc
  .record({ slide: fc.integer({ min: 1, max: 12 }), extra: fc.integer({ min: 0, max: 25 }), offset: fc.nat(11), lateness: fc.nat(30) })
  .map(({ slide, extra, offset, lateness }): OracleWindow => ({ slide, size: slide + extra, offset: offset % slide, lateness }))

const emissions: fc.Arbitrary<OracleEmission> = fc.record({
  then: fc.constantFrom('final', 'updates'),
  early: fc.option(fc.integer({ min: 1, max: 20 })),
})

const inputs = wandering(['a', 'b', 'ö'], fc.integer({ min: 0, max: 9 }), 60)

interface Job {
  readonly records: readonly OracleRecord[]
  readonly window: OracleWindow
  readonly emission: OracleEmission
  readonly bound: number
  readonly fields: Readonly<Record<string, Aggregate>>
  readonly sliceBytes: number
}

function runOf({ records, window, emission, bound, fields, sliceBytes }: Job): StageRun {
  const emit = { then: emission.then, earlyMs: emission.early }
  const spec = sliding(window.size, window.slide, { offset: window.offset, lateness: window.lateness, emit })
  const stage = stageOf([eventTime('at', bound), keyBy('k'), aggregate('totals', spec, fields)], {
    schema: schemaOf({ k: 'string', at: 'timestamp', amount: 'integer?' }),
  })
  const input = records.map(({ key, timestamp, amount }) => ({ key, value: { k: key, at: timestamp, ...(amount !== null && { amount }) } }))
  return new StageRun(stage, input, { sliceBytes })
}

type Sum = Omit<OracleFiring, 'amounts'>

/** The firings of each key, in their order: what neither slices nor crashes may change. */
function byKey(firings: readonly Sum[]): ReadonlyMap<string, readonly Sum[]> {
  return new Map([...Map.groupBy(firings, ({ key }) => key)].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function firingsOf(run: StageRun): readonly Sum[] {
  return run.results.map(({ value }) => {
    // The aggregates above make them.
    const { any: _any, ...firing } = value as Sum & { readonly any?: string }
    return firing
  })
}

function expectedOf({ records, window, emission, bound }: Job): readonly Sum[] {
  return emissionOracle(records, window, emission, bound).map(({ amounts: _amounts, ...firing }) => firing)
}

const jobs = fc.record({
  records: inputs,
  window: windows,
  emission: emissions,
  bound: fc.nat(12),
  fields: fc.constantFrom(numbers, summaries),
  sliceBytes: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constant(1 << 20)),
})

test('early, on-time, late and final firings are those of the plain model, whatever the input', (t) => {
  fc.assert(
    fc.property(jobs, (job) => {
      const run = runOf(job).process().endOfInput()
      t.deepEqual(byKey(firingsOf(run)), byKey(expectedOf(job)))
      t.is(run.store.rows, 0)
    }),
    { numRuns: 400 },
  )
})

test('slices, commits, lost transactions and crashes anywhere, half done firings included, change the sequence of no key', (t) => {
  fc.assert(
    fc.property(jobs, interruptions, (job, between) => {
      const run = runOf(job)
      interrupt(run, between)
      run.process().endOfInput().commit()
      t.deepEqual(byKey(firingsOf(run)), byKey(expectedOf(job)))
    }),
    { numRuns: 400 },
  )
})
