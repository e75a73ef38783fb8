/** Keys that come from functions: numbers, then truths. What they were is known from the records alone. */
import { count, kafka, min, stream, sum, t, tumbling } from 'streamjob'

const Reading = t.object({ celsius: t.number, at: t.timestamp })

export default stream
  .from(kafka({ topic: 'readings', schema: Reading }))
  .eventTime('at', { outOfOrderness: '0s' })
  .map(({ celsius }) => ({ step: Math.floor(celsius / 0.5) * 0.5, celsius }))
  .keyBy('step')
  .window(tumbling('10ms'))
  .aggregate('steps', { readings: count() })
  .map(({ key, readings }) => ({ step: key, frost: key < 0, readings }))
  .keyBy('frost')
  .window(tumbling('10ms'))
  .aggregate('sides', { steps: count(), lowest: min('step'), readings: sum('readings') })
  .to(kafka({ topic: 'sides' }))
