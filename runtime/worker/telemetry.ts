/** What a worker counts about itself, beside the counters of its stages. Plain numbers; control/metrics.ts gives them names. */

export interface Telemetry {
  commits: number
  rewinds: number
  joins: number
  restores: number
  /** Tasks that were restored from a local snapshot and the end of their changelog. */
  snapshotRestores: number
  /** Tasks that were restored from a warm copy and the end of their changelog. */
  warmRestores: number
  /** Time from the end of a cycle to the start of the next, milliseconds. */
  pausedMs: number
  /** Times that a local snapshot could not be used or written. */
  snapshotFailures: number
  /** Written to local snapshots. */
  snapshotBytes: number
  /** Rows of changelogs that were read to restore tasks. */
  restoredRows: number
  /** Time spent processing, milliseconds. */
  busyMs: number
  /** Called after each commit that counted, with its duration in seconds. */
  committed(seconds: number): void
}

export function createTelemetry(observeCommit: (seconds: number) => void): Telemetry {
  return {
    commits: 0,
    rewinds: 0,
    joins: 0,
    restores: 0,
    snapshotRestores: 0,
    warmRestores: 0,
    pausedMs: 0,
    snapshotFailures: 0,
    snapshotBytes: 0,
    restoredRows: 0,
    busyMs: 0,
    committed(seconds) {
      this.commits += 1
      observeCommit(seconds)
    },
  }
}
