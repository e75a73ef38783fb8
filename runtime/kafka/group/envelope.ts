/**
 * What a member and its leader say to each other, inside the standard consumer protocol, so that Kafka's own tools can describe the group. Ours travels in
 * the user data of both messages.
 */
import type { MemberMetadata } from '../client.ts'
import type { TopicPartition } from '../records.ts'
import { WireReader } from '../wire/reader.ts'
import { byTopic } from '../wire/request.ts'
import { WireWriter } from '../wire/writer.ts'

const protocolVersion = 1
const formatVersion = 1

/** `round` makes otherwise equal metadata differ: a broker ignores the rejoin of a follower whose metadata has not changed. */
export function encodeSubscription(round: number, userData: Buffer): Buffer {
  const ours = new WireWriter().int8(formatVersion).int32(round).bytes(userData).finish()
  return new WireWriter()
    .int16(protocolVersion)
    .array([], () => {})
    .bytes(ours)
    .array([], () => {})
    .finish()
}

/** Empty where another program has joined the group. */
export function decodeSubscription(metadata: Buffer): Buffer {
  try {
    const standard = new WireReader(metadata)
    standard.int16()
    standard.array(() => standard.string())
    const ours = new WireReader(standard.bytes())
    if (ours.int8() !== formatVersion) return nothing
    ours.int32()
    return ours.bytes()
  } catch (error) {
    if (error instanceof RangeError) return nothing
    throw error
  }
}

export interface AssignmentEnvelope {
  /** Instance ids of all members of this generation, in order. */
  readonly instances: readonly string[]
  readonly assignment: Buffer
}

/** `partitions` is for people who describe the group. */
export function encodeAssignment({ instances, assignment }: AssignmentEnvelope, partitions: readonly TopicPartition[]): Buffer {
  const ours = new WireWriter(assignment.length + 512)
  ours
    .int8(formatVersion)
    .array(instances, (instance) => ours.string(instance))
    .bytes(assignment)
  const standard = new WireWriter(assignment.length + 1_024).int16(protocolVersion)
  standard.array(byTopic(partitions), (entry) => standard.string(entry.topic).array(entry.partitions, (p) => standard.int32(p.partition)))
  return standard.bytes(ours.finish()).finish()
}

/** Empty for a member that got nothing. */
export function decodeAssignment(bytes: Buffer): AssignmentEnvelope {
  if (bytes.length === 0) return { instances: [], assignment: nothing }
  const standard = new WireReader(bytes)
  standard.int16()
  standard.array(() => [standard.string(), standard.array(() => standard.int32())])
  const ours = new WireReader(standard.bytes())
  ours.int8()
  return { instances: ours.array(() => ours.string()), assignment: ours.bytes() }
}

export function memberMetadata(member: { readonly memberId: string; readonly instanceId: string | null; readonly metadata: Buffer }): MemberMetadata {
  return { memberId: member.memberId, instanceId: member.instanceId ?? member.memberId, userData: decodeSubscription(member.metadata) }
}

const nothing = Buffer.alloc(0)
