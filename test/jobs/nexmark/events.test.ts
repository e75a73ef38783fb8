import test from 'ava'
import { disorderMs, eventsOf, timeOf } from './events.ts'

const events = eventsOf({ count: 5_000 })

test('one event in fifty is a person, three are auctions, the rest are bids', (t) => {
  t.is(events.filter(({ person }) => person !== null).length, 100)
  t.is(events.filter(({ auction }) => auction !== null).length, 300)
  t.is(events.filter(({ bid }) => bid !== null).length, 4_600)
})

test('events are out of order, and none by more than the bound', (t) => {
  let newest = -Infinity
  const behind = events.map((event) => {
    newest = Math.max(newest, timeOf(event))
    return newest - timeOf(event)
  })
  t.true(Math.max(...behind) > disorderMs / 2)
  t.true(Math.max(...behind) <= disorderMs)
})

test('people, auctions and bids speak of each other, and some are hot', (t) => {
  const people = new Set(events.flatMap(({ person }) => person?.id ?? []))
  const auctions = events.flatMap(({ auction }) => auction ?? [])
  const ids = new Set(auctions.map(({ id }) => id))
  const bids = events.flatMap(({ bid }) => bid ?? [])
  t.true(auctions.every(({ seller }) => people.has(seller)))
  t.true(bids.every(({ auction, bidder }) => ids.has(auction) && people.has(bidder)))
  const most = Math.max(...[...Map.groupBy(bids, ({ auction }) => auction).values()].map(({ length }) => length))
  t.true(most > bids.length / ids.size / 0.02, `${most} bids for one auction`)
})

test('the same seed gives the same events, another one others', (t) => {
  t.deepEqual(eventsOf({ count: 100 }), events.slice(0, 100))
  t.notDeepEqual(eventsOf({ count: 100, seed: 2 }), events.slice(0, 100))
})
