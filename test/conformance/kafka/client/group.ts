import type { TopicPartition } from '../../../../runtime/kafka/records.ts'
import type { JoinGroupAnswer, KafkaChannel, MemberIdentity } from '../../../../runtime/kafka/transport.ts'
import { errorName } from './errors.ts'
import type { KafkaUnderTest } from './kafka.ts'
import { decodeSubscription, encodeSubscription } from '../../../../runtime/kafka/group/envelope.ts'

export interface JoinOptions {
  readonly memberId?: string
  readonly metadata?: string
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly protocol?: string
}

export type Joined = Omit<JoinGroupAnswer, 'error' | 'members'> & {
  readonly error: string
  readonly members: readonly { readonly memberId: string; readonly instanceId: string | null; readonly metadata: string }[]
}

/** A consumer group, asked by hand. */
export class RawGroup {
  readonly groupId: string
  readonly node: number
  readonly #kafka: KafkaUnderTest

  constructor(kafka: KafkaUnderTest, groupId: string, node: number) {
    this.#kafka = kafka
    this.groupId = groupId
    this.node = node
  }

  /** A member that has not joined yet, in a channel of its own: a join waits. No instance id: a dynamic member. */
  member(instanceId: string | null): RawMember {
    return new RawMember(this.#kafka.openChannel(), this, instanceId)
  }

  /** Of a committer that is no member at all. */
  get nobody(): MemberIdentity {
    return { groupId: this.groupId, generation: -1, memberId: '', instanceId: null }
  }

  /** What a member tells of itself, inside of a subscription of the consumer protocol: a broker that cannot read that never answers. */
  metadata(text: string): Buffer {
    return encodeSubscription(0, Buffer.from(text))
  }

  /** Static members in one generation with the assignments `share of w-0`, `share of w-1`; the first one leads. */
  async stable(count: number, options: JoinOptions = {}): Promise<readonly RawMember[]> {
    const members = Array.from({ length: count }, (_, i) => this.member(`w-${i}`))
    for (const [i, member] of members.entries()) {
      const joining = member.join(options)
      if (i > 0) await this.rejoin(members.slice(0, i), options)
      await joining
    }
    await Promise.all(members.map((member) => member.syncShares()))
    return members
  }

  /** Members join again as soon as they learn that the group rebalances. */
  async rejoin(members: readonly RawMember[], options: JoinOptions = {}): Promise<void> {
    await Promise.all(
      members.map(async (member) => {
        await this.#kafka.until('the group rebalances', async () => (await member.heartbeat()) === 'REBALANCE_IN_PROGRESS')
        await member.join({ memberId: member.memberId, ...options })
      }),
    )
  }

  /** LeaveGroup on others' behalf: the answer's error and each member's. */
  async evict(...members: readonly { readonly memberId: string; readonly instanceId: string | null }[]): Promise<string> {
    const answer = await this.#kafka.channel.leaveGroup(this.node, { groupId: this.groupId, members })
    return [answer.error, ...answer.members.map(({ error }) => error)].map(errorName).join(',')
  }

  /** The committed offset and metadata of one partition, or why there is no answer. */
  async committed(at: TopicPartition): Promise<string> {
    const answer = await this.#kafka.channel.offsetFetch(this.node, { groupId: this.groupId, partitions: [at] })
    const { error, offset, metadata } = answer.partitions[0]!
    const problem = answer.error === 0 ? error : answer.error
    return problem === 0 ? `${offset} ${metadata ?? ''}`.trim() : errorName(problem)
  }

  /** The same, once no transaction holds it back. */
  async stableCommitted(at: TopicPartition): Promise<string> {
    return this.#kafka.until('the offset is stable', async () => {
      const committed = await this.committed(at)
      return committed === 'UNSTABLE_OFFSET_COMMIT' ? null : committed
    })
  }
}

/** One member's requests. It remembers what the last join gave. */
export class RawMember {
  readonly instanceId: string | null
  readonly #channel: KafkaChannel
  readonly #group: RawGroup
  #joined: JoinGroupAnswer = { error: 0, generation: -1, leaderId: '', memberId: '', members: [] }

  constructor(channel: KafkaChannel, group: RawGroup, instanceId: string | null) {
    this.#channel = channel
    this.#group = group
    this.instanceId = instanceId
  }

  get memberId(): string {
    return this.#joined.memberId
  }

  get generation(): number {
    return this.#joined.generation
  }

  get identity(): MemberIdentity {
    const { groupId } = this.#group
    return { groupId, generation: this.generation, memberId: this.memberId, instanceId: this.instanceId }
  }

  /** JoinGroup, as a new member or one that starts again unless it is told its member id. */
  async join(options: JoinOptions = {}): Promise<Joined> {
    const { memberId = '', metadata = '', sessionTimeoutMs = 30_000, rebalanceTimeoutMs = 30_000, protocol = 'streamjob' } = options
    const { groupId, node } = this.#group
    const { instanceId } = this
    const request = {
      groupId,
      instanceId,
      memberId,
      protocol,
      metadata: encodeSubscription(0, Buffer.from(metadata)),
      sessionTimeoutMs,
      rebalanceTimeoutMs,
    }
    const answer = await this.#channel.joinGroup(node, request)
    if (answer.error === 0) this.#joined = answer
    const members = answer.members.map((member) => ({ ...member, metadata: decodeSubscription(member.metadata).toString() }))
    return { ...answer, error: errorName(answer.error), members }
  }

  /** Connects, so that what is sent next arrives before what others send later. */
  async open(): Promise<void> {
    await this.#channel.metadata([])
    await this.heartbeat({ memberId: 'nobody', instanceId: null })
  }

  /** JoinGroup of the member that it is. */
  rejoin(options: JoinOptions = {}): Promise<Joined> {
    return this.join({ memberId: this.memberId, ...options })
  }

  /** SyncGroup: the error, or the assignment where there is none. */
  async sync(assignments: Readonly<Record<string, string>> = {}, as: Partial<MemberIdentity> = {}): Promise<string> {
    const given = Object.entries(assignments).map(([memberId, assignment]) => ({ memberId, assignment: Buffer.from(assignment) }))
    const answer = await this.#channel.syncGroup(this.#group.node, { ...this.identity, ...as, assignments: given })
    return answer.error === 0 ? answer.assignment.toString() : errorName(answer.error)
  }

  /** SyncGroup; whoever leads gives each member the share with its name. */
  syncShares(): Promise<string> {
    return this.sync(Object.fromEntries(this.#joined.members.map(({ memberId, instanceId }) => [memberId, `share of ${instanceId ?? 'somebody'}`])))
  }

  async heartbeat(as: Partial<MemberIdentity> = {}): Promise<string> {
    return errorName((await this.#channel.heartbeat(this.#group.node, { ...this.identity, ...as })).error)
  }
}
