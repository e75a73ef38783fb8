/**
 * Who works on what: a pure function, run by the leader of the group at each rebalance, and by the operator to explain it.
 * Per stage the counts of two members differ by at most one, in total too; a task stays with its owner whenever that allows it.
 */

export interface TaskId {
  readonly stage: string
  readonly partition: number
}

/** A member of the group as it described itself when it joined. */
export interface Candidate {
  readonly instanceId: string
  readonly ordinal: number
  readonly epoch: number
  /** Tasks whose state it holds, as `taskName` gives them. */
  readonly owned: readonly string[]
}

export interface AssignmentOrder {
  readonly epoch: number
  readonly parallelism: number
  readonly stages: readonly { readonly name: string; readonly partitions: number }[]
}

export function taskName(task: TaskId): string {
  return `${task.stage}/${task.partition}`
}

/**
 * Instance id -> its tasks; every candidate has an entry. Members of an older epoch and ordinals beyond the parallelism get nothing. When a member knows a
 * newer epoch than the order, nobody gets anything: the leader is behind and will ask for another round when it has read the newer record.
 */
export function assignTasks(order: AssignmentOrder, candidates: readonly Candidate[]): ReadonlyMap<string, readonly TaskId[]> {
  const assigned = new Map<string, TaskId[]>(candidates.map((candidate) => [candidate.instanceId, []]))
  if (candidates.some((candidate) => candidate.epoch > order.epoch)) return assigned
  const members = candidates
    .filter((candidate) => candidate.epoch === order.epoch && candidate.ordinal < order.parallelism)
    .toSorted((a, b) => a.ordinal - b.ordinal || compareText(a.instanceId, b.instanceId))
  if (members.length === 0) return assigned
  for (const stage of order.stages.toSorted((a, b) => compareText(a.name, b.name))) assignStage(stage.name, stage.partitions, members, assigned)
  return assigned
}

function assignStage(stage: string, partitions: number, members: readonly Candidate[], assigned: Map<string, TaskId[]>): void {
  const owners = currentOwners(stage, partitions, members)
  const ownedCount = (member: Candidate): number => owners.filter((owner) => owner === member).length
  const load = (member: Candidate): number => assigned.get(member.instanceId)?.length ?? 0
  const least = Math.floor(partitions / members.length)
  const larger = members
    .map((member) => ({ member, load: load(member), owned: ownedCount(member) }))
    .toSorted((a, b) => a.load - b.load || b.owned - a.owned || a.member.ordinal - b.member.ordinal)
    .slice(0, partitions % members.length)
  const quota = new Map(members.map((member) => [member, least]))
  for (const { member } of larger) quota.set(member, least + 1)

  const orphans: number[] = []
  const give = (member: Candidate, partition: number): void => {
    assigned.get(member.instanceId)?.push({ stage, partition })
    quota.set(member, (quota.get(member) ?? 0) - 1)
  }
  owners.forEach((owner, partition) => {
    if (owner !== null && (quota.get(owner) ?? 0) > 0) give(owner, partition)
    else orphans.push(partition)
  })
  const open = members.flatMap((member) => Array.from({ length: quota.get(member) ?? 0 }, () => member))
  orphans.forEach((partition, index) => {
    const member = open[index]
    if (member !== undefined) give(member, partition)
  })
}

/** The owner of each partition; of several claims the lowest ordinal's counts. */
function currentOwners(stage: string, partitions: number, members: readonly Candidate[]): readonly (Candidate | null)[] {
  const owners = Array.from({ length: partitions }, (): Candidate | null => null)
  for (const member of members) {
    const owned = new Set(member.owned)
    for (let partition = 0; partition < partitions; partition++) {
      if (owners[partition] === null && owned.has(taskName({ stage, partition }))) owners[partition] = member
    }
  }
  return owners
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
