/** One stream, used three times: heavy parcels and the others go apart, and all of them are counted by where they go, through a topic of the job's own. */
import { count, job, kafka, otherwise, stream, sum, t, tumbling } from 'streamjob'

const Parcel = t.object({ sender: t.string, city: t.string, grams: t.integer, at: t.timestamp })

const parcels = stream.from(kafka({ topic: 'parcels', key: 'sender', schema: Parcel })).eventTime('at', { outOfOrderness: '5s' })
const { heavy, light } = parcels.split({ heavy: ({ grams }) => grams > 20_000, light: otherwise })

export default job(
  heavy.to(kafka({ topic: 'heavy-parcels', create: { partitions: 2 } })),
  light
    .keyBy('sender')
    .window(tumbling('1m'))
    .aggregate('by-sender', { parcels: count(), grams: sum('grams') })
    .to(kafka({ topic: 'parcels-by-sender' })),
  parcels
    .keyBy('city', { name: 'city' })
    .window(tumbling('1m'))
    .aggregate('by-city', { parcels: count() })
    .to(kafka({ topic: 'parcels-by-city' })),
)
