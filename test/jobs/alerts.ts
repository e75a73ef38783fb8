/** Stateless: turns readings of sensors beyond a limit into alerts, one for each tag. */
import { stream, kafka, t } from 'streamjob'

const Reading = t.object({ sensor: t.string, celsius: t.number, limit: t.number.default(80), tags: t.list(t.string).default([]) })

export default stream
  .from(kafka({ topic: 'readings', schema: Reading }))
  .filter((reading) => reading.celsius > reading.limit)
  .flatMap((reading) => reading.tags.map((tag) => ({ sensor: reading.sensor, tag, above: reading.celsius - reading.limit })))
  .to(kafka({ topic: 'alerts' }))
