import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { cases, isShuffled, type Work } from '../../hack/benchmarks/cases.ts'
import type { Bid } from '../../hack/benchmarks/input/bids.ts'
import { generateNewcomers, type HouseEvent } from '../../hack/benchmarks/input/newcomers.ts'
import { flushRecords, isFlush, recordsOf, type InputValue } from '../../hack/benchmarks/input/records.ts'
import { disorderMs } from '../../hack/benchmarks/input/time.ts'
import { WithResults } from '../../hack/benchmarks/measure/with-results.ts'
import { oracleOf, type ResultRow } from '../../hack/benchmarks/oracle/oracle.ts'
import { programIn } from '../../hack/benchmarks/ours/job.ts'
import { programOf } from '../../hack/benchmarks/ours/program.ts'
import { PeerCase } from '../../hack/benchmarks/peers/request.ts'
import { nexmarkSchedule } from '../../hack/benchmarks/schedule.ts'
import { stagesOf } from '../../runtime/plan/structure/stages.ts'

/** What the oracle says of rows, given an input. */
function verdict(work: Work, input: readonly InputValue[], rows: readonly ResultRow[]): string | null {
  const oracle = oracleOf(work)
  for (const value of input) oracle.add(value)
  const check = oracle.check()
  for (const row of rows) check.add(row)
  return check.verdict()
}

const bid = (auction: number, dateTime: number, price = 1, bidder = 7): Bid => ({
  auction,
  bidder,
  price,
  channel: 'c',
  url: 'u',
  dateTime,
  extra: 'e',
})
const person = (id: number, dateTime: number): HouseEvent => ({
  person: { id, name: `n${id}`, emailAddress: 'e', city: 'c', state: 's', dateTime, extra: 'x' },
})
const auction = (seller: number, dateTime: number): HouseEvent => ({
  auction: { id: 1, itemName: 'i', initialBid: 1, reserve: 2, dateTime, expires: 3, seller, category: 4, extra: 'x' },
})

/** Work, its input in whatever order, what it must give, and a change to the first row that is wrong. */
const examples: readonly (readonly [title: string, work: Work, input: readonly InputValue[], rows: readonly ResultRow[], wrong: ResultRow])[] = [
  [
    // 1:  0---5--------11      2: ---3
    'sessions: as far apart as the gap is together, a millisecond more is not',
    { kind: 'sessions', by: 'auction', gapMs: 5 },
    [bid(1, 11, 4), bid(1, 0, 1), bid(2, 3, 8), bid(1, 5, 2), bid(900_000_000, 99)],
    [
      { key: 1, windowStart: 0, windowEnd: 10, count: 2, sum: 3 },
      { key: 1, windowStart: 11, windowEnd: 16, count: 1, sum: 4 },
      { key: 2, windowStart: 3, windowEnd: 8, count: 1, sum: 8 },
    ],
    { windowEnd: 9 },
  ],
  [
    'sessions of bidders',
    { kind: 'sessions', by: 'bidder', gapMs: 5 },
    [bid(1, 0, 1, 7), bid(2, 4, 2, 7), bid(1, 4, 4, 8)],
    [
      { key: 7, windowStart: 0, windowEnd: 9, count: 2, sum: 3 },
      { key: 8, windowStart: 4, windowEnd: 9, count: 1, sum: 4 },
    ],
    { sum: 4 },
  ],
  [
    'windows of bidders',
    { kind: 'windowed', by: 'bidder', sizeMs: 10, slideMs: 10 },
    [bid(1, 0, 1, 7), bid(2, 9, 2, 7), bid(1, 10, 4, 7)],
    [
      { key: 7, windowStart: 0, windowEnd: 10, count: 2, sum: 3 },
      { key: 7, windowStart: 10, windowEnd: 20, count: 1, sum: 4 },
    ],
    { count: 1 },
  ],
  [
    'hot items: all auctions with most bids, in each window',
    { kind: 'hot-items', sizeMs: 10, slideMs: 5 },
    [bid(1, 5), bid(2, 6), bid(2, 12), bid(3, 7), bid(3, 8), bid(900_000_000, 99)],
    [
      { auction: 3, bids: 2, windowStart: 0, windowEnd: 10 },
      { auction: 2, bids: 2, windowStart: 5, windowEnd: 15 },
      { auction: 3, bids: 2, windowStart: 5, windowEnd: 15 },
      { auction: 2, bids: 1, windowStart: 10, windowEnd: 20 },
    ],
    { bids: 1 },
  ],
  [
    'highest bids: all that are as high, in each window',
    { kind: 'highest-bids', sizeMs: 10 },
    [bid(1, 0, 5), bid(1, 1, 9), bid(2, 9, 9), bid(3, 10, 2), bid(900_000_000, 99, 0)],
    [
      { auction: 1, bidder: 7, price: 9, dateTime: 1, extra: 'e', windowEnd: 10 },
      { auction: 2, bidder: 7, price: 9, dateTime: 9, extra: 'e', windowEnd: 10 },
      { auction: 3, bidder: 7, price: 2, dateTime: 10, extra: 'e', windowEnd: 20 },
    ],
    { dateTime: 0 },
  ],
  [
    'new users: who joins and sells in one window, once, whichever came first',
    { kind: 'new-users', sizeMs: 10 },
    // 4 joins a window too early, 5 sells nothing, 6 has not joined.
    [auction(1, 2), person(1, 9), auction(1, 5), person(2, 10), auction(2, 19), person(4, 9), auction(4, 10), person(5, 3), auction(6, 3)],
    [
      { id: 1, name: 'n1', windowStart: 0 },
      { id: 2, name: 'n2', windowStart: 10 },
    ],
    { name: 'n2' },
  ],
]

