/**
 * Where tasks belong: per stage the counts of two members differ by at most one, in total too, and no more tasks move than that demands. Of those that must
 * move, as many as possible go where a copy is warm. How many each member gets does not depend on who is warm, so that warming up changes no goal.
 */
import type { AssignmentOrder, Candidate, TaskId } from './members.ts'
import { taskName } from './members.ts'
import { matchWarm } from './matching.ts'

export interface Goal {
  readonly id: TaskId
  /** Who lives and holds its state; of several claims the lowest ordinal's counts. */
  readonly owner: Candidate | null
  readonly target: Candidate
  /** Who has a warm copy. */
  readonly holders: readonly Candidate[]
}

/** `members` in order of their ordinals. */
export function balance(stages: AssignmentOrder['stages'], members: readonly Candidate[]): readonly Goal[] {
  const load = new Map<Candidate, number>(members.map((member) => [member, 0]))
  const owned = new Map(members.map((member) => [member, new Set(member.owned)]))
  const warm = new Map(members.map((member) => [member, new Set(member.warm)]))
  return stages
    .toSorted((a, b) => compareText(a.name, b.name))
    .flatMap(({ name, partitions }) => {
      const tasks = Array.from({ length: partitions }, (_, partition): Loose => {
        const id = { stage: name, partition }
        const owner = members.find((member) => owned.get(member)?.has(taskName(id))) ?? null
        return { id, owner, holders: members.filter((member) => member !== owner && warm.get(member)?.has(taskName(id))) }
      })
      const goals = balanceStage(tasks, members, load)
      for (const { target } of goals) load.set(target, (load.get(target) ?? 0) + 1)
      return goals
    })
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

type Loose = Omit<Goal, 'target'>

function balanceStage(tasks: readonly Loose[], members: readonly Candidate[], load: ReadonlyMap<Candidate, number>): readonly Goal[] {
  const counts = new Map(members.map((member) => [member, tasks.filter(({ owner }) => owner === member).length]))
  const quota = quotas(tasks.length, members, load, counts)
  const surplus = new Map(members.map((member) => [member, Math.max(0, (counts.get(member) ?? 0) - (quota.get(member) ?? 0))]))
  const open = new Map(members.map((member) => [member, Math.max(0, (quota.get(member) ?? 0) - (counts.get(member) ?? 0))]))
  const moves = new Map<Loose, Candidate>(matchWarm(tasks, surplus, open))
  for (const [{ owner }, target] of moves) {
    if (owner !== null) surplus.set(owner, (surplus.get(owner) ?? 0) - 1)
    open.set(target, (open.get(target) ?? 0) - 1)
  }
  const free = members.flatMap((member) => Array.from({ length: open.get(member) ?? 0 }, () => member))
  const leaving = new Set(tasks.filter((task) => task.owner === null && !moves.has(task)))
  // From the end, so that a task that was to move before goes on being the one.
  for (const task of tasks.toReversed()) {
    const left = task.owner === null ? 0 : (surplus.get(task.owner) ?? 0)
    if (task.owner === null || left === 0 || moves.has(task)) continue
    surplus.set(task.owner, left - 1)
    leaving.add(task)
  }
  const cold = tasks.filter((task) => leaving.has(task))
  cold.forEach((task, index) => {
    const member = free[index]
    if (member !== undefined) moves.set(task, member)
  })
  return tasks.flatMap((task) => {
    const target = moves.get(task) ?? task.owner
    return target === null ? [] : [{ ...task, target }]
  })
}

/** One more than the least goes to who has the lightest load; of those, who would have to give a task up otherwise. */
function quotas(
  partitions: number,
  members: readonly Candidate[],
  load: ReadonlyMap<Candidate, number>,
  counts: ReadonlyMap<Candidate, number>,
): Map<Candidate, number> {
  const least = Math.floor(partitions / members.length)
  const hasMore = (member: Candidate): number => ((counts.get(member) ?? 0) > least ? 0 : 1)
  const larger = members.toSorted((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0) || hasMore(a) - hasMore(b)).slice(0, partitions % members.length)
  return new Map(members.map((member) => [member, larger.includes(member) ? least + 1 : least]))
}
