/** Use case 3: the mean of each sensor at each hour of the day, over the last three days, every day. */
import { avg, count, kafka, sliding, stream, t } from 'streamjob'

const Reading = t.object({ identifier: t.string, timestamp: t.timestamp, valueInW: t.number })

export default stream
  .from(kafka({ topic: 'input', key: 'identifier', schema: Reading }))
  .eventTime('timestamp', { outOfOrderness: '10m' })
  .map(({ identifier, timestamp, valueInW }) => ({ slot: `${identifier} at ${new Date(timestamp).getUTCHours()}`, valueInW }))
  .keyBy('slot', { name: 'by-hour-of-day' })
  .window(sliding('3d', '1d'))
  .aggregate('hours-of-day', { count: count(), mean: avg('valueInW') })
  .to(kafka({ topic: 'hours-of-day' }))
