import test from 'ava'
import fc from 'fast-check'
import type { Aggregate } from '../../../runtime/plan/nodes.ts'
import { interrupt, interruptions, wandering } from '../../support/interruptions.ts'
import { StageRun } from '../../support/stage-run.ts'
import type { MadeResult } from '../../support/stage-run.ts'
import { aggregate, eventTime, keyBy, schemaOf, stageOf } from '../../support/stages.ts'
import { windowOracle } from '../../support/window-oracle.ts'
import type { OracleRecord, OracleResult, OracleWindow } from '../../support/window-oracle.ts'

const fields: Readonly<Record<string, Aggregate>> = {
  n: { kind: 'count' },
  total: { kind: 'sum', field: 'amount' },
  low: { kind: 'min', field: 'amount' },
  high: { kind: 'max', field: 'amount' },
  mean: { kind: 'avg', field: 'amount' },
}

const windows = fc
  .record({ slide: fc.integer({ min: 1, max: 12 }), extra: fc.integer({ min: 0, max: 25 }), offset: fc.nat(11), lateness: fc.nat(15) })
  .map(({ slide, extra, offset, lateness }): OracleWindow => ({ slide, size: slide + extra, offset: offset % slide, lateness }))

const inputs = wandering(['a', 'b', 'ö', ''], fc.integer({ min: 0, max: 9 }), 60)

function runOf(records: readonly OracleRecord[], window: OracleWindow, bound: number, sliceBytes: number): StageRun {
  const stage = stageOf(
    [
      eventTime('at', bound),
      keyBy('k'),
      aggregate(
        'totals',
        { kind: 'sliding', sizeMs: window.size, slideMs: window.slide, offsetMs: window.offset, latenessMs: window.lateness },
        fields,
      ),
    ],
    { schema: schemaOf({ k: 'string', at: 'timestamp', amount: 'integer?' }) },
  )
  const input = records.map(({ key, timestamp, amount }) => ({ key, value: { k: key, at: timestamp, ...(amount !== null && { amount }) } }))
  return new StageRun(stage, input, { sliceBytes })
}

/** Windows in order, keys in a fixed order. */
function sorted(results: readonly OracleResult[]): readonly OracleResult[] {
  return results.toSorted((a, b) => a.windowEnd - b.windowEnd || (a.key < b.key ? -1 : 1))
}

function resultsOf(made: readonly MadeResult[]): readonly OracleResult[] {
  // The aggregate above makes them.
  return made.map(({ value }) => value as OracleResult)
}

test('windowed aggregates and late records are those of the plain model, whatever the input', (t) => {
  fc.assert(
    fc.property(inputs, windows, fc.nat(12), fc.boolean(), (records, window, bound, flush) => {
      const run = runOf(records, window, bound, 1 << 20).process()
      if (flush) run.endOfInput()
      const expected = windowOracle(records, window, bound, flush)
      t.deepEqual(sorted(resultsOf(run.results)), sorted(expected.results))
      t.deepEqual(
        run.late.map((late) => ({ index: late.offset, windowStart: late.window[0] })),
        expected.late,
      )
      t.deepEqual(run.dead, [])
    }),
    { numRuns: 400 },
  )
})

test('windows close in the order of their ends, each result at the last millisecond of its window, under the key of its records', (t) => {
  fc.assert(
    fc.property(inputs, windows, fc.nat(12), (records, window, bound) => {
      const made = runOf(records, window, bound, 1 << 20)
        .process()
        .endOfInput().results
      for (const [i, { key, timestamp, value }] of made.entries()) {
        const result = resultsOf(made)[i]!
        t.is(timestamp, result.windowEnd - 1)
        t.is(key, result.key)
        t.true(i === 0 || timestamp >= made[i - 1]!.timestamp, JSON.stringify(value))
      }
    }),
  )
})

test('slices, commits, lost transactions and crashes anywhere, half closed windows included, change nothing', (t) => {
  fc.assert(
    fc.property(inputs, windows, fc.nat(12), fc.integer({ min: 1, max: 400 }), interruptions, (records, window, bound, sliceBytes, between) => {
      const run = runOf(records, window, bound, sliceBytes)
      interrupt(run, between)
      run.process().endOfInput().commit()
      const expected = windowOracle(records, window, bound, true)
      t.deepEqual(sorted(resultsOf(run.results)), sorted(expected.results))
      t.deepEqual(
        run.late.map((late) => late.offset),
        expected.late.map((late) => late.index),
      )
    }),
    { numRuns: 400 },
  )
})
