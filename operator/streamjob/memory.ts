import type { PlanResult } from '../../runtime/protocol.ts'
import type { Release } from '../resources/release.ts'
import type { Finding } from './status/finding.ts'

/** What the operator remembers between visits to save work. It may forget all of it at any time. */
export class Memory {
  readonly #jobs = new Map<string, JobMemory>()

  /** Of the job with this uid. */
  of(uid: string): JobMemory {
    const known = this.#jobs.get(uid)
    if (known !== undefined) return known
    const fresh: JobMemory = {
      ensured: new Map(),
      releases: new Map(),
      planning: null,
      planned: null,
      unplanned: null,
      accepted: null,
      cleanedFor: null,
      going: new Map(),
    }
    this.#jobs.set(uid, fresh)
    return fresh
  }

  forget(uid: string): void {
    this.#jobs.delete(uid)
  }
}

export interface JobMemory {
  /** Objects that were seen as they should be: `kind/name` -> content hash and when, on the monotonic clock. */
  readonly ensured: Map<string, { readonly hash: string; readonly at: number }>
  /** Releases that were read from their ConfigMaps, which are immutable, by hash. */
  readonly releases: Map<string, Release>
  /** The planning pod that was last seen running, by uid: when that was first seen, on the monotonic clock. */
  planning: { readonly uid: string; readonly since: number } | null
  /** The newest answer of planning and the release hash that it is about. */
  planned: { readonly hash: string; readonly result: PlanResult; readonly image: string } | null
  /** How planning failed the last time, how often in a row, and when, on the monotonic clock, it may be tried again. */
  unplanned: { readonly hash: string; readonly finding: Finding; readonly failures: number; readonly notBefore: number } | null
  /** The release whose pods the API server would take. */
  accepted: string | null
  /** The release behind which old ones have been removed. */
  cleanedFor: string | null
  /** Workers that are being deleted, by uid: when that was first seen, on the monotonic clock. */
  going: ReadonlyMap<string, number>
}
