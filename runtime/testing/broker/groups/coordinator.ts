/** The requests of group members and of their transactions, at one broker. */
import type * as T from '../../../kafka/transport.ts'
import type { Coordination } from '../coordination.ts'
import { brokerError } from '../errors.ts'
import type { Ground } from '../ground.ts'
import type { MetadataViews } from '../metadata-views.ts'
import { offsetsTopic, transactionPartition } from '../transactions/transaction.ts'
import type { Verify } from '../transactions/verification.ts'
import type { Group, SyncAnswer } from './group.ts'
import { joinFailure, noBytes } from './group.ts'
import type { Groups } from './groups.ts'
import { Joins } from './join.ts'
import type { StoredOffset } from './offsets.ts'
import type { Rebalances } from './rebalance.ts'

export interface GroupCoordinatorOptions {
  readonly ground: Ground
  readonly coordination: Coordination
  readonly views: MetadataViews
  readonly groups: Groups
  readonly rebalances: Rebalances
  readonly verify: Verify
}

export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions
  readonly #joins: Joins

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options
    this.#joins = new Joins(options.ground, options.rebalances)
  }

  joinGroup(node: number, request: T.JoinGroupRequest, reply: (answer: T.JoinGroupAnswer) => void): void {
    const { groups, ground } = this.#options
    const { groupId, memberId, sessionTimeoutMs } = request
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = ground.settings
    if (groupId === '') return reply(joinFailure(brokerError.invalidGroupId, memberId))
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      return reply(joinFailure(brokerError.invalidSessionTimeout, memberId))
    }
    const refusal = this.#refusal(node, groupId)
    if (refusal !== brokerError.none) return reply(joinFailure(refusal, memberId))
    const group = groups.find(groupId) ?? (memberId === '' ? groups.create(groupId) : undefined)
    if (group === undefined) reply(joinFailure(brokerError.unknownMemberId, memberId))
    else this.#joins.join(group, request, reply)
  }

  syncGroup(node: number, request: T.SyncGroupRequest, reply: (answer: SyncAnswer) => void): void {
    const refuse = (error: number): void => reply({ error, assignment: noBytes })
    const { groupId, generation, memberId, instanceId, assignments } = request
    const { groups, rebalances } = this.#options
    const refusal = this.#refusal(node, groupId)
    if (refusal !== brokerError.none) return refuse(refusal)
    const group = groups.find(groupId)
    if (group === undefined || group.state === 'Empty') return refuse(brokerError.unknownMemberId)
    const doubt = group.refusalOf(memberId, instanceId)
    if (doubt !== brokerError.none) return refuse(doubt)
    if (generation !== group.generation) return refuse(brokerError.illegalGeneration)
    if (group.state === 'PreparingRebalance') return refuse(brokerError.rebalanceInProgress)
    const member = group.members.get(memberId)!
    rebalances.synced(group, memberId)
    if (group.state === 'Stable') return reply({ error: brokerError.none, assignment: member.assignment })
    member.sync = reply
    if (group.leaderId === memberId) rebalances.stabilize(group, new Map(assignments.map(({ memberId: to, assignment }) => [to, assignment])))
  }

  heartbeat(node: number, { groupId, generation, memberId, instanceId }: T.MemberIdentity): number {
    const { groups, rebalances } = this.#options
    const refusal = this.#refusal(node, groupId)
    // Kafka's words: the group is still loading, so blindly respond.
    if (refusal === brokerError.coordinatorLoadInProgress) return brokerError.none
    if (refusal !== brokerError.none) return refusal
    const group = groups.find(groupId)
    if (group === undefined) return brokerError.unknownMemberId
    const doubt = group.refusalOf(memberId, instanceId)
    if (doubt !== brokerError.none) return doubt
    if (generation !== group.generation) return brokerError.illegalGeneration
    if (group.state === 'Empty') return brokerError.unknownMemberId
    rebalances.heard(group, group.members.get(memberId)!)
    return group.state === 'PreparingRebalance' ? brokerError.rebalanceInProgress : brokerError.none
  }

  leaveGroup(node: number, { groupId, members }: T.LeaveGroupRequest): T.LeaveGroupAnswer {
    const { groups, rebalances } = this.#options
    const refusal = this.#refusal(node, groupId)
    if (refusal !== brokerError.none) return { error: refusal, members: [] }
    const group = groups.find(groupId)
    const answers = members.map((member) => ({ ...member, error: group === undefined ? brokerError.unknownMemberId : this.#leave(group, member) }))
    if (group !== undefined && answers.some(({ error }) => error === brokerError.none)) {
      if (group.state === 'Stable' || group.state === 'CompletingRebalance') rebalances.prepare(group)
      else rebalances.completeIfAllJoined(group)
    }
    return { error: brokerError.none, members: answers }
  }

  offsetFetch(node: number, { groupId, partitions }: T.OffsetFetchRequest): T.OffsetFetchAnswer {
    const refusal = this.#refusal(node, groupId)
    if (refusal !== brokerError.none) return { error: refusal, partitions: [] }
    const group = this.#options.groups.find(groupId)
    if (group !== undefined) this.#expireOffsets(group)
    return {
      error: brokerError.none,
      partitions: partitions.map(({ topic, partition }) => {
        if (group?.offsets.isPending(topic, partition) === true) {
          return { topic, partition, error: brokerError.unstableOffsetCommit, offset: -1, metadata: '' }
        }
        const { offset = -1, metadata = '' } = group?.offsets.find(topic, partition) ?? {}
        return { topic, partition, error: brokerError.none, offset, metadata }
      }),
    }
  }

  txnOffsetCommit(node: number, request: T.TxnOffsetCommitRequest): T.PartitionError[] {
    const { views, ground } = this.#options
    const missing = (at: { topic: string; partition: number }): boolean => views.partition(node, at.topic, at.partition) === undefined
    const there = request.offsets.filter((offset) => !missing(offset))
    const error = there.length === 0 ? brokerError.none : this.#refusalOfCommit(node, request)
    if (error === brokerError.none && there.length > 0) this.#write(request, there)
    return request.offsets.map(({ topic, partition, metadata }) => {
      if (missing({ topic, partition })) return { topic, partition, error: brokerError.unknownTopicOrPartition }
      const tooLarge = error === brokerError.none && metadata.length > ground.settings.offsetMetadataMaxBytes
      return { topic, partition, error: tooLarge ? brokerError.offsetMetadataTooLarge : error }
    })
  }

  #refusal(node: number, groupId: string): number {
    return groupId === '' ? brokerError.invalidGroupId : this.#options.coordination.refusal(node, groupId)
  }

  #leave(group: Group, { memberId, instanceId }: { readonly memberId: string; readonly instanceId: string | null }): number {
    const { rebalances } = this.#options
    if (group.pendingJoins.has(memberId)) {
      rebalances.forget(group, memberId)
      group.remove(memberId)
      return brokerError.none
    }
    const leaving = memberId === '' && instanceId !== null ? (group.staticMembers.get(instanceId) ?? '') : memberId
    const refusal = group.refusalOf(leaving, instanceId)
    if (refusal !== brokerError.none) return refusal
    const member = group.members.get(leaving)!
    rebalances.remove(group, member)
    rebalances.tell(group, 'left', member.instanceId)
    return brokerError.none
  }

  #refusalOfCommit(
    node: number,
    { groupId, transactionalId, producerId, epoch, generation, memberId, instanceId }: T.TxnOffsetCommitRequest,
  ): number {
    const { coordination, groups, verify } = this.#options
    const refusal = this.#refusal(node, groupId)
    if (refusal !== brokerError.none) return refusal
    const log = groups.logOf(groupId)
    if (!log.hasOpen(producerId, epoch)) {
      const partition = transactionPartition(offsetsTopic, coordination.partitionOf(groupId))
      const doubt = verify({ transactionalId, producerId, epoch }, partition)
      if (doubt !== brokerError.none) return doubt
    }
    const group = groups.find(groupId)
    if (group === undefined && generation >= 0) return brokerError.illegalGeneration
    const unfit = group?.refusalOfCommit(generation, memberId, instanceId) ?? brokerError.none
    return unfit === brokerError.none ? log.append(producerId, epoch) : unfit
  }

  #write({ groupId, producerId }: T.TxnOffsetCommitRequest, offsets: T.TxnOffsetCommitRequest['offsets']): void {
    const { ground, groups } = this.#options
    const group = groups.find(groupId) ?? groups.create(groupId)
    this.#expireOffsets(group)
    for (const { topic, partition, offset, metadata } of offsets) {
      if (metadata.length > ground.settings.offsetMetadataMaxBytes) continue
      group.offsets.addPending(producerId, { topic, partition, offset, metadata, committedAt: ground.clock() })
    }
  }

  /**
   * Done when somebody looks, as of the last check that was due. A group with members keeps what was committed lately; one without, all for a while since it
   * became empty.
   */
  #expireOffsets({ offsets, state, simple, changedAt }: Group): void {
    const { clock, settings } = this.#options.ground
    const { offsetsRetentionMs, offsetsRetentionCheckMs } = settings
    if (state !== 'Empty' && state !== 'Stable') return
    const now = clock()
    const checkedAt = now - (now % offsetsRetentionCheckMs)
    const since = (offset: StoredOffset): number => (state === 'Empty' && !simple ? changedAt : offset.committedAt)
    offsets.expire((offset) => offset.committedAt <= checkedAt && checkedAt - since(offset) >= offsetsRetentionMs)
  }
}
