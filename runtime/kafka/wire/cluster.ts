/** Requests about the cluster: who leads a partition, who coordinates a group or a transactional id. */
import type { CoordinatorAnswer, CoordinatorKind, MetadataAnswer } from '../transport.ts'
import type { RequestKind } from './request.ts'

/** Version 10 is the first with topic ids, and never creates a topic here. */
export const metadata: RequestKind<readonly string[], MetadataAnswer> = {
  apiKey: 3,
  version: 10,
  name: 'Metadata',
  flexible: true,
  encode: (w, topics) =>
    w
      .compactArray(topics, (topic) => w.raw(noUuid).compactString(topic).tags())
      .boolean(false)
      .boolean(false)
      .boolean(false)
      .tags(),
  decode(r) {
    r.int32()
    const brokers = r.compactArray(() => {
      const broker = { node: r.int32(), host: r.compactString(), port: r.int32() }
      r.nullableCompactString()
      r.tags()
      return broker
    })
    const clusterId = r.compactString()
    r.int32()
    const topics = r.compactArray(() => {
      const topic = { error: r.int16(), topic: r.compactString(), id: r.uuid() }
      r.boolean()
      const partitions = r.compactArray(() => {
        const partition = { error: r.int16(), partition: r.int32(), leader: r.int32() }
        r.int32()
        for (let list = 0; list < 3; list++) r.compactArray(() => r.int32())
        r.tags()
        return partition
      })
      r.int32()
      r.tags()
      return { ...topic, partitions }
    })
    return { clusterId, brokers, topics }
  },
}

/** With the address of the coordinator, which may be newer than that of the last metadata. */
export const findCoordinator: RequestKind<
  { readonly kind: CoordinatorKind; readonly key: string },
  CoordinatorAnswer & { readonly host: string; readonly port: number }
> = {
  apiKey: 10,
  version: 1,
  name: 'FindCoordinator',
  flexible: false,
  encode: (w, request) => w.string(request.key).int8(request.kind === 'group' ? 0 : 1),
  decode(r) {
    r.int32()
    const error = r.int16()
    r.nullableString()
    return { error, node: r.int32(), host: r.string(), port: r.int32() }
  },
}

const noUuid = Buffer.alloc(16)
