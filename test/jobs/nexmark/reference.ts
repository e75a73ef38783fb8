/**
 * What the queries must give, over the whole list of events: as plain as can be, and nothing in common with the runtime. No event may
 * be late.
 */
import type { Row } from '../../support/whole-job/trial.ts'
import { timeOf } from './events.ts'
import type { Bid, Event } from './schema.ts'

/** By the name of the query; `perRecord`: rows keep the order of the events of their partition, others that of their key. */
export const references: Readonly<Record<string, { readonly perRecord: boolean; readonly rows: (events: readonly Event[]) => readonly Row[] }>> = {
  q0: { perRecord: true, rows: (events) => bidsOf(events).map((bid) => [null, bid, bid.dateTime]) },
  q1: { perRecord: true, rows: (events) => bidsOf(events).map((bid) => [null, { ...bid, price: bid.price * 0.908 }, bid.dateTime]) },
  q2: {
    perRecord: true,
    rows: (events) =>
      bidsOf(events)
        .filter(({ auction }) => auction % 123 === 0)
        .map(({ auction, price, dateTime }) => [null, { auction, price }, dateTime]),
  },
  q5: { perRecord: false, rows: hotItems },
  q7: { perRecord: false, rows: highestBids },
  'q7-price': { perRecord: false, rows: highestPrices },
  q8: { perRecord: false, rows: newUsers },
  'q8-merged': { perRecord: false, rows: newUsers },
  q11: { perRecord: false, rows: userSessions },
  'q8-ids': {
    perRecord: false,
    rows: (events) => newUsers(events).map(([key, { id, windowStart }, timestamp]) => [key, { id, windowStart }, timestamp]),
  },
}

/** What all windows of query 12 give together, by bidder: in which of them a bid counts is up to the workers' clock. */
export function bidsPerBidder(events: readonly Event[]): readonly (readonly number[])[] {
  const found = Map.groupBy(bidsOf(events), ({ bidder }) => bidder)
  return [...found].map(([bidder, { length }]) => [bidder, length]).toSorted(([a = 0], [b = 0]) => a - b)
}

function hotItems(events: readonly Event[]): readonly Row[] {
  const bids = bidsOf(events)
  return windows(bids, 10_000, 2_000).flatMap(([windowStart, windowEnd, inside]) => {
    const counts = [...Map.groupBy(inside, ({ auction }) => auction)].map(([auction, { length }]) => ({ auction, bids: length }))
    const most = Math.max(...counts.map((one) => one.bids))
    return counts
      .filter((one) => one.bids === most)
      .toSorted((a, b) => a.auction - b.auction)
      .map((one): Row => [String(windowEnd), { ...one, windowStart, windowEnd }, windowEnd - 1])
  })
}

function highestBids(events: readonly Event[]): readonly Row[] {
  return windows(bidsOf(events), 10_000, 10_000).flatMap(([, windowEnd, inside]) => {
    const highest = Math.max(...inside.map(({ price }) => price))
    return inside
      .filter(({ price }) => price === highest)
      .toSorted((a, b) => a.dateTime - b.dateTime || a.auction - b.auction || a.bidder - b.bidder)
      .map((bid): Row => [String(windowEnd), bid, windowEnd - 1])
  })
}

function highestPrices(events: readonly Event[]): readonly Row[] {
  return windows(bidsOf(events), 10_000, 10_000).map(([windowStart, windowEnd, inside]) => {
    const price = Math.max(...inside.map((bid) => bid.price))
    return [String(windowEnd), { key: windowEnd, windowStart, windowEnd, price }, windowEnd - 1]
  })
}

function newUsers(events: readonly Event[]): readonly (readonly [string, { id: number; name: string; windowStart: number }, number])[] {
  const timed = events.map((event) => ({ ...event, dateTime: timeOf(event) }))
  return windows(timed, 10_000, 10_000).flatMap(([windowStart, windowEnd, inside]) =>
    inside.flatMap(({ person }) => {
      if (person === null || !inside.some(({ auction }) => auction?.seller === person.id)) return []
      return [[String(person.id), { id: person.id, name: person.name, windowStart }, windowEnd - 1] as const]
    }),
  )
}

/** Bids of one bidder that are no more than ten seconds apart are one session. */
function userSessions(events: readonly Event[]): readonly Row[] {
  const gap = 10_000
  return [...Map.groupBy(bidsOf(events), ({ bidder }) => bidder)].flatMap(([bidder, bids]) => {
    const times = bids.map(({ dateTime }) => dateTime).toSorted((a, b) => a - b)
    const firsts = times.flatMap((time, i) => (i === 0 || time - times[i - 1]! > gap ? [i] : []))
    return firsts.map((first, n): Row => {
      const session = times.slice(first, firsts[n + 1])
      const windowEnd = session.at(-1)! + gap
      return [String(bidder), { bidder, bids: session.length, windowStart: session[0], windowEnd }, windowEnd - 1]
    })
  })
}

function bidsOf(events: readonly Event[]): readonly Bid[] {
  return events.flatMap(({ bid }) => bid ?? [])
}

/** Every window that holds something, first to last. */
function windows<T extends { readonly dateTime: number }>(
  items: readonly T[],
  size: number,
  slide: number,
): readonly (readonly [start: number, end: number, inside: readonly T[]])[] {
  const times = items.map(({ dateTime }) => dateTime)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const found: (readonly [number, number, readonly T[]])[] = []
  for (let start = Math.floor((first - size) / slide) * slide; start <= last; start += slide) {
    const inside = items.filter(({ dateTime }) => dateTime >= start && dateTime < start + size)
    if (inside.length > 0) found.push([start, start + size, inside])
  }
  return found
}
