import test from 'ava'
import fc from 'fast-check'
import type { Aggregate } from '../../../../runtime/plan/nodes.ts'
import type { TestRecord } from '../../../support/blocks.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, flatMap, keyBy, schemaOf, sliding, stageOf, tumbling } from '../../../support/stages.ts'
import { records, run, shown } from '../../../support/timeline.ts'

function over(fields: Readonly<Record<string, Aggregate>>, window = tumbling(10)): ReturnType<typeof aggregate>[] {
  return [eventTime('at', 9), keyBy(), aggregate('w', window, fields)]
}

const spread: Readonly<Record<string, Aggregate>> = {
  vs: { kind: 'variance', field: 'v', of: 'sample' },
  vp: { kind: 'variance', field: 'v', of: 'population' },
  ds: { kind: 'stddev', field: 'v', of: 'sample' },
  dp: { kind: 'stddev', field: 'v', of: 'population' },
}

test('variance and standard deviation are those of a sample or of the population', (t) => {
  //   2 4 4 4 5 5 7 9: mean 5, squared distances 32
  const made = run(over(spread), records('a0=2', 'a0=4', 'a0=4', 'a0=4', 'a0', 'a0=5', 'a0=5', 'a0=7', 'a0=9')).endOfInput()
  const { vs, vp, ds, dp } = made.results[0]!.value as Record<string, number>
  t.deepEqual([vp, dp], [4, 2])
  t.true(Math.abs(vs! - 32 / 7) < 1e-12)
  t.true(Math.abs(ds! - Math.sqrt(32 / 7)) < 1e-12)
})

test('one value has no sample variance, none has no variance at all', (t) => {
  const made = run(over(spread), records('a0=2', 'b0')).endOfInput()
  t.like(made.results[0]?.value, { vs: null, vp: 0, ds: null, dp: 0 })
  t.like(made.results[1]?.value, { vs: null, vp: null, ds: null, dp: null })
})

test('the variance of large values that lie close together is not lost in rounding', (t) => {
  const made = run(over(spread), records('a0=1000000000004', 'a0=1000000000007', 'a0=1000000000013', 'a0=1000000000016')).endOfInput()
  t.like(made.results[0]?.value, { vs: 30, vp: 22.5 })
})

test('first and last go by event time, of equal times by arrival; null does not count', (t) => {
  const fields = { f: { kind: 'first', field: 'v' }, l: { kind: 'last', field: 'v' } } as const
  const made = run(over(fields), records('a5=1', 'a2=2', 'a7=3', 'a2=4', 'a7=5', 'a1', 'a9', 'b1')).endOfInput()
  t.like(made.results[0]?.value, { f: 2, l: 5 })
  t.like(made.results[1]?.value, { f: null, l: null })
})

test('collect keeps the values as they arrive, and a record beyond its limit fails', (t) => {
  const fields = { n: { kind: 'count' }, all: { kind: 'collect', field: 'v', limit: 3 } } as const
  const made = run(over(fields), records('a5=1', 'a2=2', 'a4', 'a3=1', 'a3=9', 'b1')).endOfInput()
  t.like(made.results[0]?.value, { n: 4, all: [1, 2, 1] })
  t.like(made.results[1]?.value, { n: 1, all: [] })
  t.deepEqual(made.dead, [
    { to: 'dead', offset: 4, reason: 'processing', message: 'aggregate "w": collect(v) holds 3 values for this key already, and 3 is its limit' },
  ])
})

test('a record that one of its windows cannot take counts in none', (t) => {
  //   [0,10) is full, [5,15) is not
  const fields = { all: { kind: 'collect', field: 'v', limit: 1 } } as const
  const made = run(over(fields, sliding(10, 5)), records('a1=1', 'a6=2', 'a11=3')).endOfInput()
  t.deepEqual(shown(made, 'all'), ['a[-5,5)=[1]', 'a[0,10)=[1]', 'a[5,15)=[3]', 'a[10,20)=[3]'])
  t.is(made.dead[0]?.offset, 1)
})

test('what does not fit into a row fails the record', (t) => {
  const long = 'x'.repeat(500_000)
  const fields = { all: { kind: 'collect', field: 's', limit: 10 } } as const
  const stage = stageOf(over(fields), { schema: schemaOf({ k: 'string', at: 'timestamp', s: 'string' }) })
  const input = ['x', long, long].map((s) => ({ key: 'a', value: { k: 'a', at: 1, s } }))
  const made = new StageRun(stage, input).process().endOfInput()
  t.deepEqual((made.results[0]!.value as { all: string[] }).all, ['x', long])
  t.regex(made.dead[0]?.message ?? '', /would take 100\d+ bytes, more than the 900000 of a row/)
})

test('topN ranks whole records or a field of them; of equals the earlier one stands first', (t) => {
  const fields = { rows: { kind: 'topN', by: 'v', n: 2, field: null }, when: { kind: 'topN', by: 'v', n: 3, field: 'at' } } as const
  const made = run(over(fields), records('a5=1', 'a4=7', 'a3=7', 'a9', 'a2=3', 'a3=7')).endOfInput()
  t.like(made.results[0]?.value, {
    rows: [
      { k: 'a', at: 3, v: 7 },
      { k: 'a', at: 3, v: 7 },
    ],
    when: [3, 3, 4],
  })
})

