/** The queries of Nexmark as functions over a declared schema: they keep lists, which steps do not. */
import type { Work } from '../cases.ts'
import type { ProgramTopics } from './program.ts'

/** The text of a module. Bids are keyed by auction, newcomers by themselves. */
export function nexmarkModule(work: Extract<Work, { readonly kind: 'hot-items' | 'highest-bids' | 'new-users' }>, topics: ProgramTopics): string {
  switch (work.kind) {
    case 'hot-items':
      return hotItems(topics, work.sizeMs, work.slideMs)
    case 'highest-bids':
      return highestBids(topics, work.sizeMs)
    case 'new-users':
      return newUsers(topics, work.sizeMs)
  }
}

const hotItems = ({ input, output }: ProgramTopics, sizeMs: number, slideMs: number): string => `
import { count, kafka, sliding, stream, t, tumbling } from 'streamjob'

const bid = t.object({ auction: t.integer, dateTime: t.timestamp })

export default stream
  .from(kafka({ topic: '${input}', key: 'auction', schema: bid }))
  .eventTime('dateTime', { outOfOrderness: '2s' })
  .keyBy('auction')
  .window(sliding('${sizeMs}ms', '${slideMs}ms'))
  .aggregate('bids-per-auction', { bids: count() })
  .map(({ key, bids, windowEnd }) => ({ windowEnd, bids, auctions: [key] }))
  .keyBy('windowEnd', { name: 'by-window' })
  // Results bear the last moment of their windows, which end every slide: all of one window meet here, and no others.
  .window(tumbling('${slideMs}ms'))
  .reduce('hottest', (a, b) => (a.bids === b.bids ? { ...a, auctions: [...a.auctions, ...b.auctions] } : a.bids > b.bids ? a : b))
  .flatMap(({ key, value: { bids, auctions } }) =>
    auctions.map((auction) => ({ auction, bids, windowStart: key - ${sizeMs}, windowEnd: key })),
  )
  .to(kafka({ topic: '${output}' }))
`

const highestBids = ({ input, output }: ProgramTopics, sizeMs: number): string => `
import { kafka, stream, t, tumbling } from 'streamjob'

const bid = t.object({ auction: t.integer, bidder: t.integer, price: t.integer, dateTime: t.timestamp, extra: t.string })

const higher = (a, b) => (a.price === b.price ? { ...a, bids: [...a.bids, ...b.bids] } : a.price > b.price ? a : b)

export default stream
  .from(kafka({ topic: '${input}', key: 'auction', schema: bid }))
  .eventTime('dateTime', { outOfOrderness: '2s' })
  .map((bid) => ({ auction: bid.auction, price: bid.price, bids: [bid] }))
  .keyBy('auction')
  .window(tumbling('${sizeMs}ms'))
  .reduce('highest-of-auction', higher)
  .map(({ windowEnd, value: { price, bids } }) => ({ windowEnd, price, bids }))
  .keyBy('windowEnd', { name: 'by-window' })
  .window(tumbling('${sizeMs}ms'))
  .reduce('highest', higher)
  .flatMap(({ key, value: { bids } }) => bids.map((bid) => ({ ...bid, windowEnd: key })))
  .to(kafka({ topic: '${output}' }))
`

const newUsers = ({ input, output }: ProgramTopics, sizeMs: number): string => `
import { kafka, stream, t, tumbling } from 'streamjob'

const event = t.object({ person: t.object({ id: t.integer, name: t.string }).optional(), auction: t.object({ seller: t.integer }).optional() })

export default stream
  .from(kafka({ topic: '${input}', schema: event }))
  .eventTime({ from: 'record' }, { outOfOrderness: '2s' })
  .map(({ person, auction }) => ({ id: person === null ? auction.seller : person.id, name: person === null ? null : person.name, sells: auction !== null }))
  .keyBy('id', { name: 'by-person' })
  .window(tumbling('${sizeMs}ms'))
  .reduce('new-users', (a, b) => ({ id: a.id, name: a.name ?? b.name, sells: a.sells || b.sells }))
  .filter(({ value: { name, sells } }) => name !== null && sells)
  .map(({ key, value: { name }, windowStart }) => ({ id: key, name, windowStart }))
  .to(kafka({ topic: '${output}' }))
`
