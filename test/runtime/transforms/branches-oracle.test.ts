import test from 'ava'
import fc from 'fast-check'
import { count, job, kafka, max, min, otherwise, sliding, state, stream, sum, avg, t as types, tumbling } from '../../../runtime/index.ts'
import type { Stage } from '../../../runtime/plan/nodes.ts'
import { stagesOf } from '../../../runtime/plan/structure/stages.ts'
import { interrupt, interruptions, wandering } from '../../support/interruptions.ts'
import { StageRun } from '../../support/stage-run.ts'
import type { MadeResult } from '../../support/stage-run.ts'
import { windowOracle } from '../../support/window-oracle.ts'
import type { OracleOutput, OracleRecord, OracleWindow } from '../../support/window-oracle.ts'

const Amount = types.object({ k: types.string, at: types.timestamp, amount: types.integer })
const fields = { n: count(), total: sum('amount'), low: min('amount'), high: max('amount'), mean: avg('amount') }
const bound = 5
const narrow: OracleWindow = { size: 10, slide: 10, offset: 0, lateness: 4 }
const wide: OracleWindow = { size: 25, slide: 5, offset: 0, lateness: 0 }

const isPoison = ({ amount }: { readonly amount: number | null }): boolean => amount === 13
const isPlus = ({ amount }: { readonly amount: number | null }): boolean => (amount ?? 0) > 0

/** Six outputs of one source: two windows, numbers by a process function, two copies, and what goes on to another stage. The last of them refuses some. */
function stage(): Stage {
  const all = stream.from(kafka({ topic: 'input', key: 'k', schema: Amount })).eventTime('at', { outOfOrderness: '5ms' })
  const keyed = all.keyBy('k')
  const { plus, rest } = keyed.split({ plus: isPlus, rest: otherwise })
  const numbered = plus.process('numbers', {
    state: { seen: state.value(types.integer, { initial: 0 }) },
    emits: types.object({ k: types.string, number: types.integer }),
    onRecord(_, { key, state: { seen }, emit }) {
      seen.update((n) => n + 1)
      emit({ k: key, number: seen.get() })
    },
  })
  const to = (topic: string): ReturnType<typeof kafka> => kafka({ topic })
  const refusing = all.map((value) => {
    if (isPoison(value)) throw new RangeError('poison')
    return value
  })
  const plan = job(
    keyed
      .window(tumbling('10ms', { lateness: '4ms' }))
      .aggregate('narrow', fields)
      .to(to('narrow')),
    plus.window(sliding('25ms', '5ms')).aggregate('wide', fields).to(to('wide')),
    numbered.to(to('numbers')),
    rest
      .window(tumbling('10ms', { lateness: '4ms' }))
      .aggregate('rest', fields)
      .to(to('rest')),
    numbered.merge(all.map(({ k, at }) => ({ k, number: at }))).to(to('merged')),
    refusing.to(to('copies')),
    refusing
      .keyBy('amount', { name: 'by-amount' })
      .process('last', { onRecord: () => {} })
      .to(to('last')),
  )
  return stagesOf(plan)[0]!
}

const inputs = wandering(['a', 'b', 'ö'], fc.integer({ min: 0, max: 9 }), 50).map((records) =>
  // Beside their own values some that fail; all have one, by which they are keyed anew.
  records.map((record, i) => ({ ...record, amount: i % 7 === 3 ? 13 : (record.amount ?? 0) })),
)

/** Of the records for which the function gives true; the others have their part in the watermark only. */
function windowOf(records: readonly OracleRecord[], window: OracleWindow, isIn: (record: OracleRecord) => boolean): OracleOutput {
  const { results, late } = windowOracle(
    records.map((record) => (isIn(record) ? record : { ...record, key: elsewhere })),
    window,
    bound,
    true,
  )
  return { results: results.filter(({ key }) => key !== elsewhere), late: late.filter(({ index }) => isIn(records[index]!)) }
}

const elsewhere = '-'

function sorted(results: readonly unknown[]): readonly unknown[] {
  return results.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

const valuesOf = (made: readonly MadeResult[]): readonly unknown[] => made.map(({ value }) => value)
const wholeOf = (made: readonly MadeResult[]): readonly unknown[] => made.map(({ key, value, timestamp }) => [key, value, timestamp])

test('branches give what each would give alone, and a record that fails in one leaves nothing in any, whatever interrupts them', (t) => {
  const plan = stage()
  const sinks = plan.sinks.map(({ uid }) => uid)
  t.deepEqual(sinks, ['sink-1', 'sink-2', 'sink-3', 'sink-4', 'sink-5', 'sink-6', 'by-amount'])
  fc.assert(
    fc.property(inputs, fc.integer({ min: 1, max: 400 }), interruptions, (records, sliceBytes, between) => {
      const input = records.map(({ key, timestamp, amount }) => ({ key, value: { k: key, at: timestamp, amount } }))
      const run = new StageRun(plan, input, { sliceBytes })
      interrupt(run, between)
      run.process().endOfInput().commit()

      const sound = records.filter((record) => !isPoison(record))
      const offsets = records.flatMap((record, offset) => (isPoison(record) ? [] : [offset]))
      const seen = new Map<string, number>()
      const numbers = sound.filter(isPlus).map(({ key, timestamp }) => {
        seen.set(key, (seen.get(key) ?? 0) + 1)
        return [key, { k: key, number: seen.get(key) }, timestamp]
      })
      const merged = sound.map(({ key, timestamp }) => [key, { k: key, number: timestamp }, timestamp])
      const copies = sound.map(({ key, timestamp, amount }) => [key, { k: key, at: timestamp, amount }, timestamp])
      const windows = [windowOf(sound, narrow, () => true), windowOf(sound, wide, isPlus), windowOf(sound, narrow, (record) => !isPlus(record))]

      for (const [i, sink] of [0, 1, 3].entries()) t.deepEqual(sorted(valuesOf(run.resultsIn(sink))), sorted(windows[i]!.results))
      t.deepEqual(wholeOf(run.resultsIn(2)), numbers)
      t.deepEqual(sorted(wholeOf(run.resultsIn(4))), sorted([...numbers, ...merged]))
      t.deepEqual(wholeOf(run.resultsIn(5)), copies)
      t.deepEqual(
        wholeOf(run.resultsIn(6)),
        sound.map(({ key, timestamp, amount }) => [String(amount), { k: key, at: timestamp, amount }, timestamp]),
      )
      for (const [i, uid] of ['narrow', 'wide', 'rest'].entries()) {
        t.deepEqual(
          run.late.filter(({ transform }) => transform === uid).map(({ offset }) => offset),
          windows[i]!.late.map(({ index }) => offsets[index]!),
        )
      }
      t.deepEqual(
        run.dead.map(({ offset, reason }) => [offset, reason]),
        records.flatMap((record, offset) => (isPoison(record) ? [[offset, 'processing']] : [])),
      )
    }),
    { numRuns: 150 },
  )
})
