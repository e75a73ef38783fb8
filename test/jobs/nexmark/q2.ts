/** Selection: bids for some of the auctions. */
import { kafka, stream } from 'streamjob'
import { Event } from './schema.ts'

export default stream
  .from(kafka({ topic: 'nexmark', schema: Event }))
  .flatMap(({ bid }) => (bid === null ? [] : [bid]))
  .filter(({ auction }) => auction % 123 === 0)
  .map(({ auction, price }) => ({ auction, price }))
  .to(kafka({ topic: 'selected-bids' }))
