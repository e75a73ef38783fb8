/** Requests of a consumer group's members, in the versions that know static membership. */
import type {
  JoinGroupAnswer,
  JoinGroupRequest,
  LeaveGroupAnswer,
  LeaveGroupRequest,
  MemberIdentity,
  OffsetFetchAnswer,
  OffsetFetchRequest,
  SyncGroupRequest,
} from '../transport.ts'
import type { RequestKind } from './request.ts'
import { byTopic } from './request.ts'

export const joinGroup: RequestKind<JoinGroupRequest, JoinGroupAnswer> = {
  apiKey: 11,
  version: 5,
  name: 'JoinGroup',
  flexible: false,
  encode: (w, q) =>
    w
      .string(q.groupId)
      .int32(q.sessionTimeoutMs)
      .int32(q.rebalanceTimeoutMs)
      .string(q.memberId)
      .string(q.instanceId)
      .string('consumer')
      .array([q], () => w.string(q.protocol).bytes(q.metadata)),
  decode(r) {
    r.int32()
    const head = { error: r.int16(), generation: r.int32() }
    r.nullableString()
    return {
      ...head,
      leaderId: r.string(),
      memberId: r.string(),
      members: r.array(() => ({ memberId: r.string(), instanceId: r.nullableString(), metadata: r.bytes() })),
    }
  },
}

export const syncGroup: RequestKind<SyncGroupRequest, { readonly error: number; readonly assignment: Buffer }> = {
  apiKey: 14,
  version: 3,
  name: 'SyncGroup',
  flexible: false,
  encode: (w, q) =>
    w
      .string(q.groupId)
      .int32(q.generation)
      .string(q.memberId)
      .string(q.instanceId)
      .array(q.assignments, (a) => w.string(a.memberId).bytes(a.assignment)),
  decode(r) {
    r.int32()
    return { error: r.int16(), assignment: r.bytes() }
  },
}

export const heartbeat: RequestKind<MemberIdentity, { readonly error: number }> = {
  apiKey: 12,
  version: 3,
  name: 'Heartbeat',
  flexible: false,
  encode: (w, q) => w.string(q.groupId).int32(q.generation).string(q.memberId).string(q.instanceId),
  decode(r) {
    r.int32()
    return { error: r.int16() }
  },
}

export const leaveGroup: RequestKind<LeaveGroupRequest, LeaveGroupAnswer> = {
  apiKey: 13,
  version: 3,
  name: 'LeaveGroup',
  flexible: false,
  encode: (w, q) => w.string(q.groupId).array(q.members, (m) => w.string(m.memberId).string(m.instanceId)),
  decode(r) {
    r.int32()
    return { error: r.int16(), members: r.array(() => ({ memberId: r.string(), instanceId: r.nullableString(), error: r.int16() })) }
  },
}

/** Version 7 is the first that can wait for open transactions. */
export const offsetFetch: RequestKind<OffsetFetchRequest, OffsetFetchAnswer> = {
  apiKey: 9,
  version: 7,
  name: 'OffsetFetch',
  flexible: true,
  encode: (w, q) =>
    w
      .compactString(q.groupId)
      .compactArray(byTopic(q.partitions), ({ topic, partitions }) =>
        w
          .compactString(topic)
          .compactArray(partitions, (p) => w.int32(p.partition))
          .tags(),
      )
      .boolean(true)
      .tags(),
  decode(r) {
    r.int32()
    const topics = r.compactArray(() => {
      const topic = r.compactString()
      const partitions = r.compactArray(() => {
        const head = { topic, partition: r.int32(), offset: r.int64() }
        r.int32()
        const answer = { ...head, metadata: r.nullableCompactString(), error: r.int16() }
        r.tags()
        return answer
      })
      r.tags()
      return partitions
    })
    return { error: r.int16(), partitions: topics.flat() }
  },
}
