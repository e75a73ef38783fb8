import test from 'ava'
import fc from 'fast-check'
import { interrupt, interruptions } from '../../support/interruptions.ts'
import { StageRun } from '../../support/stage-run.ts'
import { aggregate, dedup, eventTime, flatMap, keyBy, map, schemaOf, stageOf, tumbling } from '../../support/stages.ts'
import { records, run, shown } from '../../support/timeline.ts'

const byKey = [eventTime('at'), keyBy(), dedup('d', 10)]
const byValue = [eventTime('at'), keyBy(), dedup('d', 10, 'v')]

/** Those that went through, as `key@timestamp`. */
function through(made: StageRun): readonly string[] {
  return made.results.map(({ key, timestamp }) => `${key}@${timestamp}`)
}

test('the first record of a key goes through, and its repetitions within the time do not', (t) => {
  t.deepEqual(through(run(byKey, records('a1', 'a1', 'b5', 'a10', 'a11', 'b14', 'a20', 'b15'))), ['a@1', 'b@5', 'a@11', 'b@15'])
})

test('an id is a field among the records of a key', (t) => {
  t.deepEqual(through(run(byValue, records('a1=7', 'a2=8', 'b3=7', 'a4=7', 'b5=8', 'b6=7'))), ['a@1', 'a@2', 'b@3', 'b@5'])
})

test('of records out of order the first to come wins, and one that is far enough from all others goes through', (t) => {
  //  12 went through, so that 21 does not; 30 does, and 21 repeats both
  const disordered = [eventTime('at', 50), keyBy(), dedup('d', 10)]
  t.deepEqual(through(run(disordered, records('a12', 'a21', 'a30', 'a21', 'a3', 'a2', 'a22', 'a40'))), ['a@12', 'a@30', 'a@2', 'a@40'])
})

test('a record that the watermark has left behind by the time is late; down to there its repetitions are known', (t) => {
  //  the watermark behind b31 is 30
  const made = run(byKey, records('a12', 'b31', 'a20', 'a21', 'a22', 'c21'))
  t.deepEqual(through(made), ['a@12', 'b@31', 'a@22', 'c@21'])
  t.deepEqual(
    made.late.map(({ offset, transform, window, watermark }) => [offset, transform, ...window, watermark]),
    [[2, 'd', 20, 30, 30]],
  )
})

test('a record that fails further down was not the first: its repetition goes through', (t) => {
  const picky = map((value: { v: number | null }) => {
    if (value.v === 1) throw new Error('one')
    return value
  })
  const made = run([...byKey, picky], records('a1=1', 'a2=2', 'a3=3'))
  t.deepEqual(through(made), ['a@2'])
  t.is(made.dead.length, 1)
})

test('values of one record repeat each other too', (t) => {
  const twice = flatMap((value: object) => [value, value])
  t.deepEqual(through(run([eventTime('at'), twice, keyBy(), dedup('d', 10)], records('a1', 'a2', 'a15'))), ['a@1', 'a@15'])
})

test('the stream stays keyed, and a window behind counts what went through', (t) => {
  const made = run(
    [...byValue, aggregate('w', tumbling(100), { n: { kind: 'count' } })],
    records('a1=1', 'a2=1', 'a3=2', 'b4=1', 'a50=1'),
  ).endOfInput()
  t.deepEqual(shown(made), ['a[0,100)=3', 'b[0,100)=1'])
})

test('a record without the field that is its id is a dead letter', (t) => {
  const made = run(byValue, records('a1', 'a2=1'))
  t.deepEqual(
    made.dead.map(({ offset, message }) => [offset, message]),
    [[0, 'dedup "d": field "v" is null, which is no id']],
  )
})

const inputs = fc
  .array(
    fc.record({
      k: fc.constantFrom('a', 'b', 'a longer key than fits into a row'),
      id: fc.nat(2),
      step: fc.nat(6),
      behind: fc.oneof(fc.constant(0), fc.nat(50)),
    }),
    { maxLength: 80 },
  )
  .map((all) => {
    let now = 60
    return all.map(({ k, id, step, behind }) => ({ k, id, at: (now += step) - behind }))
  })

test('what goes through and what is late are those of a model that forgets nothing, through slices, commits, lost transactions and crashes anywhere', (t) => {
  fc.assert(
    fc.property(
      inputs,
      fc.integer({ min: 1, max: 20 }),
      fc.nat(30),
      fc.integer({ min: 1, max: 100 }),
      interruptions,
      (all, within, bound, sliceBytes, between) => {
        const last = { k: 'z', id: 0, at: 10_000 }
        const schema = schemaOf({ k: 'string', at: 'timestamp', id: 'integer' })
        const stage = stageOf([eventTime('at', bound), keyBy(), dedup('d', within, 'id')], { schema })
        const made = new StageRun(
          stage,
          [...all, last].map((value) => ({ key: value.k, value })),
          { sliceBytes },
        )
        interrupt(made, between)
        made.process().commit()

        const passed: (typeof last)[] = []
        const late: number[] = []
        let watermark = -Infinity
        for (const [index, record] of [...all, last].entries()) {
          const repeats = passed.some(({ k, id, at }) => k === record.k && id === record.id && Math.abs(at - record.at) < within)
          if (record.at + within <= watermark) late.push(index)
          else if (!repeats) passed.push(record)
          watermark = Math.max(watermark, record.at - bound - 1)
        }
        t.deepEqual(
          made.results.map(({ value }) => value),
          passed,
        )
        t.deepEqual(
          made.late.map(({ offset }) => offset),
          late,
        )
        t.is(made.store.rows, 1)
      },
    ),
    { numRuns: 500 },
  )
})
