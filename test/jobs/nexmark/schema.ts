/** The events of the Nexmark benchmark: what happens in an auction house, all of it in one topic. */
import { t } from 'streamjob'
import type { Infer } from 'streamjob'

export const Person = t.object({
  id: t.integer,
  name: t.string,
  emailAddress: t.string,
  city: t.string,
  state: t.string,
  dateTime: t.timestamp,
})

export const Auction = t.object({
  id: t.integer,
  itemName: t.string,
  initialBid: t.integer,
  reserve: t.integer,
  dateTime: t.timestamp,
  expires: t.timestamp,
  seller: t.integer,
  category: t.integer,
})

export const Bid = t.object({
  auction: t.integer,
  bidder: t.integer,
  price: t.integer,
  channel: t.string,
  dateTime: t.timestamp,
  extra: t.string,
})

/** One of the three. Its `dateTime` is the timestamp of the record. */
export const Event = t.object({ person: Person.optional(), auction: Auction.optional(), bid: Bid.optional() })

export type Person = Infer<typeof Person>
export type Auction = Infer<typeof Auction>
export type Bid = Infer<typeof Bid>
export type Event = Infer<typeof Event>
