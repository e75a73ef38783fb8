/** New users, where people and auctions come from a topic each. */
import { kafka, stream, tumbling } from 'streamjob'
import { Auction, Person } from './schema.ts'

interface Sign {
  readonly id: number
  /** Null: somebody sells. */
  readonly name: string | null
}

const people = stream
  .from(kafka({ topic: 'people', schema: Person }))
  .eventTime('dateTime', { outOfOrderness: '2s' })
  .map(({ id, name }): Sign => ({ id, name }))

const sellers = stream
  .from(kafka({ topic: 'auctions', schema: Auction }))
  .eventTime('dateTime', { outOfOrderness: '2s' })
  .map(({ seller }): Sign => ({ id: seller, name: null }))

export default people
  .merge(sellers)
  .map(({ id, name }) => ({ id, name, sells: name === null }))
  .keyBy('id', { name: 'by-person' })
  .window(tumbling('10s'))
  .reduce('new-users', (a, b) => ({ id: a.id, name: a.name ?? b.name, sells: a.sells || b.sells }))
  .filter(({ value: { name, sells } }) => name !== null && sells)
  .map(({ key, value: { name }, windowStart }) => ({ id: key, name, windowStart }))
  .to(kafka({ topic: 'new-users' }))
