/**
 * Watermark of an input whose records are out of order by a bounded time. A watermark w promises that no record with timestamp <= w will follow, so
 * after a record with timestamp 100 and a bound of 10 the watermark is 89: one with timestamp 90 may still come.
 */
export class BoundedWatermark {
  readonly outOfOrdernessMs: number
  /** Largest accepted timestamp, epoch ms; -Infinity before the first. */
  maxTimestamp = -Infinity
  /** -Infinity before the first record. Never goes back, except by `restore`. */
  current = -Infinity

  constructor(outOfOrdernessMs: number) {
    this.outOfOrdernessMs = outOfOrdernessMs
  }

  /** Takes note of an accepted record. Tells whether the watermark rose. */
  advance(timestamp: number): boolean {
    if (timestamp <= this.maxTimestamp) return false
    this.maxTimestamp = timestamp
    this.current = watermarkAfter(timestamp, this.outOfOrdernessMs)
    return true
  }

  /** Goes to where it was when the largest accepted timestamp was this; null: before the first record. */
  restore(maxTimestamp: number | null): void {
    this.maxTimestamp = maxTimestamp ?? -Infinity
    this.current = watermarkAfter(this.maxTimestamp, this.outOfOrdernessMs)
  }
}

function watermarkAfter(maxTimestamp: number, outOfOrdernessMs: number): number {
  return maxTimestamp - outOfOrdernessMs - 1
}
