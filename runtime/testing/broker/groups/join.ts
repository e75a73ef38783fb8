/** JoinGroup, case by case. As Kafka's GroupMetadataManager. */
import type { JoinGroupAnswer, JoinGroupRequest } from '../../../kafka/transport.ts'
import { brokerError } from '../errors.ts'
import type { Ground } from '../ground.ts'
import { randomId } from '../ground.ts'
import type { Group, Member } from './group.ts'
import { joinFailure, noBytes } from './group.ts'
import type { Rebalances } from './rebalance.ts'

type Reply = (answer: JoinGroupAnswer) => void

export class Joins {
  readonly #ground: Ground
  readonly #rebalances: Rebalances

  constructor(ground: Ground, rebalances: Rebalances) {
    this.#ground = ground
    this.#rebalances = rebalances
  }

  join(group: Group, request: JoinGroupRequest, reply: Reply): void {
    const { memberId, instanceId, protocol, sessionTimeoutMs } = request
    const others = [...group.members.values()].some((member) => member.protocol !== protocol)
    if (protocol === '' || (group.state !== 'Empty' && others)) return reply(joinFailure(brokerError.inconsistentGroupProtocol, memberId))
    if (memberId !== '') return this.#joinAgain(group, request, reply)
    if (instanceId === null) {
      const given = `consumer-${uuid(this.#ground)}`
      this.#rebalances.awaitJoin(group, given, sessionTimeoutMs)
      return reply(joinFailure(brokerError.memberIdRequired, given))
    }
    const given = `${instanceId}-${uuid(this.#ground)}`
    const known = group.members.get(group.staticMembers.get(instanceId) ?? '')
    if (known === undefined) this.#add(group, request, given, reply)
    else this.#replace(group, known, request, given, reply)
  }

  #add(group: Group, request: JoinGroupRequest, memberId: string, reply: Reply): void {
    const { instanceId, protocol, metadata, rebalanceTimeoutMs, sessionTimeoutMs } = request
    const timeouts = { rebalanceTimeoutMs, sessionTimeoutMs }
    const member: Member = { memberId, instanceId, ...timeouts, protocol, metadata, assignment: noBytes, join: reply, sync: null, isNew: true }
    if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') group.newMemberAdded = true
    group.add(member)
    this.#rebalances.heard(group, member, this.#ground.settings.newMemberJoinTimeoutMs)
    this.#rebalances.tell(group, 'joined', instanceId)
    this.#rebalances.advance(group)
  }

  /** A static member that was started again. In a stable group nobody else learns of it: not even of other metadata. */
  #replace(group: Group, known: Member, request: JoinGroupRequest, memberId: string, reply: Reply): void {
    const leaderBefore = group.leaderId ?? ''
    this.#rebalances.forget(group, known.memberId)
    const member = group.replace(known, memberId)
    this.#rebalances.tell(group, 'fenced', member.instanceId)
    this.#rebalances.tell(group, 'joined', member.instanceId)
    this.#rebalances.heard(group, member)
    update(member, request, reply)
    if (group.state === 'Stable') {
      group.write()
      member.join = null
      // A leader is told its former name, so that it takes itself for a follower.
      return reply({ error: brokerError.none, generation: group.generation, leaderId: leaderBefore, memberId, members: [] })
    }
    // The leader may be assigning to the id of before.
    if (group.state === 'CompletingRebalance') this.#rebalances.prepare(group)
    else this.#rebalances.completeIfAllJoined(group)
  }

  #joinAgain(group: Group, request: JoinGroupRequest, reply: Reply): void {
    const { memberId, instanceId, metadata } = request
    if (group.pendingJoins.has(memberId)) {
      // No static member has to wait for its id, so Kafka knows no better.
      if (instanceId !== null) return reply(joinFailure(brokerError.unknownServerError, ''))
      return this.#add(group, request, memberId, reply)
    }
    const refusal = group.refusalOf(memberId, instanceId)
    if (refusal !== brokerError.none) return reply(joinFailure(refusal, memberId))
    const member = group.members.get(memberId)!
    const unchanged = member.metadata.equals(metadata)
    const leads = group.leaderId === memberId
    const settled = (group.state === 'CompletingRebalance' && unchanged) || (group.state === 'Stable' && !leads && unchanged)
    if (settled) return reply(group.joined(member))
    if (group.state === 'Empty') return reply(joinFailure(brokerError.unknownMemberId, memberId))
    update(member, request, reply)
    this.#rebalances.advance(group)
  }
}

function update(member: Member, request: JoinGroupRequest, reply: Reply): void {
  member.protocol = request.protocol
  member.metadata = request.metadata
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  member.sessionTimeoutMs = request.sessionTimeoutMs
  member.join = reply
}

function uuid(ground: Ground): string {
  return randomId(ground).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
