import { BoundedWatermark } from '../../time/watermark.ts'
import type { ChainContext, Push } from '../chain.ts'
import type { StageTime } from './stage-time.ts'

/**
 * Gives records the time at which they are worked on. Nothing is late by it: time never goes back, so when the clock does, or that of another machine is
 * behind, it stands still until the clock has come here.
 */
export class ProcessingTime implements StageTime {
  readonly watermark = new BoundedWatermark(0)
  readonly byClock = true
  /** Of the record in work. */
  #now = -Infinity
  readonly #clock: () => number

  constructor(clock: () => number) {
    this.#clock = clock
  }

  transform({ record }: ChainContext, next: Push): Push {
    return (value) => {
      record.timestamp = this.#now
      next(value)
    }
  }

  begin(): void {
    this.#now = Math.max(Math.floor(this.#clock()), this.watermark.maxTimestamp)
  }

  apply(): boolean {
    return this.watermark.advance(this.#now)
  }

  tick(now: number): boolean {
    return this.watermark.advance(Math.floor(now))
  }
}
