/** What is measured, as data: jobs over the events of an auction house. Programs, input and oracle of a case all follow from its row here. */

/** What a job makes of its input. */
export type Work =
  /** Each bid is decoded and written again, all fields. */
  | { readonly kind: 'pass-through' }
  /** Keeps bids above `minPrice`, writes auction, bidder and the price times 0.89. */
  | { readonly kind: 'filter-map' }
  /** Count and sum of the price per auction or bidder and window of event time; final results only. Tumbling where slide and size are the same. */
  | { readonly kind: 'windowed'; readonly by: BidKey; readonly sizeMs: number; readonly slideMs: number }
  /** The same in sessions: bids of a key no further apart than the gap. */
  | { readonly kind: 'sessions'; readonly by: BidKey; readonly gapMs: number }
  /** Nexmark 5: the auctions with most bids in each window, all of them where several have as many. */
  | { readonly kind: 'hot-items'; readonly sizeMs: number; readonly slideMs: number }
  /** Nexmark 7: the highest bids of each window, all of them where several are as high. */
  | { readonly kind: 'highest-bids'; readonly sizeMs: number }
  /** Nexmark 8: people who have joined and opened an auction in the same window, each once. */
  | { readonly kind: 'new-users'; readonly sizeMs: number }

/** Bids lie in the partitions of their auctions: by bidder they have to go to others. */
export type BidKey = 'auction' | 'bidder'

/** Whether records go through another topic, or a network, between two parts of the job. */
export const isShuffled = (work: Work): boolean =>
  work.kind === 'windowed' || work.kind === 'sessions' ? work.by !== 'auction' : work.kind !== 'pass-through' && work.kind !== 'filter-map'

export const minPrice = 5_000_000
export const priceFactor = 0.89

/** A topic of records, the same ones every time. */
export interface Input {
  /** `newcomers`: people who join, and three times as many auctions of people who have joined lately. */
  readonly of: 'bids' | 'newcomers'
  readonly records: number
  /** Of bids: auctions; how often each is bid on follows a Zipf distribution with exponent 0.8. Of newcomers: how many of them sell at a time. */
  readonly keys: number
  /** Event time goes on by a millisecond every so many records. */
  readonly perMillisecond: number
  readonly partitions: number
}

export interface BenchCase {
  readonly name: CaseName
  readonly title: string
  readonly work: Work
  readonly input: Input
}

export type CaseName =
  | 'pass-through'
  | 'filter-map'
  | 'windowed-10k'
  | 'windowed-100k'
  | 'windowed-1m'
  | 'sliding'
  | 'session'
  | 'repartition'
  | 'nexmark-5'
  | 'nexmark-7'
  | 'nexmark-8'
  | 'nexmark-11'

const tumbling10s = { kind: 'windowed', by: 'auction', sizeMs: 10_000, slideMs: 10_000 } as const

const manyBids: Input = { of: 'bids', records: 1_200_000, keys: 10_000, perMillisecond: 10, partitions: 4 }

export const cases: Readonly<Record<CaseName, BenchCase>> = {
  'pass-through': {
    name: 'pass-through',
    title: 'pass-through: decode every field, encode it again',
    work: { kind: 'pass-through' },
    input: { of: 'bids', records: 1_500_000, keys: 10_000, perMillisecond: 10, partitions: 4 },
  },
  'filter-map': {
    name: 'filter-map',
    title: 'filter and map: half of the bids, three fields of each',
    work: { kind: 'filter-map' },
    input: { of: 'bids', records: 1_500_000, keys: 10_000, perMillisecond: 10, partitions: 4 },
  },
  'windowed-10k': {
    name: 'windowed-10k',
    title: 'count and sum per auction, tumbling 10 s, 10 thousand keys',
    work: tumbling10s,
    input: { of: 'bids', records: 3_000_000, keys: 10_000, perMillisecond: 10, partitions: 4 },
  },
  'windowed-100k': {
    name: 'windowed-100k',
    title: 'count and sum per auction, tumbling 10 s, 100 thousand keys',
    work: tumbling10s,
    input: { of: 'bids', records: 2_000_000, keys: 100_000, perMillisecond: 100, partitions: 4 },
  },
  'windowed-1m': {
    name: 'windowed-1m',
    title: 'count and sum per auction, tumbling 10 s, 1 million keys',
    work: tumbling10s,
    input: { of: 'bids', records: 2_000_000, keys: 1_000_000, perMillisecond: 100, partitions: 4 },
  },
  sliding: {
    name: 'sliding',
    title: 'count and sum per auction, sliding 10 s every second, 10 thousand keys',
    work: { kind: 'windowed', by: 'auction', sizeMs: 10_000, slideMs: 1_000 },
    input: { of: 'bids', records: 600_000, keys: 10_000, perMillisecond: 10, partitions: 4 },
  },
  session: {
    name: 'session',
    title: 'count and sum per auction, sessions with a gap of 5 s, 10 thousand keys',
    work: { kind: 'sessions', by: 'auction', gapMs: 5_000 },
    input: { ...manyBids, records: 600_000 },
  },
  repartition: {
    name: 'repartition',
    title: 'count and sum per bidder, tumbling 10 s, 100 thousand keys: through other partitions',
    work: { kind: 'windowed', by: 'bidder', sizeMs: 10_000, slideMs: 10_000 },
    input: manyBids,
  },
  'nexmark-5': {
    name: 'nexmark-5',
    title: 'hot items: the auctions with most bids, sliding 10 s every 2 s, 10 thousand keys',
    work: { kind: 'hot-items', sizeMs: 10_000, slideMs: 2_000 },
    input: manyBids,
  },
  'nexmark-7': {
    name: 'nexmark-7',
    title: 'highest bid of each 10 s, first of each auction',
    work: { kind: 'highest-bids', sizeMs: 10_000 },
    input: manyBids,
  },
  'nexmark-8': {
    name: 'nexmark-8',
    title: 'new users: people who join and open an auction in the same 10 s',
    work: { kind: 'new-users', sizeMs: 10_000 },
    input: { of: 'newcomers', records: 1_200_000, keys: 50_000, perMillisecond: 10, partitions: 4 },
  },
  'nexmark-11': {
    name: 'nexmark-11',
    title: 'user sessions: count and sum per bidder until a pause of 10 s, 100 thousand keys: through other partitions',
    work: { kind: 'sessions', by: 'bidder', gapMs: 10_000 },
    input: { ...manyBids, records: 600_000 },
  },
}

/** The case over a part of its input, or over other partitions. */
export const withInput = (of: BenchCase, change: Partial<Input>): BenchCase => ({ ...of, input: { ...of.input, ...change } })
