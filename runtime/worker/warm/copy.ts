/** One warm copy: how far it is, and whether that is near enough to the end. */
import type { BlockFetcher } from '../../kafka/client.ts'
import { taskName } from '../assignment.ts'
import type { CopyId, TaskId } from '../assignment.ts'
import type { TaskImage } from '../tasks/image.ts'
import type { History } from './history.ts'

/** What a worker says of a copy; offsets are those of the changelog. */
export interface CopyStatus {
  readonly stage: string
  readonly partition: number
  /** Next to read. */
  readonly next: string | null
  /** Records up to the end, open transactions included; null: not known yet. */
  readonly lag: string | null
  readonly warm: boolean
}

/** How many records a copy may be behind: what is read in a fraction of a second while the task moves. */
const warmRecords = 10_000
/** A warm copy stays one until it is so many times further behind: a burst is no reason to begin a move anew. */
const slack = 10

export class WarmCopy {
  readonly id: TaskId
  readonly name: string
  readonly history: History
  /** Whether the task is to come here. */
  moves: boolean
  /** Since it was last warm. */
  failures = 0
  /** When it may be begun, monotonic ms. */
  beginAt = 0
  #image: TaskImage | null = null
  #warm = false
  #highWatermark: number | null = null

  constructor({ stage, partition, moves }: CopyId, history: History) {
    this.id = { stage, partition }
    this.name = taskName(this.id)
    this.moves = moves
    this.history = history
  }

  /** Null: it is not begun, or has failed. */
  get image(): TaskImage | null {
    return this.#image
  }

  get warm(): boolean {
    return this.#warm
  }

  /** Whether there is nothing to wait for: it is warm, or may never be. */
  get settled(): boolean {
    return this.#warm || this.failures > 0
  }

  get status(): CopyStatus {
    const next = this.#image?.next ?? null
    const lag = next === null || this.#highWatermark === null ? null : String(Math.max(0, this.#highWatermark - next))
    return { ...this.id, next: next === null ? null : String(next), lag, warm: this.#warm }
  }

  begin(image: TaskImage): void {
    this.#image = image
  }

  /** Throws its state away. */
  fail(beginAt: number): void {
    this.failures += 1
    this.beginAt = beginAt
    this.#image = null
    this.#warm = false
    this.#highWatermark = null
  }

  /** To be called when something was read, or nothing came. */
  measure(ends: ReturnType<BlockFetcher['ends']>): void {
    if (ends === undefined || this.#image === null) return
    this.#highWatermark = ends.highWatermark
    this.#warm = ends.lastStableOffset - this.#image.next <= (this.#warm ? slack * warmRecords : warmRecords)
    if (this.#warm) this.failures = 0
  }
}
