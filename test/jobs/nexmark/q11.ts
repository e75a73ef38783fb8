/** User sessions: how often each person bids before pausing for more than ten seconds. */
import { count, kafka, session, stream } from 'streamjob'
import { Event } from './schema.ts'

export default stream
  .from(kafka({ topic: 'nexmark', schema: Event }))
  .eventTime({ from: 'record' }, { outOfOrderness: '2s' })
  .flatMap(({ bid }) => (bid === null ? [] : [bid]))
  .keyBy('bidder', { name: 'by-bidder' })
  .window(session('10s'))
  .aggregate('bids-per-session', { bids: count() })
  .map(({ key, bids, windowStart, windowEnd }) => ({ bidder: key, bids, windowStart, windowEnd }))
  .to(kafka({ topic: 'user-sessions' }))