for (const [title, work, input, rows, wrong] of examples) {
  test(`${title}; a missing, doubled, changed or unknown result is not right`, (t) => {
    const [first, ...rest] = rows as [ResultRow, ...ResultRow[]]
    t.is(verdict(work, input, rows.toReversed()), null)
    t.is(verdict(work, input.toReversed(), rows), null)
    t.truthy(verdict(work, input, rest))
    t.truthy(verdict(work, input, [...rows, first]))
    t.truthy(verdict(work, input, [{ ...first, ...wrong }, ...rest]))
    t.truthy(verdict(work, input, [...rows, { ...first, windowStart: 1_000, windowEnd: 1_010 }]))
  })

  test(`${title}: what comes of the flush is nobody’s`, (t) => {
    const oracle = oracleOf(work)
    const field = ['key', 'auction', 'id'].find((name) => name in rows[0]!)!
    t.is(verdict(work, input, [...rows, { ...rows[0], [field]: 900_000_001 }]), null)
    t.true(oracle.keyField in rows[0]!)
  })
}

test('results may be counted before the last record is known: they are counted anew', (t) => {
  const oracle = oracleOf({ kind: 'sessions', by: 'auction', gapMs: 5 })
  oracle.add(bid(1, 0))
  t.is(oracle.rows, 1)
  oracle.add(bid(2, 0))
  t.is(oracle.rows, 2)
})

test('a case is not given the records of another one', (t) => {
  t.throws(() => oracleOf(cases['nexmark-8'].work).add(bid(1, 0)), { message: /newcomers/ })
  t.throws(() => oracleOf(cases['nexmark-5'].work).add(person(1, 0)), { message: /bids/ })
})

const newcomers = { of: 'newcomers', records: 20_000, keys: 500, perMillisecond: 1, partitions: 4 } as const

test('newcomers are the same every time: a quarter are people, each once; sellers have joined, and are of the last so many', (t) => {
  const events = [...generateNewcomers(newcomers)]
  t.deepEqual(events, [...generateNewcomers(newcomers)])
  const people = events.flatMap((event) => ('person' in event ? [event.person.id] : []))
  t.is(new Set(people).size, people.length)
  t.true(Math.abs(people.length / events.length - 0.25) < 0.02)
  let joined = 0
  for (const event of events) {
    if ('person' in event) joined++
    else t.true(people.slice(Math.max(0, joined - newcomers.keys), joined).includes(event.auction.seller))
  }
})

