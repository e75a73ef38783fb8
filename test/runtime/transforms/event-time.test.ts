import { inspect } from 'node:util'
import test from 'ava'
import { StageRun } from '../../support/stage-run.ts'
import type { RunOptions } from '../../support/stage-run.ts'
import type { TestRecord } from '../../support/blocks.ts'
import { aggregate, eventTime, filter, flatMap, keyBy, map, schemaOf, stageOf, tumbling } from '../../support/stages.ts'
import type { Step } from '../../support/stages.ts'

const schema = schemaOf({ k: 'string', at: 'timestamp' })

function run(steps: readonly Step[], times: readonly number[], options: RunOptions = {}): StageRun {
  const records = times.map((at): TestRecord => ({ key: 'a', value: { k: 'a', at }, timestamp: 5 }))
  return new StageRun(stageOf(steps, { schema }), records, options)
}

test('the watermark follows record by record: largest timestamp less the bound less one', (t) => {
  //   at          100   95   110
  //   watermark    89   89    99
  const going = run([eventTime('at', 10)], [100, 95, 110])
  const watermarks = [1, 2, 3].map(() => (going.process(1), going.stage.watermark))
  t.deepEqual(watermarks, [89, 89, 99])
})

test('before the first record, and without event time, the watermark is -Infinity', (t) => {
  t.is(run([eventTime('at')], []).stage.watermark, -Infinity)
  t.is(run([], [100]).process().stage.watermark, -Infinity)
})

test('event time is a field, the timestamp of the record, or what a function makes of both', (t) => {
  const timestampOf = (step: Step): number | undefined => run([step], [70]).process().results[0]?.timestamp
  t.is(timestampOf(eventTime('at')), 70)
  t.is(timestampOf(eventTime(null)), 5)
  t.is(timestampOf(eventTime((value: { at: number }, record) => value.at + record.timestamp)), 75)
})

test('a field that is not declared may be ISO 8601 text', (t) => {
  const stage = stageOf([eventTime('at')], { schema: null })
  const records = ['1970-01-01T00:00:01.500Z', 'yesterday', '1970-01-01T00:00:01'].map((at) => ({ key: 'a', value: { at } }))
  const going = new StageRun(stage, records).process()
  t.deepEqual(
    going.made.map((one) => (one.to === 'sink' ? one.timestamp : 'reason' in one && one.reason)),
    [1_500, 'bad-timestamp', 'bad-timestamp'],
  )
})

test('event time may stand in a header, as epoch ms or ISO 8601 text; the first of that name counts', (t) => {
  const header = { kind: 'eventTime', timestamp: { kind: 'header', name: 'sent' }, outOfOrdernessMs: 0 } as const
  const records = ['1500', '1970-01-01T00:00:02Z', 'soon', '-5', '1.5', null].map((text): TestRecord => {
    const values = [text, '9'].map((value) => ({ key: 'sent', value: value === null ? null : Buffer.from(value) }))
    return { value: {}, headers: [{ key: 'other', value: Buffer.from('7') }, ...values] }
  })
  const going = new StageRun(stageOf([header]), [...records, { value: {}, headers: [] }]).process()
  t.deepEqual(
    going.results.map(({ timestamp }) => timestamp),
    [1_500, 2_000],
  )
  t.deepEqual(
    going.dead.map(({ reason }) => reason),
    Array.from({ length: 5 }, () => 'bad-timestamp'),
  )
  t.regex(going.dead[0]?.message ?? '', /^header "sent" gives no event time/)
})

test('a record that goes back in time where none should is late if its window is closed, and counts if it is not', (t) => {
  //   never out of order, windows of 10
  //   at          12         9           15    11     21
  //   watermark   11                     14    14     20      9: [0, 10) was closed by 12; 11: [10, 20) is open still
  const steps = [eventTime('at', 0), keyBy('k'), aggregate('n', tumbling(10), { n: { kind: 'count' } })]
  const going = run(steps, [12, 9, 15, 11, 21]).process()
  t.deepEqual(
    going.late.map(({ offset, window, watermark }) => [offset, ...window, watermark]),
    [[1, 0, 10, 11]],
  )
  t.deepEqual(
    going.results.map(({ value }) => value),
    [{ key: 'a', windowStart: 10, windowEnd: 20, n: 3 }],
  )
})

