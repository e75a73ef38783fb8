/**
 * Who keeps copies: the member that a task is to go to, until it is there; and of each task as many others as there shall be standbys, never its owner.
 * Standbys that are warm stay where they are, and nobody keeps more of them than its share as long as that is possible.
 */
import type { Candidate, CopyId, TaskId } from './members.ts'

export interface Placed {
  readonly id: TaskId
  /** Who works on it now. */
  readonly owner: Candidate
  /** Who shall. */
  readonly target: Candidate
  /** Who has a warm copy. */
  readonly holders: readonly Candidate[]
}

export function placeCopies(standbys: number, members: readonly Candidate[], tasks: readonly Placed[]): ReadonlyMap<Candidate, readonly CopyId[]> {
  const wanted = new Map(tasks.map((task) => [task, Math.min(standbys, members.filter((member) => mayKeep(task, member)).length)]))
  const all = [...wanted.values()].reduce((sum, count) => sum + count, 0)
  const places = new Places(members, Math.ceil(all / members.length))
  const lacks = (task: Placed): boolean => places.of(task).length < (wanted.get(task) ?? 0)
  for (const task of tasks) {
    for (const holder of task.holders) if (lacks(task) && mayKeep(task, holder) && places.hasRoom(holder)) places.add(task, holder)
  }
  for (const task of tasks) while (lacks(task)) places.place(task)
  return new Map(
    members.map((member) => [
      member,
      [
        ...tasks.filter((task) => task.target === member && task.owner !== member).map(({ id }) => ({ ...id, moves: true })),
        ...places.at(member).map(({ id }) => ({ ...id, moves: false })),
      ],
    ]),
  )
}

/** The next owner has its copy anyway, and could not keep it as a standby. */
function mayKeep({ owner, target }: Placed, member: Candidate): boolean {
  return member !== owner && member !== target
}

class Places {
  readonly #members: readonly Candidate[]
  readonly #share: number
  readonly #at: ReadonlyMap<Candidate, Set<Placed>>
  readonly #of = new Map<Placed, readonly Candidate[]>()

  constructor(members: readonly Candidate[], share: number) {
    this.#members = members
    this.#share = share
    this.#at = new Map(members.map((member) => [member, new Set()]))
  }

  of(task: Placed): readonly Candidate[] {
    return this.#of.get(task) ?? []
  }

  at(member: Candidate): readonly Placed[] {
    return [...(this.#at.get(member) ?? [])]
  }

  hasRoom(member: Candidate): boolean {
    return this.at(member).length < this.#share
  }

  add(task: Placed, member: Candidate): void {
    this.#at.get(member)?.add(task)
    this.#of.set(task, [...this.of(task), member])
  }

  /** Where the fewest are; when that is more than a share, another copy makes room if it can. */
  place(task: Placed): void {
    const byLoad = this.#members.filter((member) => this.#isFree(task, member)).toSorted((a, b) => this.at(a).length - this.at(b).length)
    const [least] = byLoad
    if (least === undefined) return
    const member = this.hasRoom(least) ? least : (byLoad.find((full) => this.#makeRoom(full)) ?? least)
    this.add(task, member)
  }

  #isFree(task: Placed, member: Candidate): boolean {
    return mayKeep(task, member) && !this.of(task).includes(member)
  }

  #makeRoom(full: Candidate): boolean {
    for (const task of this.at(full).toReversed()) {
      const elsewhere = this.#members.find((member) => this.hasRoom(member) && this.#isFree(task, member))
      if (elsewhere === undefined) continue
      this.#at.get(full)?.delete(task)
      this.#of.set(
        task,
        this.of(task).filter((member) => member !== full),
      )
      this.add(task, elsewhere)
      return true
    }
    return false
  }
}
