import test from 'ava'
import fc from 'fast-check'
import type { Aggregate } from '../../../runtime/plan/nodes.ts'
import { blockOf } from '../../support/blocks.ts'
import type { TestRecord } from '../../support/blocks.ts'
import { StageRun } from '../../support/stage-run.ts'
import { aggregate, eventTime, flatMap, keyBy, map, reduce, schemaOf, stageOf, tumbling } from '../../support/stages.ts'
import type { Step } from '../../support/stages.ts'

const schema = schemaOf({ k: 'string', at: 'timestamp' })
const count: Readonly<Record<string, Aggregate>> = { n: { kind: 'count' } }
const counting: readonly Step[] = [eventTime('at'), keyBy(), aggregate('w', tumbling(10), count)]

function record(key: string, at: number): TestRecord {
  return { key, value: { k: key, at } }
}

/** Four keys in [0,10), then the record at 10 that closes it. */
const closingInput = [record('a', 1), record('b', 2), record('c', 3), record('d', 4), record('e', 10)]

function oneRowSlices(steps: readonly Step[] = counting, input: readonly TestRecord[] = closingInput): StageRun {
  return new StageRun(stageOf(steps, { schema }), input, { sliceBytes: 1 })
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}

function keys(run: StageRun): string {
  return run.results.map((result) => result.key).join('')
}

test('a window closes in slices: process returns behind the record that closed it, resume goes on until all rows have left', (t) => {
  const run = oneRowSlices()
  const block = blockOf([...closingInput, record('f', 11)])
  t.is(run.stage.process(block, 0), 5)
  t.true(run.stage.closing)
  t.is(run.results.length, 1)
  t.false(run.stage.resume())
  t.false(run.stage.resume())
  t.is(keys(run), 'abc')
  t.is(run.stage.counters.windowsClosed, 0)
  t.true(run.stage.resume())
  t.is(keys(run), 'abcd')
  t.false(run.stage.closing)
  t.is(run.stage.counters.windowsClosed, 1)
  t.is(run.stage.process(block, 5), 6)
})

test('process finishes what is half closed before it takes a record', (t) => {
  const run = oneRowSlices()
  run.slice(5)
  const next = blockOf([record('a', 11)])
  const taken = Array.from({ length: 3 }, () => run.stage.process(next, 0))
  t.deepEqual(taken, [0, 0, 1])
  t.is(keys(run), 'abcd')
  t.is(run.stage.counters.recordsIn, 6)
})

test('after a crash in the middle of closing the rest is emitted, each result once', (t) => {
  const run = oneRowSlices()
  run.slice(5)
  run.stage.resume()
  t.is(keys(run), 'ab')
  run.commit()
  run.stage.resume()
  t.is(keys(run), 'abc')
  run.crash()
  t.is(keys(run), 'ab')
  t.true(run.stage.closing)
  run.settle()
  t.is(keys(run).split('').toSorted(byText).join(''), 'abcd')
  t.is(run.position, 5)
})

test('windows that a restored watermark has passed close without any record, in resume and in process', (t) => {
  const halfClosed = (): StageRun => {
    const run = oneRowSlices()
    run.slice(5)
    return run.commit().crash()
  }
  const resumed = halfClosed()
  t.true(resumed.stage.closing)
  while (!resumed.stage.resume()) t.true(resumed.stage.closing)
  t.is(resumed.results.length, 4)
  const processed = halfClosed()
  t.is(processed.stage.process(blockOf([record('e', 11)]), 0), 0)
  t.is(processed.results.length, 2)
})

test('what is not due after a restore stays open', (t) => {
  const run = new StageRun(stageOf(counting, { schema }), [record('a', 1), record('a', 2), record('a', 10)])
  run.process(1).commit().crash()
  t.false(run.stage.closing)
  t.true(run.stage.resume())
  run.process()
  t.deepEqual(
    run.results.map((result) => result.value),
    [{ key: 'a', windowStart: 0, windowEnd: 10, n: 2 }],
  )
})

test('a lost transaction puts a half closed window back as a whole', (t) => {
  const run = oneRowSlices()
  while (run.position < 4) run.slice(1)
  run.commit()
  run.slice(1)
  run.stage.resume()
  t.is(keys(run), 'ab')
  run.rollback()
  t.false(run.stage.closing)
  t.is(run.position, 4)
  run.process()
  t.is(keys(run).split('').toSorted(byText).join(''), 'abcd')
})

