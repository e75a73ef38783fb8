/** Use case 1: every reading is stored, in the format of the store. */
import { kafka, stream, t } from 'streamjob'

const Reading = t.object({ identifier: t.string, timestamp: t.timestamp, valueInW: t.number })

export default stream
  .from(kafka({ topic: 'input', key: 'identifier', schema: Reading }))
  .map(({ identifier, timestamp, valueInW }) => ({ sensor: identifier, at: new Date(timestamp).toISOString(), kilowatt: valueInW / 1_000 }))
  .to(kafka({ topic: 'stored' }))
