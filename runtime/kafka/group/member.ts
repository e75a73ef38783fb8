import { StreamJobError } from '../../errors.ts'
import { refused, wireError } from '../broker-errors.ts'
import type { GroupIdentity, GroupMember, MemberOptions } from '../client.ts'
import type { KafkaLog } from '../log.ts'
import type { Routes } from '../routes.ts'
import type { Timing } from '../timing.ts'
import type { JoinGroupAnswer, KafkaChannel } from '../transport.ts'
import { decodeAssignment, encodeAssignment, encodeSubscription, memberMetadata } from './envelope.ts'
import { beat } from './heartbeat.ts'

export interface StaticMemberOptions extends MemberOptions {
  /** Its own: a join waits at the broker. Closed with the member. */
  readonly channel: KafkaChannel
  readonly routes: Routes
  readonly timing: Timing
  readonly log: KafkaLog
  /** Members learn of a rebalance from the answer to a heartbeat, so this is how long one waits for the others to notice. */
  readonly heartbeatMs?: number
  /** How long a join goes on while no coordinator is to be had. */
  readonly patienceMs?: number
}

export type MemberState = GroupMember['state']

const protocol = 'streamjob'

export class StaticMember implements GroupMember {
  readonly #options: Required<Omit<StaticMemberOptions, 'describe'>> & Pick<StaticMemberOptions, 'describe'>
  readonly #closing = new AbortController()
  #memberId = ''
  #round = 0
  #identity: GroupIdentity | undefined
  #state: MemberState = 'lost'
  #change = Promise.withResolvers<void>()
  /** Ends the heartbeats of the generation before. */
  #beating = new AbortController()

  constructor(options: StaticMemberOptions) {
    this.#options = { heartbeatMs: Math.min(500, options.sessionTimeoutMs / 4), patienceMs: 60_000, ...options }
    this.#change.resolve()
  }

  get identity(): GroupIdentity | undefined {
    return this.#identity
  }

  get state(): MemberState {
    return this.#state
  }

  changed(): Promise<void> {
    return this.#change.promise
  }

  async join(userData: Buffer): ReturnType<GroupMember['join']> {
    this.#beating.abort()
    // A member in good standing that joins again wants a new generation; one that the group waits for must not ask for yet another.
    if (this.#state === 'stable') this.#round++
    const metadata = encodeSubscription(this.#round, userData)
    const deadline = this.#options.timing.now() + this.#options.patienceMs
    for (;;) {
      if (this.#closing.signal.aborted) throw new StreamJobError('kafka-unreachable', 'This group member is closed')
      const joined = await this.#joinOnce(metadata)
      const assignment = joined === null ? null : await this.#sync(joined)
      if (joined !== null && assignment !== null) return this.#settle(joined, assignment)
      if (this.#options.timing.now() >= deadline) {
        throw new StreamJobError('membership-lost', `${this.#name} could not join within ${this.#options.patienceMs} ms: the group keeps rebalancing`)
      }
    }
  }

  /** Says nothing to the group: the membership lasts until the session ends or the operator evicts it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#beating.abort()
    await this.#options.channel[Symbol.asyncDispose]()
  }

  get #name(): string {
    return `Member ${this.#options.instanceId} of the group ${this.#options.groupId}`
  }

  /** Null: to be tried again, with what the answer taught. */
  async #joinOnce(metadata: Buffer): Promise<JoinGroupAnswer | null> {
    const { groupId, instanceId, sessionTimeoutMs, rebalanceTimeoutMs, channel } = this.#options
    const answer = await this.#coordinated('JoinGroup', (node) =>
      channel.joinGroup(node, { groupId, instanceId, sessionTimeoutMs, rebalanceTimeoutMs, memberId: this.#memberId, protocol, metadata }),
    )
    if (answer.error === wireError.memberIdRequired) this.#memberId = answer.memberId
    else if (this.#mustJoinAgain(answer.error, 'JoinGroup')) return null
    else {
      this.#memberId = answer.memberId
      return answer
    }
    return null
  }

  async #sync(joined: JoinGroupAnswer): Promise<Buffer | null> {
    const { groupId, instanceId, channel } = this.#options
    const assignments = joined.leaderId === joined.memberId ? this.#assign(joined) : []
    const request = { groupId, instanceId, generation: joined.generation, memberId: joined.memberId, assignments }
    const answer = await this.#coordinated('SyncGroup', (node) => channel.syncGroup(node, request))
    return this.#mustJoinAgain(answer.error, 'SyncGroup') ? null : answer.assignment
  }

  /** The leader's work. A leader that was restarted inside its session gets no members, and nothing is assigned anew. */
  #assign(joined: JoinGroupAnswer): { memberId: string; assignment: Buffer }[] {
    const members = joined.members.map(memberMetadata).toSorted((a, b) => (a.instanceId < b.instanceId ? -1 : 1))
    const shares = this.#options.assign(members)
    const instances = members.map((member) => member.instanceId)
    return members.map(({ memberId, instanceId }) => {
      const assignment = shares.get(instanceId) ?? Buffer.alloc(0)
      const partitions = assignment.length === 0 ? [] : (this.#options.describe?.(assignment) ?? [])
      return { memberId, assignment: encodeAssignment({ instances, assignment }, partitions) }
    })
  }

  #settle(joined: JoinGroupAnswer, bytes: Buffer): Awaited<ReturnType<GroupMember['join']>> {
    const { groupId, instanceId } = this.#options
    const identity = { groupId, instanceId, generation: joined.generation, memberId: joined.memberId }
    const { instances, assignment } = decodeAssignment(bytes)
    this.#identity = identity
    if (this.#state !== 'stable') this.#change = Promise.withResolvers()
    this.#state = 'stable'
    this.#beating = new AbortController()
    void beat({ ...this.#options, identity, signal: this.#beating.signal, onState: (state) => this.#turn(state) })
    return { identity, assignment, instances }
  }

  #turn(state: MemberState): void {
    if (this.#state === state || this.#state === 'fenced') return
    this.#options.log.info('The group membership changes', { group: this.#options.groupId, from: this.#state, to: state })
    this.#state = state
    if (state === 'lost') this.#memberId = ''
    this.#change.resolve()
  }

  #mustJoinAgain(error: number, request: string): boolean {
    if (error === wireError.none) return false
    if (error === wireError.unknownMember) this.#memberId = ''
    else if (error === wireError.fencedInstance) this.#turn('fenced')
    if (error === wireError.unknownMember || error === wireError.illegalGeneration || error === wireError.rebalanceInProgress) return true
    throw refused(error, `${request} of ${this.#name}`, { group: this.#options.groupId, instance: this.#options.instanceId })
  }

  #coordinated<A extends { readonly error: number }>(request: string, send: (node: number) => Promise<A>): Promise<A> {
    const { routes, groupId, patienceMs } = this.#options
    const options = { resendLost: true, patienceMs, signal: this.#closing.signal }
    return routes.coordinated('group', groupId, `${request} of ${this.#name}`, send, (answer) => answer.error, options)
  }
}
