/**
 * Who works on what, and who keeps copies: a pure function, run by the leader of the group at each rebalance, and by the operator to explain it.
 * Its goal is balanced, per stage and in total. A task whose owner lives goes there only once the new owner is warm, and is worked on where it is until then.
 */
import { balance, compareText } from './assignment/balance.ts'
import { placeCopies } from './assignment/copies.ts'
import type { AssignmentOrder, Candidate, CopyId, Share, TaskId } from './assignment/members.ts'

export { taskName } from './assignment/members.ts'
export type { AssignmentOrder, Candidate, CopyId, Share, TaskId } from './assignment/members.ts'

/**
 * Instance id -> its share; every candidate has an entry. Members of an older epoch and ordinals beyond the parallelism get nothing, and hold nothing any
 * more. When a member knows a newer epoch than the order, nobody gets anything: the leader is behind and will ask for another round when it has read the
 * newer record.
 */
export function assignTasks(order: AssignmentOrder, candidates: readonly Candidate[]): ReadonlyMap<string, Share> {
  const shares = new Map(candidates.map(({ instanceId }) => [instanceId, { tasks: [] as TaskId[], copies: [] as readonly CopyId[] }]))
  const members = candidates
    .filter((candidate) => candidate.epoch === order.epoch && candidate.ordinal < order.parallelism)
    .toSorted((a, b) => a.ordinal - b.ordinal || compareText(a.instanceId, b.instanceId))
  if (members.length === 0 || candidates.some((candidate) => candidate.epoch > order.epoch)) return shares
  const goal = balance(order.stages, members)
  const load = new Map<Candidate, number>(members.map((member) => [member, 0]))
  const placed = goal.map(({ id, owner, target, holders }) => {
    const present = presentOwner(owner, target, holders, load)
    shares.get(present.instanceId)?.tasks.push(id)
    load.set(present, (load.get(present) ?? 0) + 1)
    return { id, owner: present, target, holders }
  })
  for (const [member, copies] of placeCopies(order.standbys, members, placed)) {
    const { tasks = [] } = shares.get(member.instanceId) ?? {}
    shares.set(member.instanceId, { tasks, copies })
  }
  return shares
}

/** Who works on a task until its target can: its living owner; else, so that it need not wait, whoever has a copy. */
function presentOwner(owner: Candidate | null, target: Candidate, holders: readonly Candidate[], load: ReadonlyMap<Candidate, number>): Candidate {
  if (owner === target || holders.includes(target)) return target
  if (owner !== null) return owner
  return holders.toSorted((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0))[0] ?? target
}
