/** The records of an input, and those behind them that close every window. */
import type { Input } from '../cases.ts'
import { flushBid, generateBids, type Bid } from './bids.ts'
import { flushPerson, generateNewcomers, type HouseEvent } from './newcomers.ts'
import { timeBehind } from './time.ts'

export type InputValue = Bid | HouseEvent

export interface InputRecord {
  /** Of the record in Kafka: the auction of a bid, the id of a person or an auction. */
  readonly key: number
  /** Event time, epoch ms. */
  readonly dateTime: number
  readonly value: InputValue
}

/** The same records every time. */
export function* recordsOf(input: Input): Generator<InputRecord> {
  for (const value of input.of === 'bids' ? generateBids(input) : generateNewcomers(input)) yield recordOf(value)
}

/**
 * Records that close every window of those before: each with a key of its own, so far ahead that the watermark passes the last window.
 * @param partition Where a record of this key belongs.
 */
export function flushRecords(input: Input, windowMs: number, partition: (key: number) => number): readonly InputRecord[] {
  const dateTime = timeBehind(input, windowMs)
  let key = firstFlushKey
  return Array.from({ length: input.partitions }, (_, wanted) => {
    while (partition(key) !== wanted) key++
    return recordOf(input.of === 'bids' ? flushBid(key, dateTime) : flushPerson(key, dateTime))
  })
}

/** Auctions, bidders and people that only move time on: results of theirs are nobody's. */
export const isFlush = (key: number): boolean => key >= firstFlushKey

const firstFlushKey = 900_000_000

function recordOf(value: InputValue): InputRecord {
  if ('bidder' in value) return { key: value.auction, dateTime: value.dateTime, value }
  const { id, dateTime } = 'person' in value ? value.person : value.auction
  return { key: id, dateTime, value }
}

/** Throws where a case of bids is given something else. */
export function asBid(value: InputValue): Bid {
  if (!('bidder' in value)) throw new TypeError('this case is about bids')
  return value
}

/** Throws where a case of newcomers is given something else. */
export function asHouseEvent(value: InputValue): HouseEvent {
  if ('bidder' in value) throw new TypeError('this case is about newcomers')
  return value
}
