/** What is measured, as data: jobs over topics of bids. Programs, input and oracle of a case all follow from its row here. */

/** What a job makes of the bids. Results bear the auction as their key. */
export type Work =
  /** Each bid is decoded and written again, all fields. */
  | { readonly kind: 'pass-through' }
  /** Keeps bids above `minPrice`, writes auction, bidder and the price times 0.89. */
  | { readonly kind: 'filter-map' }
  /** Count and sum of the price per auction and window of event time; final results only. Tumbling where slide and size are the same. */
  | { readonly kind: 'windowed'; readonly sizeMs: number; readonly slideMs: number }

export const minPrice = 5_000_000
export const priceFactor = 0.89

/** A topic of bids, the same ones every time. */
export interface BidInput {
  readonly records: number
  /** Auctions; how often each is bid on follows a Zipf distribution with exponent 0.8. */
  readonly keys: number
  /** Event time goes on by a millisecond every so many records. */
  readonly perMillisecond: number
  readonly partitions: number
}

export interface BenchCase {
  readonly name: CaseName
  readonly title: string
  readonly work: Work
  readonly input: BidInput
}

export type CaseName = 'pass-through' | 'filter-map' | 'windowed-10k' | 'windowed-100k' | 'windowed-1m' | 'sliding'

const tumbling10s = { kind: 'windowed', sizeMs: 10_000, slideMs: 10_000 } as const

export const cases: Readonly<Record<CaseName, BenchCase>> = {
  'pass-through': {
    name: 'pass-through',
    title: 'pass-through: decode every field, encode it again',
    work: { kind: 'pass-through' },
    input: { records: 1_500_000, keys: 10_000, perMillisecond: 10, partitions: 4 },
  },
  'filter-map': {
    name: 'filter-map',
    title: 'filter and map: half of the bids, three fields of each',
    work: { kind: 'filter-map' },
    input: { records: 1_500_000, keys: 10_000, perMillisecond: 10, partitions: 4 },
  },
  'windowed-10k': {
    name: 'windowed-10k',
    title: 'count and sum per auction, tumbling 10 s, 10 thousand keys',
    work: tumbling10s,
    input: { records: 3_000_000, keys: 10_000, perMillisecond: 10, partitions: 4 },
  },
  'windowed-100k': {
    name: 'windowed-100k',
    title: 'count and sum per auction, tumbling 10 s, 100 thousand keys',
    work: tumbling10s,
    input: { records: 2_000_000, keys: 100_000, perMillisecond: 100, partitions: 4 },
  },
  'windowed-1m': {
    name: 'windowed-1m',
    title: 'count and sum per auction, tumbling 10 s, 1 million keys',
    work: tumbling10s,
    input: { records: 2_000_000, keys: 1_000_000, perMillisecond: 100, partitions: 4 },
  },
  sliding: {
    name: 'sliding',
    title: 'count and sum per auction, sliding 10 s every second, 10 thousand keys',
    work: { kind: 'windowed', sizeMs: 10_000, slideMs: 1_000 },
    input: { records: 600_000, keys: 10_000, perMillisecond: 10, partitions: 4 },
  },
}

/** The case over a part of its input, or over other partitions. */
export const withInput = (of: BenchCase, change: Partial<BidInput>): BenchCase => ({ ...of, input: { ...of.input, ...change } })
