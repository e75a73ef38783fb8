import test from 'ava'
import fc from 'fast-check'
import { cases, minPrice, priceFactor, type Work } from '../../hack/benchmarks/cases.ts'
import { labelOf } from '../../hack/benchmarks/contenders.ts'
import { generateBids, type Bid } from '../../hack/benchmarks/input/bids.ts'
import { flushRecords, isFlush } from '../../hack/benchmarks/input/records.ts'
import { costs, type Sample } from '../../hack/benchmarks/measure/drain.ts'
import { Histogram } from '../../hack/benchmarks/measure/histogram.ts'
import { oracleOf, outOfOrdernessMs, type ResultRow } from '../../hack/benchmarks/oracle/oracle.ts'
import { programOf } from '../../hack/benchmarks/ours/program.ts'
import { areEqual, pairedRatio, spreadOf } from '../../hack/benchmarks/report/statistics.ts'
import { fullSchedule, nexmarkSchedule, quickNexmarkSchedule, quickSchedule } from '../../hack/benchmarks/schedule.ts'

const input = { of: 'bids', records: 20_000, keys: 100, perMillisecond: 1, partitions: 4 } as const
const bids = [...generateBids(input)]

function verdict(work: Work, rows: readonly ResultRow[]): string | null {
  const oracle = oracleOf(work)
  for (const bid of bids) oracle.add(bid)
  const check = oracle.check()
  for (const row of rows) check.add(row)
  return check.verdict()
}

/** The windowed case, written down once more as plainly as can be. */
function windowRows(sizeMs: number, slideMs: number): ResultRow[] {
  const rows = new Map<string, { key: number; windowStart: number; count: number; sum: number }>()
  for (const { auction: key, dateTime, price } of bids) {
    for (let windowStart = 0; windowStart < sizeMs; windowStart += slideMs) {
      const start = Math.floor(dateTime / slideMs) * slideMs - windowStart
      if (dateTime >= start + sizeMs) continue
      const row = rows.get(`${key}@${start}`) ?? { key, windowStart: start, count: 0, sum: 0 }
      rows.set(`${key}@${start}`, { ...row, count: row.count + 1, sum: row.sum + price })
    }
  }
  return [...rows.values()]
}

test('the same bids are generated every time', (t) => {
  t.deepEqual([...generateBids(input)], bids)
})

for (const [name, work] of [
  ['tumbling', { kind: 'windowed', by: 'auction', sizeMs: 10_000, slideMs: 10_000 }],
  ['sliding', { kind: 'windowed', by: 'auction', sizeMs: 10_000, slideMs: 1_000 }],
] as const) {
  test(`${name} windows: exact results pass; a missing, doubled, changed or unknown one does not`, (t) => {
    const rows = windowRows(work.sizeMs, work.slideMs)
    const [first, ...rest] = rows as [ResultRow, ...ResultRow[]]
    t.is(verdict(work, rows.toReversed()), null)
    t.regex(verdict(work, rest) ?? '', /: 1 missing$/)
    t.regex(verdict(work, [...rows, first]) ?? '', /: 1 doubled$/)
    t.regex(verdict(work, [{ ...first, count: Number(first['count']) + 1 }, ...rest]) ?? '', /: 1 wrong$/)
    t.regex(verdict(work, [{ ...first, sum: Number(first['sum']) - 1 }, ...rest]) ?? '', /: 1 wrong$/)
    t.regex(verdict(work, [...rows, { ...first, key: 1 }]) ?? '', /: 1 unknown$/)
  })
}

const each: readonly (readonly [Work, (bid: Bid) => ResultRow | null])[] = [
  [{ kind: 'pass-through' }, (bid) => ({ ...bid })],
  [{ kind: 'filter-map' }, ({ auction, bidder, price }) => (price > minPrice ? { auction, bidder, price: price * priceFactor } : null)],
]
for (const [work, resultOf] of each) {
  test(`${work.kind}: exact results pass in any order; a missing, doubled or changed one does not`, (t) => {
    const rows = bids.map(resultOf).filter((row) => row !== null)
    const [first, second, ...rest] = rows as [ResultRow, ResultRow, ...ResultRow[]]
    t.is(verdict(work, rows.toReversed()), null)
    t.truthy(verdict(work, [second, ...rest]))
    t.truthy(verdict(work, [...rows, first]))
    t.truthy(verdict(work, [first, first, ...rest]))
    t.truthy(verdict(work, [{ ...first, price: Number(first['price']) + 1 }, second, ...rest]))
  })
}

