/** Whether anything is to be expected of a partition: what a watermark that waits for it goes by. */

export const activities = ['active', 'idle', 'stalled'] as const

/**
 * `active`: it has records, or may have some any moment. `idle`: it is read to its end, and nothing new has come for the idle timeout. `stalled`: nobody knows
 * what it has: there is no answer, or we have stopped asking. Nobody need wait for an idle one; a stalled one is waited for like an active one.
 */
export type Activity = (typeof activities)[number]

/** A partition at one moment. Times are monotonic milliseconds of one clock. */
export interface PartitionSight {
  /** Next offset to be worked on. */
  readonly position: number
  /** As of the newest answer; undefined before the first. */
  readonly ends: PartitionAnswer | undefined
  /** Whether it is left unread on purpose. */
  readonly paused: boolean
}

export interface PartitionAnswer {
  /** Behind the newest record, also one of an open transaction. */
  readonly highWatermark: number
  /** Behind the newest record that is committed or aborted. */
  readonly lastStableOffset: number
  /** Next offset to ask for: what lies before it is here. */
  readonly fetchOffset: number
  /** When it was asked for: it tells of then or later, also where it lay unread in a process that was held up. */
  readonly askedAt: number
  /** When the answer was taken in. */
  readonly answeredAt: number
}

/**
 * Follows one partition. That it is quiet is proved by offsets, not by the absence of news: it is idle when an answer that was asked for an idle timeout after
 * another one came shows the same end, and the position is there. So a broker that does not answer makes nobody idle, nor does work that piles up here, nor an
 * answer that lay unread; a transaction that is open at the end is not quiet, for what it holds may be committed. After a silence the timeout begins anew:
 * whoever writes to the partition could not reach it either.
 *
 *     answers         e=5  e=5  e=5  e=6   e=6            e=6   e=6
 *     position         3    5    5    5     6              6     6        timeout 2
 *     activity        active    .   idle active  stalled  active .  idle
 */
export class PartitionActivity {
  readonly #idleTimeoutMs: number
  #state: Activity = 'active'
  #since: number | null = null
  /** Of the first answer that showed the present end, with everything before it worked on; null: it is not quiet. */
  #quiet: { readonly position: number; readonly since: number } | null = null

  /** Since when the first answer is waited for; null: it is there. */
  #waitingSince: number | null = null

  constructor(idleTimeoutMs: number) {
    this.#idleTimeoutMs = idleTimeoutMs
  }

  get state(): Activity {
    return this.#state
  }

  /** Since when it is seen to be that, epoch ms; null before it was first looked at. */
  get since(): number | null {
    return this.#since
  }

  /** Looks at the partition; to be called often, and before anything is made of `state`. `clock`: epoch ms. */
  observe(sight: PartitionSight, now: number, clock: number): Activity {
    this.#since ??= clock
    const state = this.#judge(sight, now)
    if (state !== this.#state) {
      this.#state = state
      this.#since = clock
    }
    return state
  }

  #judge({ position, ends, paused }: PartitionSight, now: number): Activity {
    // Nothing is asked for while enough is here.
    const hasWork = ends !== undefined && position < ends.fetchOffset
    if (paused || (now - this.#heardAt(ends, now) >= silenceMs && !hasWork)) {
      this.#quiet = null
      return 'stalled'
    }
    if (ends === undefined || position < ends.highWatermark || ends.lastStableOffset < ends.highWatermark) {
      this.#quiet = null
      return 'active'
    }
    if (this.#quiet?.position !== position) this.#quiet = { position, since: ends.answeredAt }
    return ends.askedAt - this.#quiet.since >= this.#idleTimeoutMs ? 'idle' : 'active'
  }

  #heardAt(ends: PartitionAnswer | undefined, now: number): number {
    if (ends === undefined) return (this.#waitingSince ??= now)
    this.#waitingSince = null
    return ends.answeredAt
  }
}

/** How long a partition may be without an answer before nobody knows what it has. They come four times a second. */
const silenceMs = 10_000
