/**
 * Which of the tasks that have to move go to a member that is warm for them: as many as possible, those without an owner first. A maximum flow, from the
 * members with too many tasks (and each task without an owner) through tasks to warm members with room, found by augmenting paths.
 */
import type { Candidate } from './members.ts'

interface Movable {
  readonly owner: Candidate | null
  readonly holders: readonly Candidate[]
}

/** `surplus`: how many tasks a member has to give up; `open`: for how many it has room. */
export function matchWarm<T extends Movable>(
  tasks: readonly T[],
  surplus: ReadonlyMap<Candidate, number>,
  open: ReadonlyMap<Candidate, number>,
): ReadonlyMap<T, Candidate> {
  const matched = new Map<T, Candidate>()
  const movable = tasks.filter(({ holders }) => holders.some((holder) => (open.get(holder) ?? 0) > 0))
  for (const task of movable) if (task.owner === null) new Path(movable, open, matched).fromTask(task)
  for (const [owner, count] of surplus) {
    for (let left = count; left > 0; left--) if (!new Path(movable, open, matched).fromOwner(owner)) break
  }
  return matched
}

/** The search for one more match. What was matched before may be matched otherwise, never less. */
class Path<T extends Movable> {
  readonly #tasks: readonly T[]
  readonly #open: ReadonlyMap<Candidate, number>
  readonly #matched: Map<T, Candidate>
  readonly #seen = new Set<T | Candidate>()

  constructor(tasks: readonly T[], open: ReadonlyMap<Candidate, number>, matched: Map<T, Candidate>) {
    this.#tasks = tasks
    this.#open = open
    this.#matched = matched
  }

  /** One more task of this owner. */
  fromOwner(owner: Candidate): boolean {
    return this.#tasks.some((task) => task.owner === owner && !this.#matched.has(task) && this.fromTask(task))
  }

  /** This task, to any of its holders. */
  fromTask(task: T): boolean {
    if (this.#seen.has(task)) return false
    this.#seen.add(task)
    return task.holders.some((holder) => this.#into(holder, task))
  }

  #into(holder: Candidate, task: T): boolean {
    if (this.#seen.has(holder)) return false
    this.#seen.add(holder)
    const there = [...this.#matched].flatMap(([other, at]) => (at === holder ? [other] : []))
    if (there.length >= (this.#open.get(holder) ?? 0) && !there.some((other) => this.#away(other))) return false
    this.#matched.set(task, holder)
    return true
  }

  /** To another holder, or back to its owner, who gives up another task in its place. */
  #away(task: T): boolean {
    if (this.fromTask(task)) return true
    if (task.owner === null || !this.fromOwner(task.owner)) return false
    this.#matched.delete(task)
    return true
  }
}
