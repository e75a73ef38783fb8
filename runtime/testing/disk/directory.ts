import type { Random } from '../time/random.ts'
import type { Inode } from './inode.ts'

/** One step that is made as a whole: a name that goes, a name that comes, or both. */
interface Change {
  readonly gone: string | null
  readonly came: { readonly name: string; readonly inode: Inode } | null
}

/** The names of one directory: as processes see them, and as a loss of power may leave them. */
export class Directory {
  readonly #names = new Map<string, Inode>()
  readonly #safe = new Map<string, Inode>()
  readonly #changes: Change[] = []
  /** Whether it was removed. It may come back with a loss of power. */
  removed = false

  get names(): ReadonlyMap<string, Inode> {
    return this.#names
  }

  add(name: string, inode: Inode): void {
    this.#change({ gone: null, came: { name, inode } })
  }

  /** False: there is none of that name. */
  rename(from: string, to: string): boolean {
    const inode = this.#names.get(from)
    if (inode !== undefined) this.#change({ gone: from, came: { name: to, inode } })
    return inode !== undefined
  }

  remove(name: string): void {
    if (this.#names.has(name)) this.#change({ gone: name, came: null })
  }

  sync(): void {
    for (const change of this.#changes) apply(this.#safe, change)
    this.#changes.length = 0
  }

  /** Each change since the last sync has happened, or not. */
  cutPower(random: Random): void {
    const share = random.pick([0, 0.5, 1])
    for (const change of this.#changes) if (random.chance(share)) apply(this.#safe, change)
    this.#changes.length = 0
    this.#names.clear()
    for (const [name, inode] of this.#safe) this.#names.set(name, inode)
    if (this.#names.size > 0) this.removed = false
  }

  #change(change: Change): void {
    apply(this.#names, change)
    this.#changes.push(change)
  }
}

function apply(names: Map<string, Inode>, { gone, came }: Change): void {
  if (gone !== null) names.delete(gone)
  if (came !== null) names.set(came.name, came.inode)
}
