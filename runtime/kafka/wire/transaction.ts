/** Requests of a transactional producer. AddPartitionsToTxn stays at 3: later versions are for brokers among themselves. */
import type { WireReader } from './reader.ts'
import type {
  AddPartitionsRequest,
  InitProducerIdAnswer,
  InitProducerIdRequest,
  PartitionError,
  ProducerIdentity,
  TxnOffsetCommitRequest,
} from '../transport.ts'
import type { RequestKind } from './request.ts'
import { byTopic } from './request.ts'

export const initProducerId: RequestKind<InitProducerIdRequest, InitProducerIdAnswer> = {
  apiKey: 22,
  version: 1,
  name: 'InitProducerId',
  flexible: false,
  encode: (w, q) => w.string(q.transactionalId).int32(q.transactionTimeoutMs),
  decode(r) {
    r.int32()
    return { error: r.int16(), producerId: r.int64(), epoch: r.int16() }
  },
}

export const addPartitionsToTxn: RequestKind<AddPartitionsRequest, readonly PartitionError[]> = {
  apiKey: 24,
  version: 3,
  name: 'AddPartitionsToTxn',
  flexible: true,
  encode: (w, q) =>
    w
      .compactString(q.transactionalId)
      .int64(q.producerId)
      .int16(q.epoch)
      .compactArray(byTopic(q.partitions), ({ topic, partitions }) =>
        w
          .compactString(topic)
          .compactArray(partitions, (p) => w.int32(p.partition))
          .tags(),
      )
      .tags(),
  decode: partitionErrors,
}

export const addOffsetsToTxn: RequestKind<ProducerIdentity & { readonly groupId: string }, { readonly error: number }> = {
  apiKey: 25,
  version: 1,
  name: 'AddOffsetsToTxn',
  flexible: false,
  encode: (w, q) => w.string(q.transactionalId).int64(q.producerId).int16(q.epoch).string(q.groupId),
  decode: onlyError,
}

/** Version 3 is the first that carries generation, member and instance, which fence an outdated member. */
export const txnOffsetCommit: RequestKind<TxnOffsetCommitRequest, readonly PartitionError[]> = {
  apiKey: 28,
  version: 3,
  name: 'TxnOffsetCommit',
  flexible: true,
  encode: (w, q) =>
    w
      .compactString(q.transactionalId)
      .compactString(q.groupId)
      .int64(q.producerId)
      .int16(q.epoch)
      .int32(q.generation)
      .compactString(q.memberId)
      .compactString(q.instanceId)
      .compactArray(byTopic(q.offsets), ({ topic, partitions }) =>
        w
          .compactString(topic)
          .compactArray(partitions, (p) => w.int32(p.partition).int64(p.offset).int32(-1).compactString(p.metadata).tags())
          .tags(),
      )
      .tags(),
  decode: partitionErrors,
}

export const endTxn: RequestKind<ProducerIdentity & { readonly commit: boolean }, { readonly error: number }> = {
  apiKey: 26,
  version: 1,
  name: 'EndTxn',
  flexible: false,
  encode: (w, q) => w.string(q.transactionalId).int64(q.producerId).int16(q.epoch).boolean(q.commit),
  decode: onlyError,
}

function onlyError(r: WireReader): { readonly error: number } {
  r.int32()
  return { error: r.int16() }
}

function partitionErrors(r: WireReader): PartitionError[] {
  r.int32()
  const topics = r.compactArray(() => {
    const topic = r.compactString()
    const partitions = r.compactArray(() => {
      const answer = { topic, partition: r.int32(), error: r.int16() }
      r.tags()
      return answer
    })
    r.tags()
    return partitions
  })
  return topics.flat()
}
