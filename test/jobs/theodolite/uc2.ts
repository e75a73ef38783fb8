/** Use case 2: readings are sampled down to one summary per sensor and minute. */
import { avg, count, kafka, max, min, stream, sum, t, tumbling } from 'streamjob'

const Reading = t.object({ identifier: t.string, timestamp: t.timestamp, valueInW: t.number })

export default stream
  .from(kafka({ topic: 'input', key: 'identifier', schema: Reading }))
  .eventTime('timestamp', { outOfOrderness: '5s' })
  .keyBy('identifier')
  .window(tumbling('1m'))
  .aggregate('summaries', { count: count(), sum: sum('valueInW'), min: min('valueInW'), max: max('valueInW'), mean: avg('valueInW') })
  .to(kafka({ topic: 'summaries' }))
