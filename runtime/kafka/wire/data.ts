/** Requests that carry records, and where they lie. */
import type { FetchAnswer, FetchRequest, ListedOffset, ListOffsetsRequest, ProducedPartition, ProduceRequest } from '../transport.ts'
import type { RequestKind } from './request.ts'
import { byTopic } from './request.ts'

const readCommitted = 1
const noSession = { id: 0, epoch: -1 }

/** Without a fetch session, from the leader, read-committed. */
export const fetch: RequestKind<FetchRequest, FetchAnswer> = {
  apiKey: 1,
  version: 11,
  name: 'Fetch',
  flexible: false,
  encode(w, request) {
    w.int32(-1)
      .int32(request.maxWaitMs)
      .int32(request.minBytes)
      .int32(request.maxBytes)
      .int8(readCommitted)
      .int32(noSession.id)
      .int32(noSession.epoch)
    w.array(byTopic(request.partitions), ({ topic, partitions }) =>
      w.string(topic).array(partitions, (p) => w.int32(p.partition).int32(-1).int64(p.offset).int64(-1).int32(p.maxBytes)),
    )
    w.array([], () => w).string('')
  },
  decode(r) {
    r.int32()
    const error = r.int16()
    r.int32()
    const partitions = r.array(() => {
      const topic = r.string()
      return r.array(() => {
        const head = { topic, partition: r.int32(), error: r.int16(), highWatermark: r.int64(), lastStableOffset: r.int64(), logStart: r.int64() }
        const aborted = r.array(() => ({ producerId: r.int64(), firstOffset: r.int64() }))
        r.int32()
        return { ...head, aborted, records: r.bytes() }
      })
    })
    return { error, partitions: partitions.flat() }
  },
}

/** Acknowledged by all in-sync replicas. Version 8 is the first that says in words why a record was refused. */
export const produce: RequestKind<ProduceRequest, readonly ProducedPartition[]> = {
  apiKey: 0,
  version: 8,
  name: 'Produce',
  flexible: false,
  capacity: (request) => request.partitions.reduce((sum, p) => sum + p.records.length + 300, 100),
  encode: (w, request) =>
    w
      .string(request.transactionalId)
      .int16(-1)
      .int32(request.timeoutMs)
      .array(byTopic(request.partitions), ({ topic, partitions }) => w.string(topic).array(partitions, (p) => w.int32(p.partition).bytes(p.records))),
  decode: (r) =>
    r
      .array(() => {
        const topic = r.string()
        return r.array(() => {
          const head = { topic, partition: r.int32(), error: r.int16(), baseOffset: r.int64() }
          r.int64()
          r.int64()
          const refused = r.array(() => ({ index: r.int32(), message: r.nullableString() }))
          return { ...head, message: r.nullableString() ?? refused.find((record) => record.message !== null)?.message ?? null }
        })
      })
      .flat(),
}

/** Of all that was written, open transactions included. */
export const listOffsets: RequestKind<ListOffsetsRequest, readonly ListedOffset[]> = {
  apiKey: 2,
  version: 2,
  name: 'ListOffsets',
  flexible: false,
  encode: (w, request) =>
    w
      .int32(-1)
      .int8(0)
      .array(byTopic(request.partitions), ({ topic, partitions }) =>
        w.string(topic).array(partitions, (p) => w.int32(p.partition).int64(p.timestamp)),
      ),
  decode(r) {
    r.int32()
    return r
      .array(() => {
        const topic = r.string()
        return r.array(() => {
          const head = { topic, partition: r.int32(), error: r.int16() }
          r.int64()
          return { ...head, offset: r.int64() }
        })
      })
      .flat()
  },
}
