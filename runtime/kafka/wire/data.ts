/** Requests that carry records, and where they lie. */
import type {
  DeletedRecords,
  DeleteRecordsRequest,
  FetchAnswer,
  FetchRequest,
  ListedOffset,
  ListOffsetsRequest,
  ProducedPartition,
  ProduceRequest,
} from '../transport.ts'
import type { RequestKind } from './request.ts'
import { byTopic } from './request.ts'

const readCommitted = 1
const noSession = { id: 0, epoch: -1 }

/** Without a fetch session, from the leader, read-committed. Version 13 is the first that names topics by id: one made again is not taken for the old one. */
export const fetch: RequestKind<FetchRequest, FetchAnswer> = {
  apiKey: 1,
  version: 13,
  name: 'Fetch',
  flexible: true,
  encode(w, request) {
    w.int32(-1)
      .int32(request.maxWaitMs)
      .int32(request.minBytes)
      .int32(request.maxBytes)
      .int8(readCommitted)
      .int32(noSession.id)
      .int32(noSession.epoch)
    w.compactArray(byTopic(request.partitions), ({ partitions }) =>
      w
        .raw(Buffer.from(partitions[0]!.topicId, 'hex'))
        .compactArray(partitions, (p) => w.int32(p.partition).int32(-1).int64(p.offset).int32(-1).int64(-1).int32(p.maxBytes).tags())
        .tags(),
    )
    w.compactArray([], () => w)
      .compactString('')
      .tags()
  },
  decode(r) {
    r.int32()
    const error = r.int16()
    r.int32()
    const partitions = r.compactArray(() => {
      const topicId = r.uuid()
      const fetched = r.compactArray(() => {
        const head = { topicId, partition: r.int32(), error: r.int16(), highWatermark: r.int64(), lastStableOffset: r.int64(), logStart: r.int64() }
        const aborted = r.compactArray(() => {
          const transaction = { producerId: r.int64(), firstOffset: r.int64() }
          r.tags()
          return transaction
        })
        r.int32()
        const records = r.compactBytes()
        r.tags()
        return { ...head, aborted, records }
      })
      r.tags()
      return fetched
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

export const deleteRecords: RequestKind<DeleteRecordsRequest, readonly DeletedRecords[]> = {
  apiKey: 21,
  version: 2,
  name: 'DeleteRecords',
  flexible: true,
  encode: (w, request) =>
    w
      .compactArray(byTopic(request.partitions), ({ topic, partitions }) =>
        w
          .compactString(topic)
          .compactArray(partitions, (p) => w.int32(p.partition).int64(p.offset).tags())
          .tags(),
      )
      .int32(request.timeoutMs)
      .tags(),
  decode(r) {
    r.int32()
    return r
      .compactArray(() => {
        const topic = r.compactString()
        const deleted = r.compactArray(() => {
          const partition = r.int32()
          const logStart = r.int64()
          const error = r.int16()
          r.tags()
          return { topic, partition, error, logStart }
        })
        r.tags()
        return deleted
      })
      .flat()
  },
}
