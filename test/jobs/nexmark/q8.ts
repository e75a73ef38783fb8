/** New users: people who have joined and opened an auction within the same ten seconds. A join of two kinds of event that stand in one topic. */
import { kafka, stream, tumbling } from 'streamjob'
import { Event } from './schema.ts'

export default stream
  .from(kafka({ topic: 'nexmark', schema: Event }))
  .eventTime({ from: 'record' }, { outOfOrderness: '2s' })
  .flatMap(({ person, auction }): readonly { id: number; name: string | null; sells: boolean }[] => {
    if (person !== null) return [{ id: person.id, name: person.name, sells: false }]
    return auction === null ? [] : [{ id: auction.seller, name: null, sells: true }]
  })
  .keyBy('id', { name: 'by-person' })
  .window(tumbling('10s'))
  .reduce('new-users', (a, b) => ({ id: a.id, name: a.name ?? b.name, sells: a.sells || b.sells }))
  .filter(({ value: { name, sells } }) => name !== null && sells)
  .map(({ key, value: { name }, windowStart }) => ({ id: key, name, windowStart }))
  .to(kafka({ topic: 'new-users' }))
