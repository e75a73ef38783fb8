/** How a group comes from one generation to the next. As Kafka's GroupMetadataManager does it for classic groups, step by step. */
import { brokerError } from '../errors.ts'
import type { Ground } from '../ground.ts'
import type { GroupEvent, GroupListener } from './events.ts'
import type { Group, Member } from './group.ts'
import { joinFailure, noBytes } from './group.ts'
import { Sessions } from './sessions.ts'

export class Rebalances {
  readonly #ground: Ground
  readonly #sessions: Sessions
  readonly #emit: GroupListener

  constructor(ground: Ground, emit: GroupListener) {
    this.#ground = ground
    this.#sessions = new Sessions(ground.scheduler)
    this.#emit = emit
  }

  /** Members that joined or left may call for a rebalance, or be the last that one waits for. */
  advance(group: Group): void {
    if (group.state !== 'PreparingRebalance') this.prepare(group)
    else this.completeIfAllJoined(group)
  }

  completeIfAllJoined(group: Group): void {
    // The first rebalance of an empty group ends by its delay alone.
    if (group.state === 'PreparingRebalance' && group.previousState !== 'Empty' && group.allJoined) this.#complete(group)
  }

  prepare(group: Group): void {
    if (group.state === 'CompletingRebalance') {
      for (const member of group.members.values()) member.assignment = noBytes
      this.#answerSyncs(group, brokerError.rebalanceInProgress)
    }
    group.pendingSyncs.clear()
    this.#sessions.end(syncKey(group))
    const first = group.state === 'Empty'
    group.turnTo('PreparingRebalance', this.#ground.clock())
    this.tell(group, 'rebalance', null)
    if (first) this.#delayFirst(group)
    else if (group.allJoined) this.#complete(group)
    else this.#sessions.set(joinKey(group), group.rebalanceTimeoutMs, () => this.#complete(group))
  }

  /** The leader has spoken. */
  stabilize(group: Group, assignments: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members.values()) member.assignment = assignments.get(member.memberId) ?? noBytes
    this.#answerSyncs(group, brokerError.none)
    group.turnTo('Stable', this.#ground.clock())
    group.write()
  }

  synced(group: Group, memberId: string): void {
    group.pendingSyncs.delete(memberId)
    if (group.pendingSyncs.size === 0) this.#sessions.end(syncKey(group))
  }

  /** The member lives: it has another session. */
  heard(group: Group, member: Member, timeoutMs = member.sessionTimeoutMs): void {
    const { memberId } = member
    this.#sessions.set(memberKey(group, memberId), timeoutMs, () => this.#expire(group, memberId))
  }

  /** For an id that was given away, and not used yet. */
  awaitJoin(group: Group, memberId: string, timeoutMs: number): void {
    group.pendingJoins.add(memberId)
    this.#sessions.set(memberKey(group, memberId), timeoutMs, () => {
      if (group.pendingJoins.delete(memberId) && group.state === 'PreparingRebalance' && group.allJoined) this.#complete(group)
    })
  }

  forget(group: Group, memberId: string): void {
    this.#sessions.end(memberKey(group, memberId))
  }

  /** Takes a member out; what that means for the others is up to the caller. */
  remove(group: Group, member: Member): void {
    this.forget(group, member.memberId)
    member.join?.(joinFailure(brokerError.unknownMemberId, ''))
    member.join = null
    group.remove(member.memberId)
  }

  /** The group changes hands: nobody is waited for here any more. */
  abandon(group: Group): void {
    this.#sessions.end(joinKey(group))
    this.#sessions.end(syncKey(group))
    for (const memberId of group.pendingJoins) this.forget(group, memberId)
    for (const member of group.members.values()) {
      this.forget(group, member.memberId)
      member.join?.(joinFailure(brokerError.notCoordinator, member.memberId))
      member.sync?.({ error: brokerError.notCoordinator, assignment: noBytes })
      member.join = member.sync = null
    }
  }

  tell({ groupId, generation }: Group, kind: GroupEvent['kind'], instanceId: string | null): void {
    this.#emit({ groupId, generation, kind, ...(instanceId !== null && { instanceId }) })
  }

  #complete(group: Group): void {
    this.#sessions.end(joinKey(group))
    for (const member of group.members.values()) {
      // A static member keeps its membership until its session ends.
      if (member.join === null && member.instanceId === null) this.remove(group, member)
    }
    if (!group.electJoinedLeader() && group.members.size > 0) {
      return this.#sessions.set(joinKey(group), group.rebalanceTimeoutMs, () => this.#complete(group))
    }
    group.generation++
    group.pendingSyncs.clear()
    if (group.members.size === 0) {
      group.turnTo('Empty', this.#ground.clock())
      return group.write()
    }
    group.turnTo('CompletingRebalance', this.#ground.clock())
    for (const member of group.members.values()) {
      member.join?.(group.joined(member))
      member.join = null
      member.isNew = false
      this.heard(group, member)
      group.pendingSyncs.add(member.memberId)
    }
    const { generation } = group
    this.#sessions.set(syncKey(group), group.rebalanceTimeoutMs, () => this.#expireSyncs(group, generation))
  }

  #delayFirst(group: Group): void {
    const delayMs = this.#ground.settings.initialRebalanceDelayMs
    const wait = (ms: number, remainingMs: number): void => {
      this.#sessions.set(joinKey(group), ms, () => {
        if (!group.newMemberAdded || remainingMs === 0) return this.#complete(group)
        group.newMemberAdded = false
        wait(Math.min(delayMs, remainingMs), Math.max(remainingMs - ms, 0))
      })
    }
    wait(delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0))
  }

  #answerSyncs(group: Group, error: number): void {
    for (const member of group.members.values()) {
      if (member.sync === null) continue
      member.sync({ error, assignment: member.assignment })
      member.sync = null
      this.heard(group, member)
    }
  }

  #expire(group: Group, memberId: string): void {
    const member = group.members.get(memberId)
    if (member === undefined) return
    // Who waits for the others is not silent; but a new member may wait for ever, for nobody.
    if (!member.isNew && (member.join !== null || member.sync !== null)) return
    this.remove(group, member)
    this.tell(group, 'expired', member.instanceId)
    this.#completeAfterLoss(group)
  }

  #completeAfterLoss(group: Group): void {
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') this.prepare(group)
    else if (group.state === 'PreparingRebalance' && group.allJoined) this.#complete(group)
  }

  /** Members that never fetched what they were given. */
  #expireSyncs(group: Group, generation: number): void {
    const waits = group.state === 'CompletingRebalance' || group.state === 'Stable'
    if (generation !== group.generation || !waits || group.pendingSyncs.size === 0) return
    for (const memberId of group.pendingSyncs) {
      const member = group.members.get(memberId)
      if (member === undefined) continue
      this.remove(group, member)
      this.tell(group, 'expired', member.instanceId)
    }
    this.prepare(group)
  }
}

const memberKey = ({ groupId }: Group, memberId: string): string => `member ${memberId} of ${groupId}`
const joinKey = ({ groupId }: Group): string => `join of ${groupId}`
const syncKey = ({ groupId }: Group): string => `sync of ${groupId}`
