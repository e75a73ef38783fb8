/** Highest bid of every ten seconds; all of them where several are as high. First the highest for each auction, so that the last step has little to do. */
import { kafka, stream, tumbling } from 'streamjob'
import { Event } from './schema.ts'
import type { Bid } from './schema.ts'

interface Highest {
  readonly price: number
  readonly bids: readonly Bid[]
}

const higher = <T extends Highest>(a: T, b: T): T => (a.price === b.price ? { ...a, bids: [...a.bids, ...b.bids] } : a.price > b.price ? a : b)

export default stream
  .from(kafka({ topic: 'nexmark', schema: Event }))
  .eventTime({ from: 'record' }, { outOfOrderness: '2s' })
  .flatMap(({ bid }) => (bid === null ? [] : [{ auction: bid.auction, price: bid.price, bids: [bid] }]))
  .keyBy('auction', { name: 'by-auction' })
  .window(tumbling('10s'))
  .reduce('highest-of-auction', higher)
  .map(({ windowEnd, value: { price, bids } }) => ({ windowEnd, price, bids }))
  .keyBy('windowEnd', { name: 'by-window' })
  .window(tumbling('10s'))
  .reduce('highest', higher)
  .flatMap(({ value: { bids } }) => bids.toSorted((a, b) => a.dateTime - b.dateTime || a.auction - b.auction || a.bidder - b.bidder))
  .to(kafka({ topic: 'highest-bids' }))
