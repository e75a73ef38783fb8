import type { BoundedWatermark } from '../../time/watermark.ts'

/**
 * The clock of a stage: what gives its records their time, and how far that has come. Values of one record are judged by the watermark before it, and
 * `apply` raises it behind the record.
 */
export interface StageTime {
  readonly watermark: BoundedWatermark
  /** Time goes on without records: `tick` brings it on. */
  readonly byClock: boolean
  /** The next record begins. */
  begin(): void
  /** The record went through. Tells whether the watermark rose. */
  apply(): boolean
  /** The clock of the machine has come here, epoch ms. Tells whether the watermark rose. */
  tick(now: number): boolean
}