test('parts of a millisecond are cut off', (t) => {
  t.is(run([eventTime(() => 12.9)], [1]).process().results[0]?.timestamp, 12)
})

test('a timestamp that is missing, negative or not finite is refused and does not move the watermark', (t) => {
  for (const bad of [undefined, null, NaN, Infinity, -Infinity, -1, -0.5, '', 'x', {}, true]) {
    const going = run([eventTime((value: { at: number }) => (value.at === 0 ? bad : value.at))], [100, 0]).process()
    t.is(going.dead[0]?.reason, 'bad-timestamp', inspect(bad))
    t.is(going.stage.watermark, 99)
    t.is(going.results.length, 1)
  }
  t.is(run([eventTime(null)], [1]).process().dead.length, 0)
  t.is(new StageRun(stageOf([eventTime(null)]), [{ value: 1 }]).process().dead[0]?.reason, 'bad-timestamp')
})

test('a timestamp further ahead of the clock than allowed is refused and does not move the watermark', (t) => {
  //   clock 1000, allowed 50 ahead
  const going = run([eventTime('at')], [1_050, 1_051, 1_049], { clock: () => 1_000, maxFutureTimestampMs: 50 }).process()
  t.deepEqual(
    going.dead.map((dead) => [dead.offset, dead.reason]),
    [[1, 'future-timestamp']],
  )
  t.regex(going.dead[0]?.message ?? '', /51 ms ahead/)
  t.is(going.stage.watermark, 1_049)
})

test('the clock is asked again when time has gone on', (t) => {
  let now = 1_000
  const going = run([eventTime('at')], [1_051, 1_051], { clock: () => now, maxFutureTimestampMs: 50 })
  going.process(1)
  now = 1_001
  going.process(1)
  t.deepEqual([going.dead.length, going.results.length], [1, 1])
})

test('a record that a filter drops moves the watermark, one that fails does not', (t) => {
  const steps = [
    eventTime('at'),
    filter((value: { at: number }) => value.at !== 200),
    map((value: { at: number }) => {
      if (value.at === 300) throw new Error('no')
      return value
    }),
  ]
  const going = run(steps, [100, 200, 300])
  const watermarks = [1, 2, 3].map(() => (going.process(1), going.stage.watermark))
  t.deepEqual(watermarks, [99, 199, 199])
})

test('a record that was refused leaves nothing behind for the next', (t) => {
  //   300 fails behind eventTime, then 50 comes: the watermark must stay
  const steps = [
    eventTime('at'),
    map((value: { at: number }) => {
      if (value.at === 300) throw new Error('no')
      return value
    }),
  ]
  t.is(run(steps, [100, 300, 50]).process().stage.watermark, 99)
})

test('the values of one record are judged with the watermark before it, and move it together', (t) => {
  const steps = [flatMap((value: { at: number }) => [value.at, value.at + 20, value.at + 10]), eventTime((at: number) => at), keyBy('k')]
  const going = new StageRun(stageOf(steps.slice(0, 2)), [{ key: 'a', value: { at: 100 } }]).process()
  t.deepEqual(
    going.results.map((result) => result.timestamp),
    [100, 120, 110],
  )
  t.is(going.stage.watermark, 119)
})

test('the snapshot holds the largest timestamp, and restores the watermark', (t) => {
  const going = run([eventTime('at', 10)], [100, 110])
  t.deepEqual(going.stage.snapshot(), { maxTimestamp: null, watermarks: {} })
  going.process(1)
  const { stage } = going
  t.deepEqual(stage.snapshot(), { maxTimestamp: 100, watermarks: {} })
  going.process(1)
  stage.restore({ maxTimestamp: 100, watermarks: {} })
  t.is(stage.watermark, 89)
  stage.restore(null)
  t.is(stage.watermark, -Infinity)
})
