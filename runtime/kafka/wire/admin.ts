/** Requests about topics and groups as a whole. Every broker of a KRaft cluster passes them on to the controller. */
import type { NewTopic } from '../admin.ts'
import type { MetadataAnswer } from '../transport.ts'
import { metadata } from './cluster.ts'
import type { RequestKind } from './request.ts'

/** What became of one topic or group. */
export interface NamedError {
  readonly name: string
  readonly error: number
  /** The broker's words; null where it has none. */
  readonly message: string | null
}

/** How long a broker may take for it. */
export const adminTimeoutMs = 15_000

export const listTopics: RequestKind<null, MetadataAnswer> = {
  apiKey: metadata.apiKey,
  version: metadata.version,
  name: metadata.name,
  flexible: metadata.flexible,
  // Null in the place of names asks for all of them.
  encode: (w) => w.unsignedVarint(0).boolean(false).boolean(false).boolean(false).tags(),
  decode: (r) => metadata.decode(r),
}

/** Version 4 is the first that takes -1 for the broker's default. */
export const createTopic: RequestKind<NewTopic, readonly NamedError[]> = {
  apiKey: 19,
  version: 4,
  name: 'CreateTopics',
  flexible: false,
  encode: (w, topic) =>
    w
      .array([topic], () =>
        w
          .string(topic.topic)
          .int32(topic.partitions)
          .int16(topic.replicationFactor)
          .array([], () => w)
          .array(Object.entries(topic.config), ([name, value]) => w.string(name).string(value)),
      )
      .int32(adminTimeoutMs)
      .boolean(false),
  decode(r) {
    r.int32()
    return r.array(() => ({ name: r.string(), error: r.int16(), message: r.nullableString() }))
  },
}

export const growTopic: RequestKind<{ readonly topic: string; readonly partitions: number }, readonly NamedError[]> = {
  apiKey: 37,
  version: 1,
  name: 'CreatePartitions',
  flexible: false,
  encode: (w, { topic, partitions }) =>
    w
      // -1: where they are placed is left to the brokers.
      .array([topic], (name) => w.string(name).int32(partitions).int32(-1))
      .int32(adminTimeoutMs)
      .boolean(false),
  decode(r) {
    r.int32()
    return r.array(() => ({ name: r.string(), error: r.int16(), message: r.nullableString() }))
  },
}

export const deleteTopics: RequestKind<readonly string[], readonly NamedError[]> = {
  apiKey: 20,
  version: 3,
  name: 'DeleteTopics',
  flexible: false,
  encode: (w, topics) => w.array(topics, (topic) => w.string(topic)).int32(adminTimeoutMs),
  decode(r) {
    r.int32()
    return r.array(() => ({ name: r.string(), error: r.int16(), message: null }))
  },
}

/** For the coordinator of the group. */
export const deleteGroup: RequestKind<string, readonly NamedError[]> = {
  apiKey: 42,
  version: 1,
  name: 'DeleteGroups',
  flexible: false,
  encode: (w, groupId) => w.array([groupId], (group) => w.string(group)),
  decode(r) {
    r.int32()
    return r.array(() => ({ name: r.string(), error: r.int16(), message: null }))
  },
}
