import test from 'ava'
import fc from 'fast-check'
import type { Aggregate } from '../../../../runtime/plan/nodes.ts'
import type { OracleEmission, OracleFiring } from '../../../support/emission-oracle.ts'
import { interrupt, interruptions, wandering } from '../../../support/interruptions.ts'
import { sessionEmissionOracle } from '../../../support/session-emission-oracle.ts'
import type { OracleSessions } from '../../../support/session-oracle.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { eventTime, keyBy, schemaOf, session, stageOf } from '../../../support/stages.ts'
import type { OracleRecord } from '../../../support/window-oracle.ts'

const numbers: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' }, total: { kind: 'sum', field: 'amount' } }
const summaries: Readonly<Record<string, Aggregate>> = { ...numbers, all: { kind: 'collect', field: 'amount', limit: 100 } }

type Sum = Omit<OracleFiring, 'amounts'>

interface Job {
  readonly records: readonly OracleRecord[]
  readonly shape: OracleSessions
  readonly emission: OracleEmission
  readonly bound: number
  readonly fields: Readonly<Record<string, Aggregate>>
  readonly sliceBytes: number
  readonly flush: boolean
}

const emissions: fc.Arbitrary<OracleEmission> = fc.oneof(
  fc.record({ then: fc.constant('updates' as const), early: fc.option(fc.integer({ min: 1, max: 20 })) }),
  fc.record({ then: fc.constant('final' as const), early: fc.integer({ min: 1, max: 20 }) }),
)

/** Over several chunks, which are 64 gaps long. */
const paces = fc.oneof({ weight: 5, arbitrary: fc.nat(9) }, { weight: 1, arbitrary: fc.nat(70) })

const jobs = fc.record({
  records: wandering(['a', 'b', 'ö'], paces, 80),
  shape: fc.record({ gap: fc.integer({ min: 1, max: 12 }), lateness: fc.nat(30) }),
  emission: emissions,
  bound: fc.nat(40),
  fields: fc.constantFrom(numbers, summaries),
  sliceBytes: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constant(1 << 20)),
  flush: fc.boolean(),
})

function runOf({ records, shape, emission, bound, fields, sliceBytes }: Job): StageRun {
  const emit = { then: emission.then, earlyMs: emission.early }
  const stage = stageOf([eventTime('at', bound), keyBy('k'), session('s', shape.gap, fields, shape.lateness, emit)], {
    schema: schemaOf({ k: 'string', at: 'timestamp', amount: 'integer?' }),
  })
  const input = records.map(({ key, timestamp, amount }) => ({ key, value: { k: key, at: timestamp, ...(amount !== null && { amount }) } }))
  return new StageRun(stage, input, { sliceBytes })
}

/** The firings of each key, in their order: what neither slices nor crashes may change. */
function byKey(firings: readonly Sum[]): ReadonlyMap<string, readonly Sum[]> {
  return new Map([...Map.groupBy(firings, ({ key }) => key)].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** What is collected must be what was added up. */
function firingsOf(run: StageRun): readonly Sum[] {
  return run.results.map(({ value }) => {
    // The aggregates above make them.
    const { all, ...firing } = value as Sum & { readonly all?: readonly number[] }
    return all === undefined ? firing : { ...firing, total: all.length === 0 ? null : all.reduce((sum, amount) => sum + amount, 0) }
  })
}

function expected({ records, shape, emission, bound, flush }: Job): { readonly firings: readonly Sum[]; readonly late: readonly number[] } {
  const { firings, late } = sessionEmissionOracle(records, shape, emission, bound, flush)
  return { firings: firings.map(({ amounts: _amounts, ...firing }) => firing), late }
}

test('early, on-time, late and final firings of sessions, and late records, are those of the plain model, whatever the input', (t) => {
  fc.assert(
    fc.property(jobs, (job) => {
      const run = runOf(job).process()
      if (job.flush) run.endOfInput()
      const { firings, late } = expected(job)
      t.deepEqual(byKey(firingsOf(run)), byKey(firings))
      t.deepEqual(
        run.late.map(({ offset }) => offset),
        late,
      )
      if (job.flush) t.is(run.store.rows, 0)
    }),
    { numRuns: 500 },
  )
})

test('slices, commits, lost transactions and crashes anywhere, half done firings and closings included, change the sequence of no key', (t) => {
  fc.assert(
    fc.property(jobs, interruptions, (job, between) => {
      const run = runOf(job)
      interrupt(run, between)
      run.process()
      if (job.flush) run.endOfInput()
      run.commit()
      const { firings, late } = expected(job)
      t.deepEqual(byKey(firingsOf(run)), byKey(firings))
      t.deepEqual(
        run.late.map(({ offset }) => offset),
        late,
      )
      if (job.flush) t.is(run.store.rows, 0)
    }),
    { numRuns: 500 },
  )
})
