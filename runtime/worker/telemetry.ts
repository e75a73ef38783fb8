/** What a worker counts about itself, beside the counters of its stages. Plain numbers; control/metrics.ts gives them names. */

export interface Telemetry {
  commits: number
  rewinds: number
  joins: number
  restores: number
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
    busyMs: 0,
    committed(seconds) {
      this.commits += 1
      observeCommit(seconds)
    },
  }
}