test('a result that fails after a restore has no record to blame', (t) => {
  const fails = map(() => {
    throw new Error('no')
  })
  const run = oneRowSlices([...counting, fails])
  run.slice(5)
  run.commit().crash().settle()
  t.deepEqual(
    run.dead.map((dead) => dead.offset),
    [null, null, null, null],
  )
})

test('an error of the task in the middle of a record leaves nothing behind once it is rolled back', (t) => {
  //   the second of two outputs cannot be sent, once behind the source and once behind a window
  const twice = flatMap((value: unknown) => [value, value])
  for (const steps of [[twice], [...counting, twice]]) {
    let emits = 0
    const beforeEmit = (): void => {
      if (++emits === 2) throw new Error('refused')
    }
    const run = new StageRun(stageOf(steps, { schema }), closingInput, { beforeEmit })
    t.throws(() => run.process(), { message: 'refused' })
    run.rollback().process()
    t.is(keys(run).length, steps.length === 1 ? 10 : 8)
  }
})

test('the end of the input closes every window in order, in slices too', (t) => {
  const run = oneRowSlices(counting, [record('a', 25), record('a', 26)])
  run.process()
  run.stage.endOfInput()
  run.settle()
  t.is(run.stage.watermark, 29)
  t.deepEqual(
    run.results.map((result) => result.timestamp),
    [29],
  )
  const empty = oneRowSlices(counting, [])
  empty.stage.endOfInput()
  t.false(empty.stage.closing)
})

test('the watermark reaches a second window when the first has closed, and the snapshot says how far it came', (t) => {
  const steps = [...counting, keyBy('key'), aggregate('second', tumbling(10), { n: { kind: 'sum', field: 'n' } })]
  const run = oneRowSlices(steps)
  run.slice(4)
  t.deepEqual(run.stage.snapshot(), { maxTimestamp: 4, watermarks: { w: 3, second: 3 } })
  run.slice(1)
  t.deepEqual(run.stage.snapshot(), { maxTimestamp: 10, watermarks: { w: 3, second: 3 }, closing: { w: 9 } })
  run.commit().crash()
  t.deepEqual(run.stage.snapshot(), { maxTimestamp: 10, watermarks: { w: 3, second: 3 }, closing: { w: 9 } })
  run.settle()
  t.deepEqual(run.stage.snapshot(), { maxTimestamp: 10, watermarks: { w: 9, second: 9 } })
  t.is(run.results.length, 4)
})

test('what the end of the input has closed stays closed, after a restore too; later windows are open', (t) => {
  //   at 1: [0, 10) is open            end: watermark 9            5 is late, 12 counts
  for (const then of ['commit', 'crash', 'rollback'] as const) {
    const records = [record('a', 1), record('a', 5), record('a', 12)]
    const run = new StageRun(stageOf(counting, { schema }), records)
    run.slice(1)
    run.endOfInput().commit()
    t.deepEqual(run.stage.snapshot(), { maxTimestamp: 10, watermarks: { w: 9 } })
    run[then]().process()
    t.deepEqual(
      run.late.map((late) => late.timestamp),
      [5],
    )
    run.endOfInput()
    t.deepEqual(
      run.results.map((result) => result.timestamp),
      [9, 19],
    )
  }
})

test('the end of the input closes the windows that results open in a second one, held back by lateness', (t) => {
  const steps = [
    eventTime('at', 3),
    keyBy(),
    aggregate('first', tumbling(4, { lateness: 2 }), count),
    keyBy('key'),
    aggregate('second', tumbling(12, { lateness: 1 }), { n: { kind: 'sum', field: 'n' } }),
  ]
  const run = oneRowSlices(steps, [record('a', 1), record('a', 2), record('b', 14)])
  run.process().endOfInput().commit()
  t.deepEqual(
    run.results.map(({ value }) => value),
    [
      { key: 'a', windowStart: 0, windowEnd: 12, n: 2 },
      { key: 'b', windowStart: 12, windowEnd: 24, n: 1 },
    ],
  )
  // The second window of `second` closes at 23 + 1, and `first` holds the watermark back by 2.
  t.is(run.stage.watermark, 26)
  t.deepEqual(run.stage.snapshot(), { maxTimestamp: 30, watermarks: { first: 24, second: 23 } })
})