test('results of the bids that only move time on are nobody’s', (t) => {
  const rows = windowRows(10_000, 10_000)
  const [flush] = flushRecords(input, 10_000, (auction) => auction % 4)
  const work = { kind: 'windowed', by: 'auction', sizeMs: 10_000, slideMs: 10_000 } as const
  t.is(verdict(work, [...rows, { key: flush?.key, windowStart: 0, count: 1, sum: 0 }]), null)
})

test('every partition gets one bid that takes the watermark past all windows of the bids before', (t) => {
  const flush = flushRecords(input, 10_000, (auction) => auction % 4)
  t.deepEqual(
    flush.map(({ key }) => key % 4),
    [0, 1, 2, 3],
  )
  t.true(flush.every(({ key }) => isFlush(key)) && bids.every(({ auction }) => !isFlush(auction)))
  const lastEnd = Math.max(...windowRows(10_000, 10_000).map((row) => Number(row['windowStart']) + 10_000))
  for (const { dateTime } of flush) t.true(dateTime - outOfOrdernessMs - 1 >= lastEnd - 1)
})

test('bids are out of order by no more than the jobs allow', (t) => {
  let newest = -Infinity
  let oldest = 0
  for (const { dateTime } of bids) {
    newest = Math.max(newest, dateTime)
    oldest = Math.max(oldest, newest - dateTime)
  }
  t.true(oldest > outOfOrdernessMs / 2 && oldest <= outOfOrdernessMs)
})

test('the steady part begins at half of the input and ends with its last record', (t) => {
  const sample = (at: number, processed: number, cpu = at / 2): Sample => ({ at, processed, cpu })
  const { whole, steady, toFullSpeedSeconds } = costs(
    [sample(0, 0), sample(4, 0), sample(5, 10), sample(6, 50), sample(7, 100), sample(9, 100, 9)],
    100,
  )
  t.deepEqual(whole, { records: 100, cpuSeconds: 3.5, wallSeconds: 7 })
  t.deepEqual(steady, { records: 50, cpuSeconds: 0.5, wallSeconds: 1 })
  t.is(toFullSpeedSeconds, 6)
})

test('a run that is over in one sample is measured as a whole; one that did not end is none', (t) => {
  const samples = [
    { at: 0, cpu: 0, processed: 0 },
    { at: 1, cpu: 1, processed: 10 },
  ]
  t.is(costs(samples, 10).steady.records, 10)
  t.throws(() => costs(samples, 11), { message: /fewer than 11/ })
})

test('quantiles of latency are those of the sorted values, of records due in the span only', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 300 }), (latencies) => {
      const histogram = new Histogram()
      for (const latency of latencies) histogram.add(10_500, 10_500 + latency)
      histogram.add(9_999, 99_999)
      histogram.add(11_000, 99_999)
      const sorted = latencies.toSorted((a, b) => a - b)
      const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1]!
      t.deepEqual(histogram.between(10_000, 11_000), { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: sorted.at(-1)!, results: sorted.length })
    }),
  )
})

test('medians, overlap of ranges, and paired ratios with their interval', (t) => {
  t.deepEqual(spreadOf([3, 1, 2, 10]), { median: 2.5, least: 1, most: 10, count: 4 })
  t.true(areEqual(spreadOf([1, 3]), spreadOf([3, 4])))
  t.false(areEqual(spreadOf([1, 2]), spreadOf([3, 4])))
  t.deepEqual(pairedRatio([2, 4], [1, 2]), { ratio: 2, interval: [2, 2], pairs: 2 })
  t.is(pairedRatio([2], [1]).interval, null)
  const { ratio, interval } = pairedRatio([1.2, 0.9, 1.1], [1, 1, 1])
  t.true(interval !== null && interval[0] < 1 && interval[1] > 1 && ratio > interval[0] && ratio < interval[1])
})

test('no contender stands twice in a round, and every program of ours can be written', (t) => {
  for (const { title, contenders, case: of } of [...fullSchedule, ...quickSchedule, ...nexmarkSchedule, ...quickNexmarkSchedule]) {
    t.is(new Set(contenders.map(labelOf)).size, contenders.length, title)
    for (const { system, variant } of contenders) {
      if (system === 'streamjob') t.truthy(programOf(of.work, variant, { input: 'in', output: 'out' }))
    }
  }
  const names = [...fullSchedule, ...nexmarkSchedule].map((round) => round.case.name)
  t.deepEqual([...new Set(names)].toSorted(), Object.keys(cases).toSorted())
})
