/** How often each person bids in every ten seconds of the workers' own time. */
import { count, kafka, stream, tumbling } from 'streamjob'
import { Event } from './schema.ts'

export default stream
  .from(kafka({ topic: 'nexmark', schema: Event }))
  .processingTime()
  .flatMap(({ bid }) => (bid === null ? [] : [bid]))
  .keyBy('bidder', { name: 'by-bidder' })
  .window(tumbling('10s'))
  .aggregate('bids-per-bidder', { bids: count() })
  .map(({ key, bids, windowStart, windowEnd }) => ({ bidder: key, bids, windowStart, windowEnd }))
  .to(kafka({ topic: 'bids-of-the-moment' }))
