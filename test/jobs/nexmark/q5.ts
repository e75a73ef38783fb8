/** Hot items: the auctions with most bids in the last ten seconds, every two seconds; all of them where several have as many. */
import { count, kafka, sliding, stream, tumbling } from 'streamjob'
import { Event } from './schema.ts'

export default stream
  .from(kafka({ topic: 'nexmark', schema: Event }))
  .eventTime({ from: 'record' }, { outOfOrderness: '2s' })
  .flatMap(({ bid }) => (bid === null ? [] : [bid]))
  .keyBy('auction', { name: 'by-auction' })
  .window(sliding('10s', '2s'))
  .aggregate('bids-per-auction', { bids: count() })
  .map(({ key, bids, windowEnd }) => ({ windowEnd, bids, auctions: [key] }))
  .keyBy('windowEnd', { name: 'by-window' })
  // Results bear the last moment of their windows, which end every two seconds: all of one window meet here, and no others.
  .window(tumbling('2s'))
  .reduce('hottest', (a, b) => (a.bids === b.bids ? { ...a, auctions: [...a.auctions, ...b.auctions] } : a.bids > b.bids ? a : b))
  .flatMap(({ windowEnd, value: { bids, auctions } }) =>
    auctions.toSorted((a, b) => a - b).map((auction) => ({ auction, bids, windowStart: windowEnd - 10_000, windowEnd })),
  )
  .to(kafka({ topic: 'hot-items' }))
