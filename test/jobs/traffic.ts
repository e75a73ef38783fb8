/** Requests and response times per host over the last five minutes, every minute. */
import { stream, kafka, sliding, count, sum, min, max, avg, t } from 'streamjob'

const Request = t.object({ host: t.string, path: t.string, status: t.integer, millis: t.number, bytes: t.integer.default(0), at: t.timestamp })

export default stream
  .from(kafka({ topic: 'requests', key: 'host', schema: Request }))
  .eventTime((request) => request.at, { outOfOrderness: '5s' })
  .filter((request) => !request.path.startsWith('/health'))
  .keyBy('host')
  .window(sliding('5m', '1m', { lateness: '1m' }))
  .aggregate('traffic', { requests: count(), bytes: sum('bytes'), fastest: min('millis'), slowest: max('millis'), mean: avg('millis') })
  .map((window) => ({
    host: window.key,
    until: new Date(window.windowEnd).toISOString(),
    requests: window.requests,
    bytes: window.bytes,
    mean: window.mean,
  }))
  .to(kafka({ topic: 'traffic-per-host', create: { partitions: 4 } }))
