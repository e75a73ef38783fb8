/** What a worker knows of the partitions of its job that go along with each other, wherever they are worked on. */
import type { JobRecord } from '../../protocol.ts'
import { furthestBehind } from '../../time/alignment.ts'
import type { Progress } from '../../time/alignment.ts'
import { taskName } from '../assignment.ts'

export interface Sighting extends Progress {
  readonly task: string
  /** When it was heard of; of one that never was, when that began to be waited for. Monotonic ms. */
  readonly seenAt: number
}

/**
 * Kept by partition, not by worker: one whose worker has died is as far as it was, and holds the others until somebody else has taken it over and tells. It
 * holds them for as long as `patienceMs` without any word, in case that nobody can tell.
 */
export class Sightings {
  readonly #patienceMs: number
  #lineage: number | null = null
  #all = new Map<string, Sighting>()

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /** Which partitions there are. Positions of another lineage say nothing. */
  expect({ lineage, stages }: Pick<JobRecord, 'lineage' | 'stages'>, aligned: (stage: string) => boolean, now: number): void {
    const before = lineage === this.#lineage ? this.#all : new Map<string, Sighting>()
    this.#lineage = lineage
    this.#all = new Map()
    for (const { name: stage, partitions } of stages) {
      if (!aligned(stage)) continue
      for (let partition = 0; partition < partitions; partition++) {
        const task = taskName({ stage, partition })
        this.#all.set(task, before.get(task) ?? { task, watermark: -Infinity, idle: false, seenAt: now })
      }
    }
  }

  /** The newest word counts, also one that goes back: a task that was rewound or moved is where it says. */
  see(task: string, watermark: number, idle: boolean, now: number): void {
    if (this.#all.has(task)) this.#all.set(task, { task, watermark, idle, seenAt: now })
  }

  /** A task is being restored, and is where it was. False: it is none of those that go along with each other. */
  keep(task: string, now: number): boolean {
    const known = this.#all.get(task)
    if (known !== undefined) this.#all.set(task, { ...known, seenAt: now })
    return known !== undefined
  }

  /** Of all but those that are `own`; null: nobody is to be waited for. */
  furthestBehind(own: ReadonlySet<string>, now: number): Sighting | null {
    return furthestBehind(this.#others(own, now))
  }

  *#others(own: ReadonlySet<string>, now: number): Iterable<Sighting> {
    for (const one of this.#all.values()) if (!own.has(one.task) && now - one.seenAt <= this.#patienceMs) yield one
  }
}
