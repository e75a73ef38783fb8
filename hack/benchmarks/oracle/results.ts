/** What sessions and the queries of Nexmark must give, as plainly as can be. */
import type { Work } from '../cases.ts'
import type { Bid } from '../input/bids.ts'
import { asBid, asHouseEvent, isFlush } from '../input/records.ts'
import type { Collection } from './collected.ts'
import { WindowTotals } from './window-totals.ts'

type WorkOf<K extends Work['kind']> = Extract<Work, { readonly kind: K }>

export function sessions({ by, gapMs }: WorkOf<'sessions'>): Collection {
  const ofKeys = new Map<number, [dateTime: number, price: number][]>()
  return {
    fields: ['key', 'windowStart', 'windowEnd', 'count', 'sum'],
    keyField: 'key',
    add(value) {
      const bid = asBid(value)
      const held = ofKeys.get(bid[by])
      if (held === undefined) ofKeys.set(bid[by], [[bid.dateTime, bid.price]])
      else held.push([bid.dateTime, bid.price])
    },
    *results() {
      for (const [key, bids] of ofKeys) {
        bids.sort(([a], [b]) => a - b)
        let [start, last, count, sum] = [bids[0]![0], bids[0]![0], 0, 0]
        for (const [dateTime, price] of bids) {
          if (dateTime - last > gapMs) {
            yield [key, start, last + gapMs, count, sum]
            ;[start, count, sum] = [dateTime, 0, 0]
          }
          last = dateTime
          count++
          sum += price
        }
        yield [key, start, last + gapMs, count, sum]
      }
    },
  }
}

export function hotItems({ sizeMs, slideMs }: WorkOf<'hot-items'>): Collection {
  const totals = new WindowTotals({ by: 'auction', sizeMs, slideMs })
  return {
    fields: ['auction', 'bids', 'windowStart', 'windowEnd'],
    keyField: 'windowEnd',
    add: (value) => totals.add(value),
    *results() {
      for (const rows of Map.groupBy(totals.entries(), ({ windowStart }) => windowStart).values()) {
        const most = rows.reduce((greatest, { count }) => Math.max(greatest, count), 0)
        for (const { key, windowStart, count } of rows) if (count === most) yield [key, count, windowStart, windowStart + sizeMs]
      }
    },
  }
}

export function highestBids({ sizeMs }: WorkOf<'highest-bids'>): Collection {
  /** Window start -> the highest so far. */
  const windows = new Map<number, Bid[]>()
  return {
    fields: ['auction', 'bidder', 'price', 'dateTime', 'extra', 'windowEnd'],
    keyField: 'windowEnd',
    add(value) {
      const bid = asBid(value)
      if (isFlush(bid.auction)) return
      const windowStart = Math.floor(bid.dateTime / sizeMs) * sizeMs
      const [highest] = windows.get(windowStart) ?? []
      if (highest === undefined || bid.price > highest.price) windows.set(windowStart, [bid])
      else if (bid.price === highest.price) windows.get(windowStart)!.push(bid)
    },
    *results() {
      for (const [windowStart, bids] of windows) {
        for (const { auction, bidder, price, dateTime, extra } of bids) yield [auction, bidder, price, dateTime, extra, windowStart + sizeMs]
      }
    },
  }
}

export function newUsers({ sizeMs }: WorkOf<'new-users'>): Collection {
  const windowOf = (dateTime: number): number => Math.floor(dateTime / sizeMs) * sizeMs
  const people: [id: number, name: string, windowStart: number][] = []
  /** Window start -> who sells in it. */
  const sellers = new Map<number, Set<number>>()
  return {
    fields: ['id', 'name', 'windowStart'],
    keyField: 'id',
    add(value) {
      const event = asHouseEvent(value)
      if ('person' in event) {
        people.push([event.person.id, event.person.name, windowOf(event.person.dateTime)])
        return
      }
      const windowStart = windowOf(event.auction.dateTime)
      let selling = sellers.get(windowStart)
      if (selling === undefined) sellers.set(windowStart, (selling = new Set()))
      selling.add(event.auction.seller)
    },
    *results() {
      for (const person of people) if (sellers.get(person[2])?.has(person[0])) yield person
    },
  }
}