test('some of the newcomers are new users, and most are not', (t) => {
  const oracle = oracleOf(cases['nexmark-8'].work)
  for (const { value } of recordsOf(newcomers)) oracle.add(value)
  t.true(oracle.rows > 500 && oracle.rows < 5_000, String(oracle.rows))
})

test('newcomers are out of order by no more than the jobs allow, and a person in each partition is behind every window', (t) => {
  let [newest, oldest] = [-Infinity, 0]
  for (const { dateTime } of recordsOf(newcomers)) {
    newest = Math.max(newest, dateTime)
    oldest = Math.max(oldest, newest - dateTime)
  }
  t.true(oldest > disorderMs / 2 && oldest <= disorderMs)
  const flush = flushRecords(newcomers, 10_000, (id) => id % 4)
  t.deepEqual(
    flush.map(({ key }) => key % 4),
    [0, 1, 2, 3],
  )
  for (const { key, dateTime, value } of flush) {
    t.true(isFlush(key) && 'person' in value)
    t.true(dateTime - disorderMs - 1 >= Math.floor(newest / 10_000) * 10_000 + 10_000 - 1)
  }
})

test('with sliding windows and sessions too, a flush bid takes the watermark past every result, of bidders as of auctions', (t) => {
  const input = { ...newcomers, of: 'bids' } as const
  const newest = Math.max(...Array.from(recordsOf(input), ({ dateTime }) => dateTime))
  for (const { dateTime, value } of flushRecords(input, 10_000, (key) => key % 4)) {
    t.true('bidder' in value && isFlush(value.bidder) && isFlush(value.auction))
    t.true(dateTime - disorderMs - 1 >= newest + 10_000 - 1)
  }
})

test('peers are asked for every case in words that they know', (t) => {
  for (const { work } of Object.values(cases)) {
    t.notThrows(() => PeerCase.parse(work.kind === 'pass-through' || work.kind === 'filter-map' ? work : { ...work, outOfOrdernessMs: 1 }))
  }
})

for (const { title, case: of, contenders } of nexmarkSchedule) {
  test(`our program of ${title} is one of two stages where records go to other partitions, and else of one`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'streamjob-bench-'))
    t.teardown(() => rm(directory, { recursive: true }))
    const { variant } = contenders.find(({ system }) => system === 'streamjob')!
    const { plan } = await programIn({ work: of.work, variant, directory, input: 'in', output: 'out' })
    t.is(stagesOf(plan).length, isShuffled(of.work) ? 2 : 1)
  })
}

test('queries that keep lists are written with functions only', (t) => {
  t.throws(() => programOf(cases['nexmark-5'].work, 'steps', { input: 'in', output: 'out' }), { message: /functions/ })
})

test('a job whose parts send to each other is done when all its results are there, and its last record counts then', async (t) => {
  let [committed, processed] = [0, 7]
  const reader = {
    listOffset: () => Promise.resolve(committed),
    async *readRange(_topic: string, _partition: number, from: number, to: number) {
      if (to > from) yield { count: to - from }
    },
  }
  const running = {
    pid: 1,
    progress: () => Promise.resolve({ processed, done: processed > 7 }),
    stop: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  // The two methods that it calls.
  const results = { reader: reader as never, topic: 'out', partitions: 1, expected: 3, records: 10 }
  const whole = new WithResults(running, results)
  t.deepEqual(await whole.progress(), { processed: 7, done: false })
  processed = 10
  t.deepEqual(await whole.progress(), { processed: 9, done: false })
  committed = 2
  t.deepEqual(await whole.progress(), { processed: 9, done: false })
  // What it says of itself may be older than the results.
  ;[committed, processed] = [3, 8]
  t.deepEqual(await whole.progress(), { processed: 10, done: true })
})