test('quantiles and approxDistinct of a window are those of its values', (t) => {
  const fields = {
    q: { kind: 'quantiles', field: 'v', at: [1, 0, 0.5] },
    d: { kind: 'approxDistinct', field: 'v' },
    n: { kind: 'count' },
  } as const
  const made = run(over(fields), records('a1=5', 'a2=1', 'a3=5', 'a4=2', 'a5', 'b1')).endOfInput()
  const { q, d, n } = made.results[0]!.value as { q: number[]; d: number; n: number }
  t.deepEqual([q[0], q[1], d, n], [5, 1, 3, 5])
  t.true(Math.abs(q[2]! - 2) <= 0.02)
  t.like(made.results[1]?.value, { q: [null, null, null], d: 0, n: 1 })
})

test('numbers beside summaries are what they are alone', (t) => {
  const numbers = {
    n: { kind: 'count' },
    s: { kind: 'sum', field: 'v' },
    lo: { kind: 'min', field: 'v' },
    hi: { kind: 'max', field: 'v' },
    m: { kind: 'avg', field: 'v' },
    ...spread,
  } as const
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: -9, max: 9 })), { maxLength: 20 }), (values) => {
      const input = values.map((v, i) => ({ key: 'a', value: { k: 'a', at: i, v } }))
      const alone = run(over(numbers, sliding(10, 5)), input).endOfInput()
      const beside = run(over({ ...numbers, f: { kind: 'first', field: 'v' } }, sliding(10, 5)), input).endOfInput()
      const withoutFirst = beside.results.map((result) => {
        const { f, ...others } = result.value as Record<string, unknown>
        t.true(f !== undefined)
        return { ...result, value: others }
      })
      t.deepEqual(withoutFirst, alone.results)
    }),
    { numRuns: 60 },
  )
})

test('several values of a record go into one row one after the other', (t) => {
  const twice = flatMap((value: { v: number }) => [value, { ...value, v: value.v + 1 }])
  const made = run(
    [eventTime('at'), twice, keyBy(), aggregate('w', tumbling(10), { all: { kind: 'collect', field: 'v', limit: 9 } })],
    records('a1=1', 'a2=5'),
  )
  t.deepEqual(shown(made.endOfInput(), 'all'), ['a[0,10)=[1,2,5,6]'])
})

test('what is no number to rank or to sketch, or no scalar to count, fails the record', (t) => {
  const fields: readonly Aggregate[] = [
    { kind: 'topN', by: 'v', n: 1, field: null },
    { kind: 'quantiles', field: 'v', at: [0.5] },
    { kind: 'approxDistinct', field: 'v' },
  ]
  for (const field of fields) {
    const stage = stageOf(over({ x: field }), { schema: null })
    const made = new StageRun(stage, [{ key: 'a', value: { k: 'a', at: 1, v: [1] } }]).process().endOfInput()
    t.regex(made.dead[0]?.message ?? '', /^aggregate "w": field "v" is a list/)
    t.is(made.store.rows, 0)
  }
})

test('summaries come out the same through slices, commits, lost transactions and crashes anywhere', (t) => {
  const fields = {
    n: { kind: 'count' },
    sd: { kind: 'stddev', field: 'v', of: 'population' },
    f: { kind: 'first', field: 'v' },
    l: { kind: 'last', field: 'v' },
    all: { kind: 'collect', field: 'v', limit: 5 },
    top: { kind: 'topN', by: 'v', n: 2, field: 'at' },
    q: { kind: 'quantiles', field: 'v', at: [0.5] },
    d: { kind: 'approxDistinct', field: 'v' },
  } as const
  const input = fc
    .array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(4), fc.nat(8), fc.option(fc.integer({ min: -5, max: 5 }))), { maxLength: 40 })
    .map((all) => {
      let now = 10
      return all.map(([k, step, behind, v]): TestRecord => ({ key: k, value: { k, at: (now += step) - behind, v } }))
    })
  const interruption = fc.record({ records: fc.integer({ min: 1, max: 9 }), then: fc.constantFrom('commit', 'rollback', 'crash', 'nothing') })
  const byKey = (made: StageRun): unknown => [...Map.groupBy(made.results, ({ key }) => key)].toSorted(([a], [b]) => (a! < b! ? -1 : 1))
  fc.assert(
    fc.property(input, fc.integer({ min: 1, max: 500 }), fc.array(interruption, { maxLength: 12 }), (all, sliceBytes, interruptions) => {
      const stage = stageOf(over(fields, sliding(12, 4, { lateness: 2 })), { schema: schemaOf({ k: 'string', at: 'timestamp', v: 'integer?' }) })
      const plain = new StageRun(stage, all).process().endOfInput()
      const interrupted = new StageRun(stage, all, { sliceBytes })
      for (const { records: some, then } of interruptions) {
        interrupted.slice(some)
        if (then !== 'nothing') interrupted[then]()
      }
      interrupted.process().endOfInput()
      t.deepEqual(byKey(interrupted), byKey(plain))
      t.deepEqual(
        interrupted.dead.map(({ offset }) => offset),
        plain.dead.map(({ offset }) => offset),
      )
    }),
    { numRuns: 150 },
  )
})