test('two windows and a reduce come out the same through slices, commits, lost transactions and crashes anywhere', (t) => {
  const steps = [
    eventTime('at', 3),
    keyBy(),
    aggregate('first', tumbling(4, { lateness: 2 }), count),
    keyBy('key'),
    reduce('second', tumbling(12, { lateness: 1 }), (a: { n: number }, b: { n: number }) => ({ n: a.n + b.n })),
    map((result: { key: string; windowStart: number; value: { n: number } }) => ({ key: result.key, start: result.windowStart, n: result.value.n })),
  ]
  const interruption = fc.record({
    records: fc.integer({ min: 1, max: 9 }),
    then: fc.constantFrom('commit', 'commit', 'rollback', 'crash', 'nothing'),
  })
  const input = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(5)), { maxLength: 50 }).map((pairs) => {
    let now = 0
    // In order by more than the bound allows, so nothing is late.
    return pairs.map(([key, step]) => record(key, (now += step)))
  })
  fc.assert(
    fc.property(input, fc.integer({ min: 1, max: 300 }), fc.array(interruption, { maxLength: 20 }), (records, sliceBytes, interruptions) => {
      const run = new StageRun(stageOf(steps, { schema }), records, { sliceBytes })
      for (const { records: some, then } of interruptions) {
        run.slice(some)
        if (then !== 'nothing') run[then]()
      }
      run.process().endOfInput().commit()
      const windows = records.map(({ key, value }) => `${String(key)}/${Math.floor((value as { at: number }).at / 12) * 12}`)
      const expected = [...Map.groupBy(windows, (window) => window)].map(([window, all]) => `${window}: ${all.length}`)
      const found = run.results.map(({ value }) => value as { key: string; start: number; n: number })
      t.deepEqual(found.map(({ key, start, n }) => `${key}/${start}: ${n}`).toSorted(byText), expected.toSorted(byText))
      t.deepEqual([run.late, run.dead], [[], []])
    }),
    { numRuns: 300 },
  )
})

for (const [what, bound, lateness] of [
  ['bound of disorder', 20, 0],
  ['lateness', 0, 20],
] as const) {
  test(`a new version of the program with a larger ${what} does not open windows again that have closed`, (t) => {
    const steps = [eventTime('at', bound), keyBy(), aggregate('w', tumbling(10, { lateness }), count)]
    const input = [record('a', 1), record('a', 11), record('a', 21), record('a', 2), record('a', 22), record('a', 60)]
    const run = new StageRun(stageOf(counting, { schema }), input)
    run.process(3).commit()
    run.crash(stageOf(steps, { schema })).process()
    t.deepEqual(
      run.results.map(({ value }) => value),
      [
        { key: 'a', windowStart: 0, windowEnd: 10, n: 1 },
        { key: 'a', windowStart: 10, windowEnd: 20, n: 1 },
        { key: 'a', windowStart: 20, windowEnd: 30, n: 2 },
      ],
    )
    t.deepEqual(
      run.late.map(({ value }) => value),
      [{ k: 'a', at: 2 }],
    )
  })

  test(`a window that was half closed goes on closing when a new version of the program has a larger ${what}`, (t) => {
    const steps = [eventTime('at', bound), keyBy(), aggregate('w', tumbling(10, { lateness }), count)]
    const run = oneRowSlices(counting, [...closingInput, record('a', 5), record('d', 6), record('e', 12), record('e', 60)])
    run.slice(5)
    run.stage.resume()
    t.is(keys(run), 'ab')
    run.commit().crash(stageOf(steps, { schema }))
    t.true(run.stage.closing)
    run.process()
    t.deepEqual(run.results.map(({ key, value }) => `${key}: ${(value as { n: number }).n}`).toSorted(byText), [
      'a: 1',
      'b: 1',
      'c: 1',
      'd: 1',
      'e: 2',
    ])
    t.deepEqual(
      run.late.map(({ timestamp }) => timestamp),
      [5, 6],
    )
  })
}
