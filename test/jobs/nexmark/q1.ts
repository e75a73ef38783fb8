/** Currency conversion: bids with their prices in euro. */
import { kafka, stream } from 'streamjob'
import { Event } from './schema.ts'

const euroPerDollar = 0.908

export default stream
  .from(kafka({ topic: 'nexmark', schema: Event }))
  .flatMap(({ bid }) => (bid === null ? [] : [bid]))
  .map((bid) => ({ ...bid, price: euroPerDollar * bid.price }))
  .to(kafka({ topic: 'bids-in-euro' }))
