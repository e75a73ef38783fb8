import test from 'ava'
import { flushBids, generateBids } from '../../hack/benchmarks/bids.ts'
import { ResultCheck, Totals, type ResultRow } from '../../hack/benchmarks/totals.ts'

const windowMs = 10_000
const options = { records: 20_000, keys: 100 }

function totalsOf(): Totals {
  const totals = new Totals(windowMs)
  for (const { auction, dateTime, price } of generateBids(options)) totals.add(auction, dateTime, price)
  return totals
}

function rowsOf(totals: Totals): ResultRow[] {
  return [...totals.entries()].map(({ auction, windowStart, count, sum }) => ({
    key: auction,
    windowStart,
    windowEnd: windowStart + windowMs,
    bids: count,
    total: sum,
  }))
}

function verdict(totals: Totals, rows: readonly ResultRow[]): string | null {
  const check = new ResultCheck(totals)
  for (const row of rows) check.add(row)
  return check.verdict()
}

test('the same bids are generated every time, each text says what its fields say', (t) => {
  const [first, second] = [[...generateBids(options)], [...generateBids(options)]]
  t.deepEqual(first, second)
  for (const { auction, price, dateTime, text } of first) t.like(JSON.parse(text) as object, { auction, price, dateTime })
})

test('exact results pass; a missing, doubled, changed or unknown one does not', (t) => {
  const totals = totalsOf()
  const rows = rowsOf(totals)
  const [first, ...rest] = rows as [ResultRow, ...ResultRow[]]
  t.is(verdict(totals, rows), null)
  t.regex(verdict(totals, rest) ?? '', /: 1 missing$/)
  t.regex(verdict(totals, [...rows, first]) ?? '', /: 1 doubled$/)
  t.regex(verdict(totals, [{ ...first, bids: first.bids + 1 }, ...rest]) ?? '', /: 1 wrong$/)
  t.regex(verdict(totals, [{ ...first, total: first.total - 1 }, ...rest]) ?? '', /: 1 wrong$/)
  t.regex(verdict(totals, [{ ...first, windowEnd: first.windowEnd + 1 }, ...rest]) ?? '', /: 1 wrong$/)
  t.regex(verdict(totals, [...rows, { ...first, key: 1 }]) ?? '', /: 1 unknown$/)
})

test('every partition gets one bid that takes the watermark past all windows of the bids before', (t) => {
  const flush = flushBids(options, windowMs, 4, (auction) => auction % 4)
  t.deepEqual(
    flush.map(({ auction }) => auction % 4),
    [0, 1, 2, 3],
  )
  const lastEnd = Math.max(...rowsOf(totalsOf()).map(({ windowEnd }) => windowEnd))
  for (const { dateTime } of flush) t.true(dateTime - 2_000 >= lastEnd)
})
