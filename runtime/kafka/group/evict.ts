import { refused } from '../broker-errors.ts'
import { Routes } from '../routes.ts'
import type { Timing } from '../timing.ts'
import type { KafkaTransport, LeaveGroupAnswer } from '../transport.ts'

export interface EvictOptions {
  readonly timing: Timing
  /** How long to go on while the group's coordinator moves. */
  readonly patienceMs: number
  readonly signal: AbortSignal
}

/** Ends the membership of static members, by instance id. Those that are gone already are fine. */
export async function evictMembers(
  transport: KafkaTransport,
  groupId: string,
  instanceIds: readonly string[],
  { timing, patienceMs, signal }: EvictOptions,
): Promise<void> {
  if (instanceIds.length === 0) return
  await using channel = transport.channel()
  const routes = new Routes(channel, { timing, patienceMs, signal })
  const members = instanceIds.map((instanceId) => ({ memberId: '', instanceId }))
  const doing = `Evicting ${instanceIds.join(', ')} from ${groupId}`
  const errorOf = (answer: LeaveGroupAnswer): number =>
    [answer.error, ...answer.members.map(({ error }) => error)].find((error) => !gone.has(error)) ?? 0
  const answer = await routes.coordinated('group', groupId, doing, (node) => channel.leaveGroup(node, { groupId, members }), errorOf)
  if (errorOf(answer) !== 0) throw refused(errorOf(answer), doing, { group: groupId })
}

/** None; or UNKNOWN_MEMBER_ID, GROUP_ID_NOT_FOUND: what was to go is gone. */
const gone: ReadonlySet<number> = new Set([0, 25, 69])
