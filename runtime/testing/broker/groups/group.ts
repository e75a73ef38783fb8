/** One group of the classic protocol: its members and where it stands. As Kafka's ClassicGroup; what happens when is decided in rebalance.ts. */
import type { JoinGroupAnswer } from '../../../kafka/transport.ts'
import type { Random } from '../../time/random.ts'
import { brokerError } from '../errors.ts'
import type { Ground } from '../ground.ts'
import { GroupOffsets } from './offsets.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

export interface SyncAnswer {
  readonly error: number
  readonly assignment: Buffer
}

export interface Member {
  readonly memberId: string
  readonly instanceId: string | null
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  protocol: string
  metadata: Buffer
  assignment: Buffer
  /** A join that waits for the others. */
  join: ((answer: JoinGroupAnswer) => void) | null
  /** A sync that waits for the leader's. */
  sync: ((answer: SyncAnswer) => void) | null
  /** Has never had an answer to its join. */
  isNew: boolean
}

/** What the coordinator's log says about a group: all that a new coordinator knows. */
export interface WrittenGroup {
  readonly generation: number
  readonly leaderId: string | null
  readonly changedAt: number
  readonly members: readonly Readonly<Omit<Member, 'join' | 'sync' | 'isNew'>>[]
}

export class Group {
  readonly groupId: string
  readonly offsets = new GroupOffsets()
  readonly members = new Map<string, Member>()
  /** instance id -> member id */
  readonly staticMembers = new Map<string, string>()
  /** Dynamic members that were given an id, and are to join with it. */
  readonly pendingJoins = new Set<string>()
  /** Members that have the join answer of this generation, and are to sync. */
  readonly pendingSyncs = new Set<string>()
  state: GroupState = 'Empty'
  previousState: GroupState = 'Empty'
  generation = 0
  leaderId: string | null = null
  /** Since the delay of a first rebalance was last prolonged. */
  newMemberAdded = false
  /** Epoch ms of the last change of state. */
  changedAt: number
  /** A group that only has offsets. */
  simple = true
  written: WrittenGroup | null = null
  readonly #random: Random

  constructor(groupId: string, { clock, random }: Ground) {
    this.groupId = groupId
    this.changedAt = clock()
    this.#random = random
  }

  get allJoined(): boolean {
    return this.pendingJoins.size === 0 && [...this.members.values()].every((member) => member.join !== null)
  }

  get rebalanceTimeoutMs(): number {
    return [...this.members.values()].reduce((longest, member) => Math.max(longest, member.rebalanceTimeoutMs), 0)
  }

  turnTo(state: GroupState, now: number): void {
    this.previousState = this.state
    this.state = state
    this.changedAt = now
  }

  add(member: Member): void {
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.memberId)
    this.leaderId ??= member.memberId
    this.members.set(member.memberId, member)
    this.pendingJoins.delete(member.memberId)
    this.simple = false
  }

  remove(memberId: string): void {
    const instanceId = this.members.get(memberId)?.instanceId
    if (instanceId !== undefined && instanceId !== null) this.staticMembers.delete(instanceId)
    this.members.delete(memberId)
    if (this.leaderId === memberId) this.leaderId = this.#anyOf([...this.members.values()])
    this.pendingJoins.delete(memberId)
    this.pendingSyncs.delete(memberId)
  }

  /** The same member under another id: whoever waits under the old one is fenced. */
  replace(old: Member, memberId: string): Member {
    old.join?.({ ...joinFailure(brokerError.fencedInstanceId, old.memberId) })
    old.sync?.({ error: brokerError.fencedInstanceId, assignment: noBytes })
    const member: Member = { ...old, memberId, join: null, sync: null, isNew: false }
    old.join = old.sync = null
    this.members.delete(old.memberId)
    this.members.set(memberId, member)
    if (this.leaderId === old.memberId) this.leaderId = memberId
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, memberId)
    return member
  }

  /** Makes somebody leader who has joined; false where nobody has. */
  electJoinedLeader(): boolean {
    const leader = this.leaderId === null ? undefined : this.members.get(this.leaderId)
    if (leader === undefined) return false
    if (leader.join !== null) return true
    const joined = this.#anyOf([...this.members.values()].filter((member) => member.join !== null))
    if (joined === null) return false
    this.leaderId = joined
    return true
  }

  /** The error of a request in the name of a member that is none, or not any more. */
  refusalOf(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const current = this.staticMembers.get(instanceId)
      if (current === undefined) return brokerError.unknownMemberId
      if (current !== memberId) return brokerError.fencedInstanceId
    }
    return this.members.has(memberId) ? brokerError.none : brokerError.unknownMemberId
  }

  /** The error of offsets committed in a transaction. Without any identity they are taken from everybody. */
  refusalOfCommit(generation: number, memberId: string, instanceId: string | null): number {
    if (generation < 0 && (this.state === 'Empty' || (memberId === '' && instanceId === null))) return brokerError.none
    const refusal = this.refusalOf(memberId, instanceId)
    if (refusal !== brokerError.none) return refusal
    return generation === this.generation ? brokerError.none : brokerError.illegalGeneration
  }

  /** The answer to the join of a member in the present generation. */
  joined(member: Member): JoinGroupAnswer {
    const leads = this.leaderId === member.memberId
    const members = leads ? [...this.members.values()].map(({ memberId, instanceId, metadata }) => ({ memberId, instanceId, metadata })) : []
    return { error: brokerError.none, generation: this.generation, leaderId: this.leaderId ?? '', memberId: member.memberId, members }
  }

  /** Puts what is known into the log. */
  write(): void {
    const { generation, leaderId, changedAt } = this
    const members = [...this.members.values()].map(({ join: _join, sync: _sync, isNew: _isNew, ...member }) => member)
    this.written = { generation, leaderId, changedAt, members }
  }

  /** Back to what the log says. */
  reload(): void {
    this.members.clear()
    this.staticMembers.clear()
    this.pendingJoins.clear()
    this.pendingSyncs.clear()
    this.newMemberAdded = false
    this.leaderId = null
    this.generation = this.written?.generation ?? 0
    for (const member of this.written?.members ?? []) this.add({ ...member, join: null, sync: null, isNew: false })
    this.leaderId = this.written?.leaderId ?? null
    this.changedAt = this.written?.changedAt ?? this.changedAt
    this.state = this.previousState = this.members.size === 0 ? 'Empty' : 'Stable'
  }

  /** Kafka takes the first of a hash table: whoever it may be. */
  #anyOf(members: readonly Member[]): string | null {
    return members.length === 0 ? null : this.#random.pick(members).memberId
  }
}

export function joinFailure(error: number, memberId: string): JoinGroupAnswer {
  return { error, generation: -1, leaderId: '', memberId, members: [] }
}

export const noBytes = Buffer.alloc(0)
