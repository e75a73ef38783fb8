/**
 * Events of an auction house, the same for the same seed. As in the original of the benchmark one in fifty is a new person, three are new auctions and the
 * rest are bids; half of the bids are for the auction of the hour, three quarters of them by its most eager bidder, and most auctions are by one seller.
 */
import { randomOf } from '../../support/orders.ts'
import type { Auction, Bid, Event, Person } from './schema.ts'

export interface EventsOptions {
  readonly count: number
  readonly seed?: number
  readonly perSecond?: number
}

/** How much older than the newest event an event may be. */
export const disorderMs = 2_000

/** In the order in which they are sent. */
export function eventsOf({ count, seed = 1, perSecond = 100 }: EventsOptions): readonly Event[] {
  const random = randomOf(seed)
  const below = (bound: number): number => Math.floor(random() * bound)
  const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!
  let people = 0
  let auctions = 0

  const personAt = (dateTime: number): Person => {
    const [name, state] = [`${oneOf(firstNames)} ${oneOf(lastNames)}`, oneOf(Object.keys(cities))]
    return { id: firstId + people++, name, emailAddress: `${below(1e6)}@${below(1e3)}.com`, city: oneOf(cities[state] ?? []), state, dateTime }
  }
  const auctionAt = (dateTime: number): Auction => {
    const initialBid = priceOf(random())
    return {
      id: firstId + auctions++,
      itemName: `item ${below(1e4)}`,
      initialBid,
      reserve: initialBid + priceOf(random()),
      dateTime,
      expires: dateTime + 1 + below(20_000),
      seller: firstId + (below(hotSellers) > 0 ? hot(people) : recent(people, activePeople)),
      category: 10 + below(5),
    }
  }
  const bidAt = (dateTime: number): Bid => ({
    auction: firstId + (below(hotAuctions) > 0 ? hot(auctions) : recent(auctions, openAuctions)),
    bidder: firstId + (below(hotBidders) > 0 ? hot(people) : recent(people, activePeople)),
    price: priceOf(random()),
    channel: oneOf(['Apple', 'Google', 'Facebook', 'Baidu']),
    dateTime,
    extra: below(2 ** 30).toString(36),
  })
  const recent = (soFar: number, kept: number): number => Math.max(0, soFar - 1 - below(Math.min(soFar, kept)))

  return Array.from({ length: count }, (_, i): Event => {
    const dateTime = start + Math.floor((i * 1_000) / perSecond) + disorderMs - below(disorderMs + 1)
    const kind = i % 50
    const none = { person: null, auction: null, bid: null }
    if (kind === 0) return { ...none, person: personAt(dateTime) }
    return kind < 4 ? { ...none, auction: auctionAt(dateTime) } : { ...none, bid: bidAt(dateTime) }
  })
}

/** When it happened; epoch ms. */
export function timeOf({ person, auction, bid }: Event): number {
  return (person ?? auction ?? bid)?.dateTime ?? NaN
}

const start = 1_763_800_000_000
/** Of people and of auctions. */
const firstId = 1_000
/** Everything but one in so many is for, or by, who is hot; a hundred follow each other as that. */
const [hotAuctions, hotBidders, hotSellers] = [2, 4, 4]
const hot = (soFar: number): number => Math.max(0, Math.floor((soFar - 1) / 100) * 100)
const openAuctions = 100
const activePeople = 1_000

/** From 1 to a million, in cents; each power of ten as often as the next. */
const priceOf = (random: number): number => Math.round(10 ** (6 * random) * 100)

const firstNames = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah', 'Deiter', 'Walter']
const lastNames = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones', 'Noris']
const cities: Readonly<Record<string, readonly string[]>> = {
  AZ: ['Phoenix'],
  CA: ['Los Angeles', 'San Francisco', 'Palo Alto', 'Redwood City'],
  ID: ['Boise', 'Kent'],
  OR: ['Portland', 'Bend'],
  WA: ['Seattle'],
  WY: ['Cheyenne'],
}
