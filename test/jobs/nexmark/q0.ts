/** Pass-through: bids as they come. */
import { kafka, stream } from 'streamjob'
import { Event } from './schema.ts'

export default stream
  .from(kafka({ topic: 'nexmark', schema: Event }))
  .flatMap(({ bid }) => (bid === null ? [] : [bid]))
  .to(kafka({ topic: 'bids' }))
