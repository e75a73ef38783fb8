/** What this runtime says through the group protocol: who a member is, and what the leader answers. */
import { StreamJobError } from '../../errors.ts'
import type { Assignor, GroupIdentity, GroupMember } from '../../kafka/client.ts'
import type { TopicPartition } from '../../kafka/records.ts'
import { MemberAssignment, MemberUserData } from '../../protocol.ts'
import type { JobRecord } from '../../protocol.ts'
import { assignTasks } from '../assignment.ts'
import type { Candidate, CopyId, Share, TaskId } from '../assignment.ts'

export interface Joined {
  readonly identity: GroupIdentity
  /** Epoch under which the leader assigned. */
  readonly epoch: number
  /** Epoch under which the leader took this member to be; older than its own where a former process was asked. */
  readonly introduced: number
  readonly tasks: readonly TaskId[]
  /** Tasks of others whose state this worker keeps up to date. */
  readonly copies: readonly CopyId[]
  /** Instance ids of all members at this generation. */
  readonly members: readonly string[]
}

export interface Introduction {
  /** 0: this worker may not work under the present record. */
  readonly epoch: number
  readonly ordinal: number
  readonly owned: readonly string[]
  /** Tasks of which it has a copy that is nearly up to date. */
  readonly warm: readonly string[]
}

export async function joinGroup(member: GroupMember, introduction: Introduction): Promise<Joined> {
  const userData: MemberUserData = { formatVersion: 1, ...introduction, owned: [...introduction.owned], warm: [...introduction.warm] }
  const { identity, assignment } = await member.join(Buffer.from(JSON.stringify(userData)))
  if (assignment.length === 0) return { identity, epoch: 0, introduced: 0, tasks: [], copies: [], members: [] }
  const { epoch, introduced = introduction.epoch, tasks, warm, members } = parse(MemberAssignment, assignment, 'the assignment of the group’s leader')
  return { identity, epoch, introduced, tasks, copies: warm, members }
}

/** The partitions in an assignment, for Kafka's own tools: whoever describes the group sees who reads what. */
export function describeAssignment(record: JobRecord | null, assignment: Buffer): TopicPartition[] {
  const topics = new Map(record?.stages.map(({ name, sourceTopic }) => [name, sourceTopic]))
  const { tasks } = parse(MemberAssignment, assignment, 'an assignment')
  return tasks.flatMap(({ stage, partition }) => {
    const topic = topics.get(stage)
    return topic === undefined ? [] : [{ topic, partition }]
  })
}

/** The leader's part: assigns by the record that it knows; nothing while it knows none, or the job is to stop. */
export function leaderAssignor(record: () => JobRecord | null): Assignor {
  return (members) => {
    const order = record()
    const candidates = members.map(({ instanceId, userData }): Candidate => ({ instanceId, ...introductionOf(userData) }))
    const assigned = order === null || order.mode === 'stop' ? new Map<string, Share>() : assignTasks(order, candidates)
    const all = members.map(({ instanceId }) => instanceId)
    return new Map(
      candidates.map(({ instanceId, epoch: introduced }) => {
        const answer: MemberAssignment = {
          formatVersion: 1,
          epoch: order?.epoch ?? 0,
          introduced,
          tasks: [...(assigned.get(instanceId)?.tasks ?? [])],
          warm: [...(assigned.get(instanceId)?.copies ?? [])],
          members: all,
        }
        return [instanceId, Buffer.from(JSON.stringify(answer))]
      }),
    )
  }
}

/** A member that can't be understood gets nothing, and keeps nobody from working. */
function introductionOf(userData: Buffer): Introduction {
  try {
    const { epoch, ordinal, owned, warm } = MemberUserData.parse(JSON.parse(userData.toString()))
    return { epoch, ordinal, owned, warm }
  } catch {
    return { epoch: 0, ordinal: 0, owned: [], warm: [] }
  }
}

function parse<T>(schema: { parse(value: unknown): T }, bytes: Buffer, what: string): T {
  try {
    return schema.parse(JSON.parse(bytes.toString()))
  } catch (cause) {
    throw new StreamJobError('kafka-protocol', `Can't read ${what}; is another application using this job's group?`, { cause })
  }
}
